"""The area under the ROC curve, of one model or of two on the same rows, with DeLong's intervals.

Formula: DeLong, DeLong and Clarke-Pearson (1988), by the mid-ranks of Sun and Xu (2014): n log n, ties counted half.
Where every pair is ordered alike DeLong's variance is 0 and would claim certainty; the exact (Clopper-Pearson) bound
for as many agreeing pairs as the smaller class has rows stands in for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.intervals import CONFIDENCE, quantile_of_normal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 2


class TooFewOfAClassError(ValueError):
    """An area needs rows of both classes, and its interval two of each."""

    code = "auc_too_few_of_a_class"


@dataclass(frozen=True, slots=True)
class Area:
    """An area with its interval."""

    value: float
    lower: float
    upper: float


def _ranked(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the area and the placements of each positive among the negatives and the reverse."""
    import numpy as np
    from scipy.stats import rankdata

    up, down = scores[labels == 1], scores[labels == 0]
    ranks = rankdata(np.concatenate([up, down]))
    of_up = (ranks[: len(up)] - rankdata(up)) / len(down)
    of_down = 1 - (ranks[len(up) :] - rankdata(down)) / len(up)
    return float(of_up.mean()), of_up, of_down


def _enough(labels: NDArray[np.int64]) -> int:
    positives = int(labels.sum())
    smaller = min(positives, len(labels) - positives)
    if smaller < FEWEST:
        raise TooFewOfAClassError(
            f"An area under the curve needs at least {FEWEST} rows of each class; there are {positives} positive "
            f"and {len(labels) - positives} negative labels."
        )
    return smaller


def area(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> Area:
    """Return the area of one model's scores; raises TooFewOfAClassError."""
    smaller = _enough(labels)
    value, up, down = _ranked(labels, scores)
    error = math.sqrt(up.var(ddof=1) / len(up) + down.var(ddof=1) / len(down))
    if error == 0:
        bound = ((1 - CONFIDENCE) / 2) ** (1 / smaller)
        return Area(value, min(value, bound), max(value, 1 - bound)) if value in {0, 1} else Area(value, value, value)
    return Area(value, *_logit_interval(value, error))


def _logit_interval(value: float, error: float) -> tuple[float, float]:
    """Return the interval on the log-odds scale, which keeps it between 0 and 1."""
    if not 0 < value < 1:
        return value, value
    centre, half = math.log(value / (1 - value)), quantile_of_normal() * error / (value * (1 - value))
    return 1 / (1 + math.exp(-(centre - half))), 1 / (1 + math.exp(-(centre + half)))


def difference(labels: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64]) -> Area:
    """Return the first area minus the second, on the same rows, with the interval of the paired difference."""
    _enough(labels)
    (value_1, up_1, down_1), (value_2, up_2, down_2) = _ranked(labels, first), _ranked(labels, second)
    gap, up, down = value_1 - value_2, up_1 - up_2, down_1 - down_2
    error = math.sqrt(up.var(ddof=1) / len(up) + down.var(ddof=1) / len(down))
    if error == 0 and not _same_order(first, second):
        one, two = area(labels, first), area(labels, second)
        return Area(gap, one.lower - two.upper, one.upper - two.lower)
    half = quantile_of_normal() * error
    return Area(gap, max(-1.0, gap - half), min(1.0, gap + half))


def _same_order(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    import numpy as np
    from scipy.stats import rankdata

    return bool(np.array_equal(rankdata(first), rankdata(second)))
