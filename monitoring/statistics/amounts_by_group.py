"""Predicted amounts as what groups are compared by: the amounts are the scores, and targets and errors lie beside them;
and one of several classes as one of two: favourable or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import coded
from monitoring.statistics.performance.answers import SCORE, read_amounts, read_classes
from monitoring.statistics.predictions import CONTROL, GROUP, Predictions
from monitoring.statistics.scores import Scored, count_values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_as_scores(table: Any) -> tuple[Predictions, NDArray[np.float64]]:
    """Return amounts as scores of rows that no decision was made on, and the targets; raises ColumnError."""
    import numpy as np

    found = read_amounts(table)
    named = [name for name in table.column_names if name.startswith((GROUP, CONTROL))]
    groups = {name.removeprefix(GROUP): coded(table, name) for name in named}
    nothing = np.zeros(len(found), dtype=np.int64)
    above = (found.predictions > np.median(found.predictions)).astype(np.int64)
    return Predictions(found.rows, nothing, above, found.predictions, "", groups), found.labels


def count_amounts(found: Predictions, target: NDArray[np.float64], attributes: Sequence[str]) -> Scored:
    """Return predictions, targets and errors by group."""
    import numpy as np

    predicted = np.asarray(found.scores)
    error = predicted - target
    others = {"target_mean": target, "error_mean": error, "absolute_error_mean": np.abs(error)}
    named = {name: (lambda _found, values=values: values) for name, values in others.items()}
    return count_values([found], attributes, float(np.median(predicted)), named)


def favourable_or_not(table: Any, favourable: Sequence[str]) -> Any:
    """Return predictions of several classes as those of two: 1 for a favourable class; the score is the sum of these
    classes' probabilities, where there are any. Raises ColumnError.
    """
    import numpy as np
    import pyarrow as pa

    found = read_classes(table)
    wanted = np.array([name in favourable for name in found.names])
    kept = [
        name
        for name in table.column_names
        if not name.startswith(SCORE) and name not in {"label", "prediction", "score"}
    ]
    columns = {name: table.column(name) for name in kept}
    columns |= {"label": pa.array(wanted[found.labels]), "prediction": pa.array(wanted[found.predictions])}
    if found.scores is not None:
        columns["score"] = pa.array(np.clip(found.scores[:, wanted].sum(axis=1), 0.0, 1.0))
    return pa.table(columns)
