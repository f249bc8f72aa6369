"""Read a predictions table, refusing every form of it that would give a number which is wrong but looks right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import Coded, ColumnError, coded, column, numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUP = "group:"
CONTROL = "control:"


class PredictionsError(ColumnError):
    """A predictions table that cannot be measured."""

    code = "predictions_refused"


class EmptyPredictionsError(PredictionsError):
    """A predictions table without rows."""

    code = "predictions_empty"


class MissingValueError(PredictionsError):
    """A label or prediction is missing."""

    code = "predictions_missing_value"


class NotBinaryError(PredictionsError):
    """Labels or predictions other than 0 and 1."""

    code = "predictions_not_binary"


class ProbabilitiesError(PredictionsError):
    """Probabilities handed in where decisions are expected."""

    code = "predictions_are_probabilities"


class RepeatedRowError(PredictionsError):
    """The same evaluation row is predicted more than once."""

    code = "predictions_repeated_row"


@dataclass(frozen=True, slots=True)
class Predictions:
    """Rows by number, with 0/1 labels and predictions, scores (or why there are none), and groups by attribute.

    A control feature is among the groups under its column's name, "control:department".
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    no_scores: str
    groups: dict[str, Coded]

    def __len__(self) -> int:
        """Return the count of rows."""
        return len(self.rows)


def read_predictions(table: Any) -> Predictions:
    """Return the validated predictions; raises a ColumnError naming the column and the value."""
    if table.num_rows == 0:
        raise EmptyPredictionsError("The predictions table has no rows; there is nothing to measure.")
    labels, predictions = _binary(table, "label"), _binary(table, "prediction")
    scores, reason = read_scores(table)
    named = [name for name in table.column_names if name.startswith((GROUP, CONTROL))]
    groups = {name.removeprefix(GROUP): coded(table, name) for name in named}
    return Predictions(row_numbers(table), labels, predictions, scores, reason, groups)


def row_numbers(table: Any) -> NDArray[np.int64]:
    """Return the rows' numbers; raises MissingValueError or RepeatedRowError."""
    import numpy as np

    rows = _whole(table, "row")
    if rows is None:
        values = numbers(table, "row")
        if np.isnan(values).any():
            missing = int(np.isnan(values).sum())
            raise MissingValueError(f"Column 'row' lacks {missing} of {len(values)} row numbers.")
        rows = values.astype(np.int64)
    repeated = 0 if (rows[1:] > rows[:-1]).all() else len(rows) - len(np.unique(rows))
    if repeated:
        raise RepeatedRowError(f"Column 'row' repeats {repeated} of {len(rows)} row numbers; each row may count once.")
    return rows


def _whole(table: Any, name: str) -> NDArray[np.int64] | None:
    """Return a column of whole numbers without gaps, at no cost; None for any other column."""
    import numpy as np
    import pyarrow.types as kinds

    found = column(table, name)
    if found.null_count or not (kinds.is_integer(found.type) or kinds.is_boolean(found.type)):
        return None
    return np.asarray(found.to_numpy(zero_copy_only=False)).astype(np.int64)


def _binary(table: Any, name: str) -> NDArray[np.int64]:
    import numpy as np
    import pyarrow.types as kinds

    found = column(table, name)
    if kinds.is_string(found.type) or kinds.is_large_string(found.type) or kinds.is_dictionary(found.type):
        raise NotBinaryError(f"Column {name!r} holds {found.type}; it must hold the numbers 0 and 1.")
    whole = _whole(table, name)
    if whole is not None and not (whole >> 1).any():
        return whole
    values = numbers(table, name)
    missing = int(np.isnan(values).sum())
    if missing:
        raise MissingValueError(f"Column {name!r} lacks {missing} of {len(values)} values; every row needs one.")
    strange = values[(values != 0) & (values != 1)]
    if not strange.size:
        return values.astype(np.int64)
    if name == "prediction" and values.min() >= 0 and values.max() <= 1:
        raise ProbabilitiesError(
            f"Column 'prediction' holds {strange.size} values strictly between 0 and 1: these are probabilities. "
            "Apply the decision threshold and hand the probabilities in as 'score'."
        )
    raise NotBinaryError(
        f"Column {name!r} holds {strange.size} values that are neither 0 nor 1, such as {strange[0]:g}."
    )


def read_scores(table: Any) -> tuple[NDArray[np.float64] | None, str]:
    """Return the scores, or None and a sentence that says why there are none."""
    import numpy as np

    if "score" not in table.column_names:
        return None, "The predictions have no column 'score'."
    values = numbers(table, "score")
    missing = int(np.isnan(values).sum())
    if missing:
        return None, f"Scores are missing for {missing} of {len(values)} rows."
    return values, ""
