"""Distances between two samples of one column, each given as counts over the same cells or as a distribution
function.

PSI (Siddiqi 2006) and Jensen-Shannon compare shares of cells, chi-squared tests them, Kolmogorov-Smirnov and
Wasserstein compare distribution functions. Two finite samples of one population always lie apart, so a distance
comes with an interval for the distance of the *populations*: its lower bound is 0 as long as chance explains what is
seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PSEUDO = 0.5
FAR = 1e5


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance with its interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """A test of homogeneity: statistic, degrees of freedom, p-value."""

    statistic: float
    freedom: int
    p_value: float


def psi(before: NDArray[np.int64], after: NDArray[np.int64], confidence: float = CONFIDENCE) -> Distance:
    """Return the population stability index over cells, half a row added to each so that none is empty on one side.

    Times the harmonic size n1 n2 / (n1 + n2), the index is close to a noncentral chi-squared variable with one degree
    of freedom less than there are cells (Yurdakul 2018); the interval inverts that distribution.
    """
    import numpy as np

    seen = (before + after) > 0
    before, after, cells = before[seen], after[seen], int(seen.sum())
    old, new = ((counts + PSEUDO) / (counts.sum() + PSEUDO * cells) for counts in (before, after))
    value = float(np.sum((new - old) * np.log(new / old)))
    noise = 1 / float(before.sum()) + 1 / float(after.sum())
    if cells == 1:
        return Distance(0.0, 0.0, 0.0)
    lower, upper = (noise * _noncentrality(value / noise, cells - 1, tail) for tail in _tails(confidence))
    return Distance(value, min(lower, value), max(upper, value))


def _tails(confidence: float) -> tuple[float, float]:
    return 0.5 + confidence / 2, 0.5 - confidence / 2


def _noncentrality(statistic: float, freedom: int, tail: float) -> float:
    """Return the noncentrality under which the statistic lies at this quantile; 0 when even none puts it lower.

    Far out, the root of the statistic is normal around that of the noncentrality, with a variance of 1.
    """
    from scipy.special import chdtr, chndtrinc, ndtri

    if chdtr(freedom, statistic) <= tail:
        return 0.0
    if statistic > FAR:
        return float((math.sqrt(statistic) - ndtri(tail)) ** 2 - freedom + 1)
    return float(chndtrinc(statistic, freedom, tail))


def jensen_shannon(before: NDArray[np.int64], after: NDArray[np.int64]) -> float:
    """Return the Jensen-Shannon distance to base 2: 0 for equal shares, 1 for shares without a common cell."""
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(before / before.sum(), after / after.sum(), base=2))


def total_variation(before: NDArray[np.int64], after: NDArray[np.int64]) -> float:
    """Return half the sum of the differences of shares: the share of rows that would have to change cells."""
    import numpy as np

    return float(np.abs(before / before.sum() - after / after.sum()).sum() / 2)


def chi_squared(before: NDArray[np.int64], after: NDArray[np.int64]) -> ChiSquared:
    """Return Pearson's test that both samples have the same shares; cells empty on both sides are left out."""
    import numpy as np
    from scipy.special import chdtrc

    table = np.array([before, after], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    freedom = table.shape[1] - 1
    if not freedom:
        return ChiSquared(0.0, 0, 1.0)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return ChiSquared(statistic, freedom, float(chdtrc(freedom, statistic)))


def cramers_v(test: ChiSquared, n: int, confidence: float = CONFIDENCE) -> Distance:
    """Return the size of the effect that the test saw over n rows of both samples (Cramer 1946), 0 to 1.

    The interval inverts the noncentral chi-squared distribution (Smithson 2003).
    """
    value = math.sqrt(test.statistic / n)
    if not test.freedom:
        return Distance(0.0, 0.0, 0.0)
    lower, upper = (math.sqrt(_noncentrality(test.statistic, test.freedom, tail) / n) for tail in _tails(confidence))
    return Distance(value, min(lower, value), min(1.0, max(upper, value)))


def kolmogorov_band(distance: float, n: int, m: int, confidence: float = CONFIDENCE) -> Distance:
    """Return a Kolmogorov-Smirnov distance with its interval: within the critical value of the two-sample test."""
    from scipy.special import kolmogi

    half = float(kolmogi(1 - confidence)) * math.sqrt((n + m) / (n * m))
    return Distance(distance, max(0.0, distance - half), min(1.0, distance + half))


def kolmogorov_p(distance: float, n: int, m: int) -> float:
    """Return the asymptotic p-value of the two-sample test."""
    from scipy.special import kolmogorov

    return float(kolmogorov(distance * math.sqrt(n * m / (n + m))))
