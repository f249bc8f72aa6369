"""What a check needs to know of a model under wrong input: its answers to changed copies of evaluation rows."""

import tempfile
from pathlib import Path
from typing import Any

from governance.promotion.needs.tables import NOTHING_TO_CHANGE, no_answer, perturbed_table, unanswered_table
from governance.promotion.subject import Subject
from monitoring.statistics.perturbing import NOISE, Perturbed, perturb
from monitoring.statistics.ranges import RangeError, declared_ranges
from registry.artifacts import keep_table, read_table
from registry.backends.base import BackendError
from registry.checks import Need
from registry.infer import answer_file, infer_version
from registry.models import VersionKind


class SchemaRangeError(BackendError):
    """The schema of the evaluation rows declares ranges that cannot be read."""


def perturbed(subject: Subject, need: Need, progress: Any) -> str | None:
    """Return the answers to rows with one kind of mistake (the need's role, with the noise's scale behind it); a table
    that says why where the model failed. The changed rows themselves are not kept. None for a version without a model.
    """
    version, evaluation = subject.version, subject.evaluation
    if version.kind != VersionKind.TREE:
        return None
    kind, _, scale = need.role.partition(" ")
    source = read_table(str(evaluation.content_id))
    try:
        ranges = declared_ranges(evaluation.schema)
    except RangeError as error:
        raise SchemaRangeError(str(error), code=error.code) from error
    seed = int(str(evaluation.content_id)[:8], 16)
    made = perturb(source, version.features, ranges, kind, scale=float(scale) if kind == NOISE else 0.0, seed=seed)
    if made is None:
        return str(keep_table(unanswered_table(NOTHING_TO_CHANGE, applies=False)).pk)
    asked = infer_version(version, data_digest=evaluation.content_id, schema=evaluation.schema, progress=progress)
    base = read_table(str(asked.scores_id)).column("score").to_numpy()[made.rows]
    try:
        scores = _answers(subject, made, progress)
    except BackendError as error:
        if error.retriable:
            raise
        return str(keep_table(unanswered_table(no_answer(error), applies=True)).pk)
    return str(keep_table(perturbed_table(made, scores, base, subject.threshold)).pk)


def _answers(subject: Subject, made: Perturbed, progress: Any) -> Any:
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="probity-perturbed-") as folder:
        place = Path(folder) / "rows.parquet"
        pq.write_table(made.table, place)
        answer = answer_file(
            subject.version, place, schema=subject.evaluation.schema, want=("predictions",), progress=progress
        )
    return answer.to_numpy()
