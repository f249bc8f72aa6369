"""Performance that is to be expected where labels are not known yet, from scores that are calibrated.

A calibrated score is the share of its rows that come true, so that each row counts as so much of a positive and the
rest of a negative: the confusion matrix expected of all rows, and what follows from it (confidence-based performance
estimation, NannyML 2022; Kull, Silva Filho and Flach 2017). It holds while the inputs shift and what follows from them
does not: it is an estimate, and no measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.distances import Distance as Estimate
from monitoring.statistics.intervals import percentiles
from monitoring.statistics.reliability import Calibration, Cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitoring.statistics.summary import Points

    Numbers = NDArray[np.float64]

METRICS = ("auc", "accuracy", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Expected:
    """Estimates by metric; None where the metric does not exist, as precision without a positive prediction."""

    values: dict[str, Estimate | None]
    n: int


def expect(
    cells: Cells, scores: Points, calibrated: Calibration, rng: np.random.Generator, replicates: int
) -> Expected:
    """Return the estimates on rows whose labels are not known, with the intervals that the labels will fall in.

    A replicate draws what the calibration would have been on other rows, moves each band's scores by the distance left
    there, and draws the labels.
    """
    import numpy as np

    means = cells.scores / np.maximum(cells.rows, 1)
    sizes = np.maximum(calibrated.rows, 1)
    shares = rng.binomial(sizes, (calibrated.positives + 0.5) / (sizes + 1), size=(replicates, len(sizes))) / sizes
    away = np.where(calibrated.rows > 0, shares - calibrated.scores / sizes, 0.0)[:, calibrated.group]
    chances = np.clip(means + away[:, np.newaxis, :], 0.0, 1.0)
    drawn = rng.binomial(cells.rows, chances).astype(np.float64)
    points, replicated = _of_confusion(cells.rows, cells.scores), _of_confusion(cells.rows, drawn)
    points["auc"] = np.asarray(_area_of(scores))
    banded, rows = _area(cells.scores.sum(axis=0), cells.rows.sum(axis=0)), cells.rows.sum(axis=0)
    replicated["auc"] = _area(drawn.sum(axis=1), rows) + points["auc"] - banded
    return Expected({name: _estimate(points[name], replicated[name]) for name in METRICS}, cells.n)


def _estimate(value: Numbers, replicated: Numbers) -> Estimate | None:
    import numpy as np

    found, spread = float(value), replicated[np.isfinite(replicated)]
    if not np.isfinite(found) or not len(spread):
        return None
    lower, upper = percentiles(spread, found)
    return Estimate(found, max(0.0, lower), min(1.0, upper))


def _of_confusion(rows: NDArray[np.int64], positives: Numbers) -> dict[str, Numbers]:
    """Return the metrics of rows and (expected or drawn) positives, both by decision and band on the last two axes."""
    import numpy as np

    positive, n = positives.sum(axis=-1), rows.sum(axis=-1)
    hits, missed = positive[..., 1], positive[..., 0]
    false, right = n[1] - hits, n[0] - missed
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": np.asarray((hits + right) / n.sum()),
            "precision": np.asarray(hits / (hits + false)),
            "recall": np.asarray(hits / (hits + missed)),
            "f1": np.asarray(2 * hits / (2 * hits + false + missed)),
        }


def _area(positives: Numbers, rows: Numbers | NDArray[np.int64]) -> Numbers:
    """Return the area under the ROC curve of ordered cells; half of what is in one cell counts as in order."""
    import numpy as np

    negatives = rows - positives
    before = np.cumsum(negatives, axis=-1) - negatives / 2
    pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positives * before).sum(axis=-1) / pairs)


def _area_of(scores: Points) -> float:
    """Return the expected area of a sketch of scores: its edges, and halfway between them what lies there."""
    import numpy as np

    between = (scores.counts - scores.at).astype(np.float64)
    middle = (np.concatenate([scores.edges[:1], scores.edges[:-1]]) + scores.edges) / 2
    rows = np.stack([between, scores.at], axis=1).ravel()
    chances = np.clip(np.stack([middle, scores.edges], axis=1).ravel(), 0.0, 1.0)
    return float(_area(rows * chances, rows))
