"""Scores beside what came true: rows, scores and positive labels by band of the score and by decision.

From these cells follow the calibration error (Naeini, Cooper and Hauskrecht 2015) where labels are known, and the
expected confusion matrix where they are not. Cells of parts add up; they hold no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.canonical import decimal_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BANDS = 100
GROUPS = 10
SCORES = "The scores run from {low:g} to {high:g}; what is expected of them needs probabilities, between 0 and 1."


class NoProbabilitiesError(ValueError):
    """Scores from which nothing can be expected, with the reason."""

    code = "scores_no_probabilities"


@dataclass(frozen=True, slots=True)
class Cells:
    """By decision (0, 1) and band of the score: rows, the sum of scores, and positive labels where all are known."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    positives: NDArray[np.int64] | None

    @property
    def n(self) -> int:
        """The count of rows."""
        return int(self.rows.sum())


def count(
    scores: NDArray[np.float64], predictions: NDArray[np.int64], labels: NDArray[np.int64] | None
) -> dict[str, Any]:
    """Return the cells as a document, or why there are none."""
    import numpy as np

    missing = int(np.isnan(scores).sum())
    if missing or not len(scores):
        return {"reason": f"Scores are missing for {missing} of {len(scores)} rows."}
    if scores.min() < 0 or scores.max() > 1:
        return {"reason": SCORES.format(low=scores.min(), high=scores.max())}
    cell = predictions * BANDS + np.minimum((scores * BANDS).astype(np.int64), BANDS - 1)
    sizes = {"minlength": 2 * BANDS}
    rows, sums = np.bincount(cell, **sizes), np.bincount(cell, weights=scores, **sizes)
    found = {"rows": rows.tolist(), "scores": [decimal_string(one) for one in sums.tolist()]}
    if labels is None:
        return found
    return {**found, "positives": np.bincount(cell, weights=labels, **sizes).astype(np.int64).tolist()}


def read(document: Mapping[str, Any] | None) -> Cells:
    """Return the cells of a document; raises NoProbabilitiesError."""
    import numpy as np

    if document is None:
        raise NoProbabilitiesError("Nothing was kept of scores and decisions together.")
    if "reason" in document:
        raise NoProbabilitiesError(str(document["reason"]))
    shape = (2, BANDS)
    positives = document.get("positives")
    return Cells(
        np.array(document["rows"], dtype=np.int64).reshape(shape),
        np.array([float(one) for one in document["scores"]]).reshape(shape),
        None if positives is None else np.array(positives, dtype=np.int64).reshape(shape),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Ten groups of about equally many rows by score: which band is in which, and their rows, scores and positives."""

    group: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    positives: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of score and share of positives, over all rows."""
        import numpy as np

        return float(np.abs(self.scores - self.positives).sum() / self.rows.sum())


def calibration(cells: Cells) -> Calibration:
    """Return how scores and labels agree; raises NoProbabilitiesError without labels."""
    import numpy as np

    if cells.positives is None:
        raise NoProbabilitiesError("The labels of the baseline rows were not kept; whether scores hold is not known.")
    rows = cells.rows.sum(axis=0)
    middle = np.cumsum(rows) - rows / 2
    group = np.minimum((GROUPS * middle / rows.sum()).astype(np.int64), GROUPS - 1)
    held, scores, positives = (
        np.bincount(group, weights=one.sum(axis=0), minlength=GROUPS).astype(np.float64)
        for one in (cells.rows, cells.scores, cells.positives)
    )
    return Calibration(group, held.astype(np.int64), scores, positives.astype(np.int64))
