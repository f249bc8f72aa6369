"""Two models on the same rows: the differences of their rates, with a bootstrap that keeps the pairs together.

Resampled are the eight cells label x first x second, not two tables apart: rows on which both models agree cancel, and
the interval is as narrow as the shared rows make it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import REPLICATES, percentiles, resample
from monitoring.statistics.rates import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PSEUDO = 0.25


def pair_counts(labels: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the rows per label, first prediction and second prediction (index 4 label + 2 first + second)."""
    import numpy as np

    return np.bincount(4 * labels + 2 * first + second, minlength=8).astype(np.int64)


def apart(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (tn, fp, fn, tp) of the first and of the second model out of eight counts on the last axis."""
    table = counts.reshape(*counts.shape[:-1], 2, 2, 2)
    return table.sum(axis=-1).reshape(*counts.shape[:-1], 4), table.sum(axis=-2).reshape(*counts.shape[:-1], 4)


def rate_difference(
    rate: Rate, counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Estimate | None:
    """Return the first model's rate minus the second's; None when either has no rows in its denominator."""
    import numpy as np

    first, second = apart(counts)
    n = min(int(rate.parts(first)[1]), int(rate.parts(second)[1]))
    if n == 0:
        return None
    value = float(rate.values(first) - rate.values(second))
    one, two = apart(resample(counts.reshape(1, -1), rng, replicates, PSEUDO)[:, 0])
    gaps = rate.values(one) - rate.values(two)
    return Estimate(value, *percentiles(gaps[~np.isnan(gaps)], value), n)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the exact two-sided p-value of McNemar's test (1947) that both are right equally often, and on how many
    rows exactly one of them is.
    """
    from scipy.stats import binomtest

    one, two = int((first & ~second).sum()), int((second & ~first).sum())
    return (float(binomtest(one, one + two, 0.5).pvalue) if one + two else 1.0), one + two
