"""How far groups lie apart in a rate: signed contrasts with intervals, and the largest and smallest of them.

Every group has its rate and Wilson's bounds (1927) at the family's critical value (``family``); within strata they are
joined by the MOVER rule (Zou and Donner 2008). A contrast joins the bounds of both sides: a difference as Newcombe
(1998, method 10), a ratio as Donner and Zou (2012, MOVER-R). The largest true difference between groups lies between
the largest lower and the largest upper bound of any pair, the smallest true ratio between the smallest bounds.

Against the whole, of which a group is a part: with w the group's share of the rows that the rate is about, the group
minus the whole is (1 - w) times the group minus all others, and the ratio to the whole follows from that to all others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.rates import Rate
from monitoring.statistics.slices import strata_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL = 1e-12
Bounded = tuple[float, float, float]  # value, lower, upper


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and the smallest count of rows that it rests on."""

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True, slots=True)
class Levels:
    """The groups' rates with their bounds at one critical value, and the rows that each rests on."""

    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]

    def estimate(self, group: int) -> Estimate:
        """Return the rate of one group."""
        return Estimate(*self.bounded(group), int(self.n[group]))

    def bounded(self, group: int) -> Bounded:
        """Return value, lower and upper bound of one group."""
        return float(self.share[group]), float(self.low[group]), float(self.high[group])


def levels(rate: Rate, counts: NDArray[np.int64], critical: float) -> Levels:
    """Return the rates of stratum by group by (tn, fp, fn, tp); one stratum or more must have a row of every group."""
    import numpy as np

    strata, weights = strata_of(rate, counts)
    above, n = rate.parts(counts[strata])
    share, square = above / n, critical * critical
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = critical / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n * n))
    below, beyond = share - np.clip(centre - half, 0, share), np.clip(centre + half, share, 1) - share
    joined = np.einsum("sg,s->g", share, weights)
    squared = weights * weights
    return Levels(
        joined,
        np.maximum(joined - np.sqrt(np.einsum("sg,s->g", below * below, squared)), 0.0),
        np.minimum(joined + np.sqrt(np.einsum("sg,s->g", beyond * beyond, squared)), 1.0),
        n.sum(axis=0),
    )


def difference(one: Bounded, two: Bounded) -> Bounded:
    """Return one rate minus another."""
    (a, a_low, a_high), (b, b_low, b_high) = one, two
    gap = a - b
    return gap, max(-1.0, gap - math.hypot(a - a_low, b_high - b)), min(1.0, gap + math.hypot(a_high - a, b - b_low))


def ratio(one: Bounded, two: Bounded) -> Bounded | None:
    """Return one rate over another; None where the other is 0."""
    (a, a_low, a_high), (b, b_low, b_high) = one, two
    if b <= 0 or b_low <= 0:
        return None
    below, above = b_high * (2 * b - b_high), b_low * (2 * b - b_low)
    inner = max(0.0, (a * b) ** 2 - a_low * (2 * a - a_low) * below)
    lower = (a * b - math.sqrt(inner)) / below if abs(below) > SMALL else a_low * (2 * a - a_low) / (2 * a * b or 1.0)
    outer = max(0.0, (a * b) ** 2 - a_high * (2 * a - a_high) * above)
    upper = (a * b + math.sqrt(outer)) / above
    return a / b, min(max(0.0, lower), a / b), max(upper, a / b)


def largest_difference(*rates: Levels) -> Estimate:
    """Return the largest difference between two groups in any of the rates (two rates: equalized odds)."""
    import numpy as np

    lower, upper, value = 0.0, 0.0, 0.0
    for one in rates:
        gaps = one.share[:, None] - one.share
        below = np.hypot((one.share - one.low)[:, None], one.high - one.share)
        above = np.hypot((one.high - one.share)[:, None], one.share - one.low)
        pairs = ~np.eye(len(gaps), dtype=bool)
        value = max(value, float(gaps.max()))
        lower, upper = max(lower, float((gaps - below)[pairs].max())), max(upper, float((gaps + above)[pairs].max()))
    n = min(int(one.n.min()) for one in rates)
    return Estimate(value, min(lower, value), max(min(1.0, upper), value), n)


def smallest_ratio(*rates: Levels) -> Estimate | None:
    """Return the smallest ratio of two groups' rates in any of the rates; None where a rate is 0 in every group."""
    found = [_smallest(one) for one in rates]
    kept = [one for one in found if one is not None]
    if len(kept) < len(found):
        return None
    value = min(one.value for one in kept)
    lower, upper = min(one.lower for one in kept), min(one.upper for one in kept)
    return Estimate(value, min(lower, value), max(upper, value), min(one.n for one in kept))


def _smallest(one: Levels) -> Estimate | None:
    order = one.share.argsort(kind="stable")
    if one.share[order[-1]] <= 0:
        return None
    lower, upper = 1.0, 1.0
    for rank, lesser in enumerate(order):
        for greater in order[rank + 1 :]:
            found = ratio(one.bounded(lesser), one.bounded(greater))
            if found is not None:
                lower, upper = min(lower, found[1], 1 / found[2] if found[2] else 1.0), min(upper, found[2])
    value = float(one.share[order[0]] / one.share[order[-1]])
    return Estimate(value, min(lower, value), max(upper, value), int(one.n.min()))


def to_base(form: str, one: Levels, group: int, base: int) -> Estimate | None:
    """Return a group's "difference" from, or "ratio" to, another group; None where the ratio does not exist."""
    n = int(min(one.n[group], one.n[base]))
    if form == "difference":
        found: Bounded | None = difference(one.bounded(group), one.bounded(base))
        same = 0.0
    else:
        found, same = ratio(one.bounded(group), one.bounded(base)), 1.0
    if found is None:
        return None
    return Estimate(same, same, same, n) if group == base else Estimate(*found, n)


def to_whole(form: str, own: Levels, others: Levels, group: int) -> Estimate | None:
    """Return a group's "difference" from, or "ratio" to, all groups together; None where the ratio does not exist.

    ``others`` holds, in the place of each group, all the other groups taken together.
    """
    one, rest = own.bounded(group), others.bounded(group)
    n = int(own.n[group] + others.n[group])
    weight = float(own.n[group]) / n
    least = int(min(own.n[group], others.n[group]))
    if form == "difference":
        value, lower, upper = (end * (1 - weight) for end in difference(one, rest))
        return Estimate(value, lower, upper, least)
    against = ratio(rest, one)  # the greater all others' rate, the smaller the ratio to the whole
    if against is not None:
        value, upper, lower = (1 / (weight + (1 - weight) * end) for end in against)
        return Estimate(value, lower, upper, least)
    return _none_selected(ratio(one, rest), weight, least)


def _none_selected(found: Bounded | None, weight: float, least: int) -> Estimate | None:
    """Return the ratio to the whole of a group whose own rate is 0."""
    if found is None:
        return None
    value, lower, upper = (end / (weight * end + 1 - weight) for end in found)
    return Estimate(value, lower, upper, least)
