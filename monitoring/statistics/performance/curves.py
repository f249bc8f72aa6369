"""Pictures of scores against 0/1 labels: ROC, precision and recall, calibration, and what other thresholds do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitoring.statistics.intervals import wilson
from monitoring.statistics.performance.ranking import bands_of
from monitoring.statistics.plots import Axis, Point, Series, lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALLEST_BAND = 10
THRESHOLDS = 41


def _steps(labels: NDArray[np.int64], scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the distinct scores from the highest, and how many positives and rows lie at or above each."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    return ranked[ends], np.cumsum(labels[order])[ends].astype(np.float64), (ends + 1).astype(np.float64)


def _points(xs: Floats, ys: Floats) -> list[Point]:
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def pictures(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], scores: Floats, *, probabilities: bool
) -> list[dict[str, Any]]:
    """Return the pictures; calibration only of scores that are probabilities, all only of both classes."""
    positives, n = int(labels.sum()), len(labels)
    if not 0 < positives < n:
        return []
    highest, found, taken = _steps(labels, scores)
    used = (labels[predictions == 1].sum() / positives, (1 - labels[predictions == 1]).sum() / (n - positives))
    drawn = [_roc(found, taken, positives, n, used), _precision_recall(found, taken, positives, n)]
    drawn.append(_thresholds(highest, found, taken, positives, n))
    if probabilities:
        drawn.append(reliability(labels, scores))
    return drawn


def _roc(found: Floats, taken: Floats, positives: int, n: int, used: tuple[float, float]) -> dict[str, Any]:
    curve = [(0.0, 0.0), *_points((taken - found) / (n - positives), found / positives)]
    return lines(
        "Found against falsely flagged (ROC)",
        "The further the line bends to the upper left, the better the score separates; the diagonal is guessing.",
        Axis("share of negatives that are flagged"),
        Axis("share of positives that are found"),
        (
            Series("guessing", [(0.0, 0.0), (1.0, 1.0)], "reference"),
            Series("this version", curve),
            Series("the threshold in use", [(float(used[1]), float(used[0]))], "mark"),
        ),
    )


def _precision_recall(found: Floats, taken: Floats, positives: int, n: int) -> dict[str, Any]:
    return lines(
        "Right when flagged against found (precision and recall)",
        "Towards the right more positives are found; the line falls where more of those flagged are flagged wrongly.",
        Axis("share of positives that are found"),
        Axis("share of those flagged that are positive"),
        (
            Series("guessing", [(0.0, positives / n), (1.0, positives / n)], "reference"),
            Series("this version", _points(found / positives, found / taken)),
        ),
    )


def _thresholds(highest: Floats, found: Floats, taken: Floats, positives: int, n: int) -> dict[str, Any]:
    """Draw at every threshold the share that is flagged, found, and rightly decided."""
    import numpy as np

    low, high = float(highest[-1]), float(highest[0])
    grid = np.linspace(low, high if high > low else low + 1, THRESHOLDS)
    place = np.searchsorted(-highest, -grid, side="right") - 1
    some = place >= 0
    at_found, at_taken = np.where(some, found[place], 0.0), np.where(some, taken[place], 0.0)
    right = (at_found + (n - positives) - (at_taken - at_found)) / n
    return lines(
        "What another threshold would do",
        "Move along the threshold: a lower one flags more, finds more positives, and flags more of them wrongly.",
        Axis("threshold on the score", float(grid[0]), float(grid[-1])),
        Axis("share"),
        (
            Series("flagged", _points(grid, at_taken / n)),
            Series("positives found", _points(grid, at_found / positives)),
            Series("decided rightly", _points(grid, right)),
        ),
    )


def reliability(labels: NDArray[np.int64], scores: Floats) -> dict[str, Any]:
    """Draw the rate of positive labels by band of scores, with Wilson's interval, beside the diagonal."""
    import numpy as np

    band = bands_of(scores)
    points, ends = [], []
    for one in np.unique(band):
        inside = band == one
        n = int(inside.sum())
        if n < SMALLEST_BAND:
            continue
        mean, hits = float(scores[inside].mean()), int(labels[inside].sum())
        points.append((mean, hits / n))
        ends.append([(mean, bound) for bound in wilson(hits, n)])
    return lines(
        "Are the scores true? (reliability)",
        "Of rows with a score of 0.3 three in ten should turn out positive: points on the diagonal mean scores that "
        "can be taken at their word; the upright lines show what chance allows.",
        Axis("mean score of the band"),
        Axis("share that turned out positive"),
        (
            Series("true scores", [(0.0, 0.0), (1.0, 1.0)], "reference"),
            *(Series("95 % interval", pair, "error") for pair in ends),
            Series("this version", points, "mark"),
        ),
    )
