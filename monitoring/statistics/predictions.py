"""Read a predictions table, refusing every form of it that would give a number which is wrong but looks right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import ColumnError, column, numbers, texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUP = "group:"


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
    """Rows by number, with 0/1 labels and predictions, scores (or why there are none), and a text per attribute."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    no_scores: str
    groups: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        """Return the count of rows."""
        return len(self.rows)


def read_predictions(table: Any) -> Predictions:
    """Return the validated predictions; raises a ColumnError naming the column and the value."""
    if table.num_rows == 0:
        raise EmptyPredictionsError("The predictions table has no rows; there is nothing to measure.")
    labels, predictions = _binary(table, "label"), _binary(table, "prediction")
    scores, reason = _scores(table)
    groups = {name.removeprefix(GROUP): texts(table, name) for name in table.column_names if name.startswith(GROUP)}
    return Predictions(_rows(table), labels, predictions, scores, reason, groups)


def _rows(table: Any) -> NDArray[np.int64]:
    import numpy as np

    values = numbers(table, "row")
    if np.isnan(values).any():
        raise MissingValueError(f"Column 'row' lacks {int(np.isnan(values).sum())} of {len(values)} row numbers.")
    rows = values.astype(np.int64)
    repeated = len(rows) - len(np.unique(rows))
    if repeated:
        raise RepeatedRowError(f"Column 'row' repeats {repeated} of {len(rows)} row numbers; each row may count once.")
    return rows


def _binary(table: Any, name: str) -> NDArray[np.int64]:
    import numpy as np
    import pyarrow.types as kinds

    found = column(table, name)
    if kinds.is_string(found.type) or kinds.is_large_string(found.type) or kinds.is_dictionary(found.type):
        raise NotBinaryError(f"Column {name!r} holds {found.type}; it must hold the numbers 0 and 1.")
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


def _scores(table: Any) -> tuple[NDArray[np.float64] | None, str]:
    import numpy as np

    if "score" not in table.column_names:
        return None, "The predictions have no column 'score'."
    values = numbers(table, "score")
    missing = int(np.isnan(values).sum())
    if missing:
        return None, f"Scores are missing for {missing} of {len(values)} rows."
    return values, ""
