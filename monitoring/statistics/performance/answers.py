"""Read predictions of one of several classes, or of amounts, refusing what would give a wrong number.

``label`` and ``prediction`` hold the classes' names as text, or amounts as numbers; ``score:<class>`` columns, where
there are any, hold the probability of each class. Two classes are read by ``predictions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, ColumnError, coded, numbers
from monitoring.statistics.predictions import (
    EmptyPredictionsError,
    MissingValueError,
    PredictionsError,
    ProbabilitiesError,
    row_numbers,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORE = "score:"
MOST_CLASSES = 100
SUM_TOLERANCE = 1e-3


class TooManyClassesError(PredictionsError):
    """More classes than can be told apart: an amount or an identifier where a class is due."""

    code = "predictions_too_many_classes"


@dataclass(frozen=True, slots=True)
class Classes:
    """Rows by number, labels and predictions as places among the classes' names, and the probability of each class
    (rows x classes), or why there are none.
    """

    rows: NDArray[np.int64]
    names: tuple[str, ...]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    no_scores: str

    def __len__(self) -> int:
        """Return the count of rows."""
        return len(self.rows)

    def ordered(self, order: NDArray[np.int64]) -> Classes:
        """Return the same in another order of rows."""
        scores = None if self.scores is None else self.scores[order]
        taken = (self.rows[order], self.names, self.labels[order], self.predictions[order])
        return Classes(*taken, scores, self.no_scores)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Rows by number, with the target's and the predicted amounts."""

    rows: NDArray[np.int64]
    labels: NDArray[np.float64]
    predictions: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the count of rows."""
        return len(self.rows)

    def ordered(self, order: NDArray[np.int64]) -> Amounts:
        """Return the same in another order of rows."""
        return Amounts(self.rows[order], self.labels[order], self.predictions[order])


def _not_empty(table: Any) -> None:
    if table.num_rows == 0:
        raise EmptyPredictionsError("The predictions table has no rows; there is nothing to measure.")


def _none_missing(name: str, missing: int, rows: int) -> None:
    if missing:
        raise MissingValueError(f"Column {name!r} lacks {missing} of {rows} values; every row needs one.")


def read_amounts(table: Any) -> Amounts:
    """Return the validated amounts; raises a ColumnError naming the column and the value."""
    import numpy as np

    _not_empty(table)
    found = []
    for name in ("label", "prediction"):
        values = numbers(table, name)
        _none_missing(name, int(np.isnan(values).sum()), len(values))
        found.append(values)
    return Amounts(row_numbers(table), *found)


def read_classes(table: Any) -> Classes:
    """Return the validated classes; raises a ColumnError naming the column and the value."""
    import numpy as np

    _not_empty(table)
    label, prediction = _named(table, "label"), _named(table, "prediction")
    scored = {name.removeprefix(SCORE) for name in table.column_names if name.startswith(SCORE)}
    names = tuple(sorted({*label.names, *prediction.names, *scored}))
    if len(names) > MOST_CLASSES:
        raise TooManyClassesError(f"There are {len(names)} classes; at most {MOST_CLASSES} can be measured.")
    place = {name: index for index, name in enumerate(names)}
    labels, predictions = (
        np.array([place[name] for name in one.names], dtype=np.int64)[one.codes] for one in (label, prediction)
    )
    scores, reason = _scores(table, names)
    return Classes(row_numbers(table), names, labels, predictions, scores, reason)


def _named(table: Any, name: str) -> Any:
    import pyarrow.types as kinds

    found = coded(table, name)
    if kinds.is_floating(table.schema.field(name).type) and any("." in text for text in found.names):
        raise ProbabilitiesError(f"Column {name!r} holds fractions where the names of classes are due.")
    if MISSING in found.names:
        _none_missing(name, int((found.codes == found.names.index(MISSING)).sum()), len(found))
    return found


def _scores(table: Any, names: tuple[str, ...]) -> tuple[NDArray[np.float64] | None, str]:
    """Return the probabilities by class, or None and why there are none; raises ColumnError."""
    import numpy as np

    there = {name for name in table.column_names if name.startswith(SCORE)}
    if not there:
        return None, "The predictions have no columns 'score:<class>'."
    if lacking := [name for name in names if SCORE + name not in there]:
        return None, f"The predictions have no column {SCORE + lacking[0]!r}, but columns for other classes."
    values = np.column_stack([numbers(table, SCORE + name) for name in names])
    if missing := int(np.isnan(values).any(axis=1).sum()):
        return None, f"Scores are missing for {missing} of {len(values)} rows."
    if values.min() < 0 or values.max() > 1 or np.abs(values.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        return None, "The scores of the classes are no probabilities: they must lie between 0 and 1 and sum to 1."
    return values, ""


class DifferentRowsError(ColumnError):
    """The incumbent's predictions are not of the same rows."""

    code = "incumbent_rows_differ"


def order_of(own: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of our rows is among the other's; raises DifferentRowsError."""
    import numpy as np

    mine, theirs = np.argsort(own), np.argsort(other)
    if len(own) != len(other) or not np.array_equal(own[mine], other[theirs]):
        raise DifferentRowsError(
            f"The incumbent was not predicted on the same rows: {len(own)} rows here, {len(other)} there, "
            f"{len(np.intersect1d(own, other))} in common."
        )
    order = np.empty_like(theirs)
    order[mine] = theirs
    return order


def same_labels(own: NDArray[Any], other: NDArray[Any]) -> None:
    """Raise DifferentRowsError unless the labels are the same, row by row."""
    differing = int((own != other).sum())
    if differing:
        raise DifferentRowsError(f"The labels of {differing} of {len(own)} rows differ from those of the incumbent's.")
