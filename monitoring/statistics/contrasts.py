"""How far groups lie apart, with intervals that hold for all pairs of groups at once.

The largest difference (or smallest ratio) over many groups is picked by chance: bootstrapping it directly adds the
noise a second time and finds disparities where there are none. Here every pair of groups is a signed contrast; its
standard error comes from multinomial replicates of the counts within each group, and one critical value, the 95 %
quantile of the largest standardised deviation over all pairs (max-T; Westfall and Young 1993), makes the intervals
simultaneous. The largest true difference then lies between the largest lower and the largest upper bound. Rates are
centred after Agresti and Caffo (2000); ratios are taken on the log scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.intervals import CONFIDENCE, REPLICATES, resample, smoothed
from monitoring.statistics.rates import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_GROUP_COUNT = 64
FOR_DIFFERENCES = 1.0
FOR_RATIOS = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and the smallest count of rows that it rests on."""

    value: float
    lower: float
    upper: float
    n: int


class TooManyGroupsError(ValueError):
    """More groups than can be compared pair by pair."""

    code = "too_many_groups"


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Signed contrasts between all pairs (first, second) of groups, their standard errors and critical value."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    gaps: NDArray[np.float64]
    errors: NDArray[np.float64]


def _pairs(centre: NDArray[np.float64], draws: NDArray[np.float64]) -> tuple[_Pairs, NDArray[np.float64]]:
    import numpy as np

    first, second = np.triu_indices(len(centre), k=1)
    spread = draws[:, first] - draws[:, second]
    errors = spread.std(axis=0, ddof=1)
    away = np.abs(spread - spread.mean(axis=0)) / errors
    return _Pairs(first, second, centre[first] - centre[second], errors), away.max(axis=1)


def _check(counts: NDArray[np.int64]) -> None:
    if len(counts) > LARGEST_GROUP_COUNT:
        raise TooManyGroupsError(f"There are {len(counts)} groups; at most {LARGEST_GROUP_COUNT} can be compared.")


def largest_difference(
    rates: Sequence[Rate], counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Estimate:
    """Return the largest difference between two groups in any of the rates (two rates: equalized odds).

    ``counts`` is groups by (tn, fp, fn, tp); every group must have rows in every rate's denominator.
    """
    import numpy as np

    _check(counts)
    draws = resample(counts, rng, replicates)
    families = [
        _pairs(smoothed(rate, counts, FOR_DIFFERENCES), smoothed(rate, draws, FOR_DIFFERENCES)) for rate in rates
    ]
    critical = float(np.quantile(np.max([away for _, away in families], axis=0), CONFIDENCE))
    value = max(float(np.ptp(rate.values(counts))) for rate in rates)
    lower = max(float((np.abs(pairs.gaps) - critical * pairs.errors).max()) for pairs, _ in families)
    upper = max(float((np.abs(pairs.gaps) + critical * pairs.errors).max()) for pairs, _ in families)
    n = min(int(rate.parts(counts)[1].min()) for rate in rates)
    return Estimate(value, min(max(0.0, lower), value), max(min(1.0, upper), value), n)


@dataclass(frozen=True, slots=True)
class Ratios:
    """The smallest ratio between two groups, and each group's ratio to the group with the highest rate."""

    smallest: Estimate
    to_best: tuple[Estimate, ...]


def ratios(
    rate: Rate, counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Ratios | None:
    """Return the ratios of a rate between groups; None when it is 0 in every group, so that no ratio exists."""
    import numpy as np

    _check(counts)
    values = rate.values(counts)
    best = int(np.argmax(values))
    if values[best] == 0:
        return None
    centre, draws = (np.log(smoothed(rate, table, FOR_RATIOS)) for table in (counts, resample(counts, rng, replicates)))
    pairs, away = _pairs(centre, draws)
    critical, sizes = float(np.quantile(away, CONFIDENCE)), rate.parts(counts)[1]
    value = float(values.min() / values[best])
    furthest = float((np.abs(pairs.gaps) + critical * pairs.errors).max())
    nearest = max(0.0, float((np.abs(pairs.gaps) - critical * pairs.errors).max()))
    smallest = Estimate(value, min(math.exp(-furthest), value), max(math.exp(-nearest), value), int(sizes.min()))
    half = np.zeros((len(counts), len(counts)))
    half[pairs.first, pairs.second] = half[pairs.second, pairs.first] = critical * pairs.errors
    to_best = []
    for group, share in enumerate(values / values[best]):
        gap, width = float(centre[group] - centre[best]), float(half[group, best])
        low, high = math.exp(gap - width), math.exp(gap + width)
        n = int(min(sizes[group], sizes[best]))
        to_best.append(Estimate(float(share), min(low, float(share)), max(high, float(share)), n))
    return Ratios(smallest, tuple(to_best))
