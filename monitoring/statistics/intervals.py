"""Intervals for rates and for their differences: closed forms where they are good, bootstraps over cells where not.

Wilson (1927) for a proportion, Newcombe (1998, method 10) for the difference of two, the central limit for means, and
a multinomial bootstrap over the cells of a count table for everything else. Each interval here contains its estimate.
"""

from __future__ import annotations

import math
import zlib
from statistics import NormalDist
from typing import TYPE_CHECKING

from monitoring.statistics.rates import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95
REPLICATES = 1000
Interval = tuple[float, float]


def quantile_of_normal(confidence: float = CONFIDENCE) -> float:
    """Return the two-sided critical value of the normal distribution (1.96 for .95)."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval; with n = 0 nothing is known: (0, 1)."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is not a proportion.")
    if n == 0:
        return 0.0, 1.0
    z, share = quantile_of_normal(confidence), successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


def newcombe(first: tuple[int, int], second: tuple[int, int], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the first proportion minus the second, each given as (successes, n)."""
    shares = [successes / n if n else 0.5 for successes, n in (first, second)]
    (low_1, high_1), (low_2, high_2) = wilson(*first, confidence), wilson(*second, confidence)
    gap = shares[0] - shares[1]
    below = math.hypot(shares[0] - low_1, high_2 - shares[1])
    above = math.hypot(high_1 - shares[0], shares[1] - low_2)
    return max(-1.0, gap - below), min(1.0, gap + above)


def around_mean(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of a mean; None below two rows, where no spread is known."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - a spread needs two
        return None
    from scipy.stats import t

    mean, half = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n)
    half *= float(t.ppf(0.5 + confidence / 2, n - 1))
    return mean - half, mean + half


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one named question, so that asking another never changes its answer."""
    import numpy as np

    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def resample(
    counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES, pseudo: float = 0.5
) -> NDArray[np.int64]:
    """Return replicates of each row of counts (rows by cells), keeping every row's total.

    ``pseudo`` counts are added to each cell first: a cell that happened to be empty may be filled in a replicate, so
    that a group of three without one selection is not taken for certain never to be selected.
    """
    import numpy as np

    smooth = counts + pseudo
    shares = smooth / smooth.sum(axis=-1, keepdims=True)
    totals = counts.sum(axis=-1)
    return np.stack([rng.multinomial(int(n), p, size=replicates) for n, p in zip(totals, shares, strict=True)], axis=1)


def smoothed(rate: Rate, counts: NDArray[np.int64], pseudo: float) -> NDArray[np.float64]:
    """Return the rates after ``pseudo`` rows on each side (Agresti and Caffo 2000 use 1): defined for every count."""
    import numpy as np

    above, below = rate.parts(counts)
    return np.asarray((above + pseudo) / (below + 2 * pseudo))


def percentiles(values: NDArray[np.float64], estimate: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the percentile interval of replicates, widened to hold the estimate."""
    import numpy as np

    low, high = np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return min(float(low), estimate), max(float(high), estimate)


def rate_interval(
    rate: Rate, counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Interval:
    """Return the interval of one rate of four counts: Wilson's for a proportion, a bootstrap for the others (f1)."""
    above, below = (int(part) for part in rate.parts(counts))
    if rate.is_proportion:
        return wilson(above, below)
    draws = resample(counts.reshape(1, -1), rng, replicates)[:, 0]
    values = rate.values(draws)
    return percentiles(values[values == values], float(rate.values(counts)))  # noqa: PLR0124 - drops NaN
