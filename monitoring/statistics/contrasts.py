"""How far groups lie apart, with intervals that hold for all pairs of groups at once.

The largest difference (or smallest ratio) over many groups is picked by chance: bootstrapping it directly adds the
noise a second time and finds disparities where there are none. Here every pair of groups is a signed contrast with the
interval of its own, joined from both groups' Wilson intervals: for a difference Newcombe's (1998, method 10), for a
ratio that of Donner and Zou (2012, MOVER-R). What makes them simultaneous is the critical value: with several contrasts
it is the 95 % quantile, over multinomial replicates of the counts within each group, of the largest standardised
deviation of any pair (max-T; Westfall and Young 1993). The largest true difference then lies between the largest
lower and the largest upper bound, and the smallest true ratio between the smallest bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from monitoring.statistics.intervals import CONFIDENCE, REPLICATES, quantile_of_normal, resample, smoothed
from monitoring.statistics.rates import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_GROUP_COUNT = 64
PSEUDO = 1.0  # Agresti and Caffo 2000
SMALL = 1e-12


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
class Ratios:
    """The smallest ratio between two groups, and each group's ratio to the group with the highest rate."""

    smallest: Estimate
    to_best: tuple[Estimate, ...]


def critical_value(
    rates: Sequence[Rate], counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> float:
    """Return how many standard errors all pairs of groups, in all rates, stay within 95 % of the time."""
    import numpy as np

    if len(counts) > LARGEST_GROUP_COUNT:
        raise TooManyGroupsError(f"There are {len(counts)} groups; at most {LARGEST_GROUP_COUNT} can be compared.")
    alone = quantile_of_normal(CONFIDENCE)
    first, second = np.triu_indices(len(counts), k=1)
    if len(first) * len(rates) == 1:
        return alone
    draws, furthest = resample(counts, rng, replicates), np.zeros(replicates)
    for rate in rates:
        values = smoothed(rate, draws, PSEUDO)
        spread = values[:, first] - values[:, second]
        away = np.abs(spread - spread.mean(axis=0)) / spread.std(axis=0, ddof=1)
        furthest = np.maximum(furthest, away.max(axis=1))
    return max(alone, float(np.quantile(furthest, CONFIDENCE)))


def largest_difference(
    rates: Sequence[Rate], counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Estimate:
    """Return the largest difference between two groups in any of the rates (two rates: equalized odds).

    ``counts`` is groups by (tn, fp, fn, tp); every group must have rows in every rate's denominator.
    """
    import numpy as np

    critical = critical_value(rates, counts, rng, replicates)
    lower, upper, value = 0.0, 0.0, 0.0
    for rate in rates:
        share, low, high = _scores(rate, counts, critical)
        gaps = share[:, None] - share
        below = np.hypot((share - low)[:, None], high - share)
        above = np.hypot((high - share)[:, None], share - low)
        value = max(value, float(gaps.max()))
        lower, upper = max(lower, float((gaps - below).max())), max(upper, float((gaps + above).max()))
    n = min(int(rate.parts(counts)[1].min()) for rate in rates)
    return Estimate(value, min(lower, value), max(min(1.0, upper), value), n)


def _scores(rate: Rate, counts: NDArray[np.int64], critical: float) -> tuple[NDArray[np.float64], ...]:
    """Return the groups' rates and their Wilson bounds at this critical value."""
    import numpy as np

    share, n, square = rate.values(counts), rate.parts(counts)[1], critical * critical
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = critical / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return share, np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def ratios(
    rate: Rate, counts: NDArray[np.int64], rng: np.random.Generator, replicates: int = REPLICATES
) -> Ratios | None:
    """Return the ratios of a rate between groups; None when it is 0 in every group, so that no ratio exists."""
    share, low, high = _scores(rate, counts, critical_value([rate], counts, rng, replicates))
    best, sizes = int(share.argmax()), rate.parts(counts)[1]
    if share[best] == 0:
        return None
    bounds = [
        _ratio((share[one], low[one], high[one]), (share[two], low[two], high[two]))
        for one, two in permutations(range(len(counts)), 2)
        if share[one] <= share[two] and share[two] > 0
    ]
    value = float(share.min() / share[best])
    lower = min(min(below, 1 / above) for below, above in bounds)
    upper = min(1.0, *(above for _, above in bounds))
    smallest = Estimate(value, min(lower, value), max(upper, value), int(sizes.min()))
    to_best = []
    for group in range(len(counts)):
        own, n = float(share[group] / share[best]), int(min(sizes[group], sizes[best]))
        below, above = _ratio((share[group], low[group], high[group]), (share[best], low[best], high[best]))
        to_best.append(Estimate(1.0, 1.0, 1.0, n) if group == best else Estimate(own, min(below, own), above, n))
    return Ratios(smallest, tuple(to_best))


def _ratio(one: tuple[float, float, float], two: tuple[float, float, float]) -> tuple[float, float]:
    """Return the interval of one rate over another, each (value, low, high) with the second value above 0."""
    (a, a_low, a_high), (b, b_low, b_high) = one, two
    below, above = b_high * (2 * b - b_high), b_low * (2 * b - b_low)
    inner = max(0.0, (a * b) ** 2 - a_low * (2 * a - a_low) * below)
    lower = (a * b - math.sqrt(inner)) / below if abs(below) > SMALL else a_low * (2 * a - a_low) / (2 * a * b or 1.0)
    outer = max(0.0, (a * b) ** 2 - a_high * (2 * a - a_high) * above)
    upper = (a * b + math.sqrt(outer)) / above
    return max(0.0, lower), max(upper, a / b)
