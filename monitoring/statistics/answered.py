"""A sketch of rows that a model answered: features, scores, decisions, labels where known, and what decisions rest on.

Beside the columns, the document holds ``reliability`` (scores beside labels, see there) and ``attributions``: sketches
of each feature's share of a row's attribution, |a| / sum of |a| over all features, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics import reliability
from monitoring.statistics.attributions import OWN_COLUMNS
from monitoring.statistics.columns import numbers
from monitoring.statistics.predictions import GROUP
from monitoring.statistics.sketch import WATCHED, columns_of, sketch_table
from monitoring.statistics.tasks import BINARY, task_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def sketch_answers(
    table: Any,
    schema: Mapping[str, Any],
    scores: Sequence[float | None],
    threshold: float,
    *,
    attributions: Any = None,
    lenient: bool = False,
) -> dict[str, Any]:
    """Return the sketch of rows (a pyarrow.Table, with the schema's target where outcomes are known) and their scores.

    ``prediction`` is score >= threshold. Raises a ColumnError as ``sketch_table`` does.
    """
    import numpy as np
    import pyarrow as pa

    features = {one["name"] for one in schema["features"]}
    answered = table.drop_columns([name for name in WATCHED if name in table.column_names and name not in features])
    given = pa.array(scores, pa.float64())
    decided = [None if score is None else int(score >= threshold) for score in given.to_pylist()]
    labels = _labels(table, schema)
    for name, values in (("score", given), ("prediction", decided), ("label", labels)):
        if values is not None and name not in features:
            answered = answered.append_column(name, pa.array(values))
    found = sketch_table(answered, columns_of(schema, answered), lenient=lenient)
    found["reliability"] = reliability.count(
        np.asarray(given.to_numpy(zero_copy_only=False), dtype=np.float64),
        np.array([one or 0 for one in decided], dtype=np.int64),
        None if labels is None else np.array(labels, dtype=np.int64),
    )
    if attributions is not None and attributions.num_rows:
        found["attributions"] = _shares(attributions)
    return found


def _labels(table: Any, schema: Mapping[str, Any]) -> list[int] | None:
    """Return 1 for the positive label and 0 for others; None unless all are known and are of two classes."""
    if schema["target"] not in table.column_names or task_of(schema) != BINARY:
        return None
    target = table.column(schema["target"])
    return None if target.null_count else [int(str(value) == schema["positive"]) for value in target.to_pylist()]


def _shares(attributions: Any) -> list[dict[str, Any]]:
    """Return the sketches of every feature's share of a row's attribution; a row without any has no shares."""
    import numpy as np
    import pyarrow as pa

    held = [name for name in attributions.column_names if name not in OWN_COLUMNS and not name.startswith(GROUP)]
    values: NDArray[np.float64] = np.abs(np.column_stack([numbers(attributions, name) for name in held]))
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0)
    table = pa.table({name: shares[:, place] for place, name in enumerate(held)})
    columns: list[dict[str, Any]] = sketch_table(table, dict.fromkeys(held, "numeric"))["columns"]
    return columns
