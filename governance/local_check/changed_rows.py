"""A local model's answers to changed copies of the evaluation rows, as the check of robustness reads them."""

import hashlib
from collections.abc import Callable
from typing import Any

from governance.local_check.subject import Subject
from governance.promotion.needs.tables import NOTHING_TO_CHANGE, no_answer, perturbed_table, unanswered_table
from monitoring.statistics.perturbing import NOISE, perturb
from monitoring.statistics.ranges import RangeError, declared_ranges
from registry.backends.base import BackendError


def perturbed(subject: Subject, role: str, base: Any, answer: Callable[[Any], Any]) -> Any:
    """Return the table for one kind of mistake (the need's role, with the noise's scale behind it).

    ``base`` are the scores of the rows as they are; ``answer`` scores a table in the sandbox. Raises BackendError.
    """
    rows, (kind, _, scale) = subject.evaluation, role.partition(" ")
    try:
        ranges = declared_ranges(rows.schema)
    except RangeError as error:
        raise BackendError(str(error), code=error.code) from error
    content = hashlib.sha256(rows.parquet).hexdigest()
    spread = float(scale) if kind == NOISE else 0.0
    made = perturb(rows.table, subject.features, ranges, kind, scale=spread, seed=int(content[:8], 16))
    if made is None:
        return unanswered_table(NOTHING_TO_CHANGE, applies=False)
    try:
        scores = answer(made.table)
    except BackendError as error:
        return unanswered_table(no_answer(error), applies=True)
    return perturbed_table(made, scores, base[made.rows], float(subject.threshold))
