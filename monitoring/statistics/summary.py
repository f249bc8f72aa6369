"""The distribution of a column of numbers in a bounded number of points, made in one pass and merged with others.

A summary is a distribution function that jumps at the values it knows and is straight between them. Values are counted
in narrow bins laid by a sample of them; what is left of the bins (both tails) and bins that hold too much are sorted,
so that ties and lumps stay exact whatever the sample was. At 1,024 points a share of rows up to any value is right to
within 2 in 1,000 (a quantile of 1 / 960, and what the bins and the points on the way there leave), and to within a few
in 10,000 where the distribution is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Counts = NDArray[np.int64]

LARGEST = 1024
WORKING = 4 * LARGEST
TAIL = 32
FEW = 1 << 16
SAMPLE = 1 << 12
BINS = (1 << 16) - 2
BLOCK = 1 << 14
DEEPEST = 4
FEW_LUMPS = 4
MOST_WHOLE = 1 << 19
WIDEST = float(1 << 52)
HEAVY = 1 / (2 * LARGEST)


@dataclass(frozen=True, slots=True)
class Points:
    """Rows up to each edge and above the edge before; ``at`` of them are the edge itself, the others lie between."""

    edges: Numbers
    counts: Counts
    at: Counts

    @property
    def rows(self) -> int:
        """The count of rows."""
        return int(self.counts.sum())

    @property
    def exact(self) -> bool:
        """Whether every row is known by its value."""
        return bool((self.counts == self.at).all())

    def rows_up_to(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Return the rows below each point, and up to it."""
        import numpy as np

        last, total = len(self.edges) - 1, np.cumsum(self.counts).astype(np.float64)
        before, starts = np.concatenate([[0.0], total[:-1]]), np.concatenate([self.edges[:1], self.edges[:-1]])
        place = np.searchsorted(self.edges, points)
        found = np.minimum(place, last)
        there, width = self.edges[found] == points, self.edges[found] / 2 - starts[found] / 2  # halves cannot overflow
        share = (points / 2 - starts[found] / 2) / np.where(width > 0, width, 1.0)
        between = self.counts[found] - self.at[found]
        upward = before[found] + between * np.clip(np.where(there, 1.0, share), 0.0, 1.0)
        upward = np.where(there | (place > 0), upward, 0.0)
        below = np.where(place > last, total[-1], upward)
        return below, below + np.where(there, self.at[found], 0)


def distinct(values: NDArray[Any]) -> Any:
    """Return every value once, in order; for a few thousand this is quicker than NumPy's own."""
    import numpy as np

    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])]


def summarise(values: Numbers, least: float | None = None, greatest: float | None = None) -> Points:
    """Return the points of finite numbers, at least one; at most as many as are needed to be merged (WORKING).

    The least and greatest of them are looked for unless they are given.
    """
    ends = (float(values.min()) if least is None else least, float(values.max()) if greatest is None else greatest)
    return condense(_whole(values, *ends) or _counted(values, DEEPEST), WORKING)


def _counted(values: Numbers, deeper: int) -> Points:
    """Count lumps as they are, other values in bins laid by a sample; sort where that is quicker."""
    import numpy as np

    if len(values) <= FEW or not deeper:
        return _sorted(np.sort(values))
    sample = np.sort(values[:: len(values) // SAMPLE])
    lumps = _lumps(sample)
    if 0 < len(lumps) <= FEW_LUMPS:
        return _without(values, lumps, deeper)
    aside = len(sample) // 1000
    low, high = float(sample[aside]), float(sample[-1 - aside])
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(BINS) / (np.float64(high) - np.float64(low)))
    return _binned(values, low, scale, deeper) if 0 < scale < np.inf else _sorted(np.sort(values))


def _whole(values: Numbers, low: float, high: float) -> Points | None:
    """Return whole numbers not too far apart, one by one; None where there are others, or few rows."""
    import numpy as np

    if len(values) <= FEW or not -WIDEST < low <= high < WIDEST or high - low >= MOST_WHOLE or low != round(low):
        return None
    offsets = np.empty(len(values), dtype=np.int32)
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK] - low
        offset = offsets[start : start + BLOCK]
        offset[:] = part
        if (offset != part).any():
            return None
    counts = np.bincount(offsets)
    held = np.flatnonzero(counts)
    return Points(low + held.astype(np.float64), counts[held], counts[held])


def _lumps(sample: Numbers) -> Numbers:
    """Return the values that make up a fiftieth of a sorted sample or more."""
    import numpy as np

    wide = len(sample) // 50
    return np.unique(sample[wide:][sample[wide:] == sample[:-wide]])


def _without(values: Numbers, lumps: Numbers, deeper: int) -> Points:
    """Return lumps, counted by comparing, and what is counted of the other values."""
    import numpy as np

    counts = []
    for lump in lumps:
        others = values[np.flatnonzero(values != lump)]
        counts.append(len(values) - len(others))
        values = others
    held = np.array(counts)
    known = Points(lumps, held, held)
    return _joined([known, _counted(values, deeper - 1)]) if len(values) else known


def _sorted(ordered: Numbers) -> Points:
    """Return every distinct value of sorted numbers."""
    import numpy as np

    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    counts = np.diff(ends, prepend=-1)
    return Points(ordered[ends], counts, counts)


def _binned(values: Numbers, low: float, scale: float, deeper: int) -> Points:
    """Count bin by bin: 0 is all below ``low``, the last all above the bins."""
    import numpy as np

    codes, held = np.empty(len(values), dtype=np.uint16), np.empty(BLOCK)
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK]
        places = np.subtract(part, low, out=held[: len(part)])
        places *= scale
        places += 1.0
        codes[start : start + BLOCK] = np.clip(places, 0.0, BINS + 1.0, out=places)
    counts = np.bincount(codes, minlength=BINS + 2)
    tails = np.zeros(BINS + 2, dtype=bool)
    tails[[0, -1]] = True
    heavy = (counts > len(values) * HEAVY) & ~tails
    outside = values[np.flatnonzero((codes == 0) | (codes == BINS + 1))]
    known = [_sorted(np.sort(outside))] if len(outside) else []
    bounds = low + np.arange(BINS + 1) / scale
    thin = np.where(heavy | tails, 0, counts)[:-1]  # the bin below each bound; that below the first is the tail
    bins = Points(bounds, thin, np.zeros_like(thin))
    return _together(_joined([bins, *known, *_of_heavy(values, codes, counts, heavy, deeper)]))


def _of_heavy(
    values: Numbers, codes: NDArray[np.uint16], counts: Counts, heavy: NDArray[np.bool_], deeper: int
) -> list[Points]:
    """Return what is in heavy bins: one value alone as it is counted already, others in narrower bins."""
    import numpy as np

    if not heavy.any():
        return []
    seen = np.zeros(len(counts))
    seen[codes] = values
    mixed = np.zeros(len(counts), dtype=bool)
    mixed[codes[seen[codes] != values]] = True
    lumps = heavy & ~mixed
    found = [Points(seen[lumps], counts[lumps], counts[lumps])]
    rest = values[(heavy & mixed)[codes]]
    return [*found, _counted(rest, deeper - 1)] if len(rest) else found


def _joined(parts: Sequence[Points]) -> Points:
    """Return the points of parts whose values do not lie between those of another part, or are known one by one."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    edges = np.concatenate([part.edges for part in parts])
    order = np.argsort(edges, kind="stable")
    counts, at = (np.concatenate([getattr(part, name) for part in parts])[order] for name in ("counts", "at"))
    return Points(edges[order], counts, at)


def _together(points: Points) -> Points:
    """Return points in order with each edge once, without empty bins beyond the least and greatest row."""
    import numpy as np

    starts = np.flatnonzero(np.append(True, points.edges[1:] != points.edges[:-1]))
    counts, at = np.add.reduceat(points.counts, starts), np.add.reduceat(points.at, starts)
    held = np.flatnonzero(counts)
    first = max(int(held[0]) - int(at[held[0]] < counts[held[0]]), 0)
    kept = slice(first, int(held[-1]) + 1)
    return Points(points.edges[starts][kept], counts[kept], at[kept])


def condense(points: Points, most: int = LARGEST) -> Points:
    """Return at most so many points: at quantiles, and all of both tails; a value heavier than a quantile is kept."""
    import numpy as np

    if len(points.edges) <= most:
        return points
    up_to = np.cumsum(points.counts)
    rows, quantiles = int(up_to[-1]), most - 2 * TAIL
    outside = np.rint(np.geomspace(1, max(rows / quantiles, 1), TAIL))
    wanted = np.concatenate([outside, np.linspace(0, rows, quantiles + 1)[1:], rows + 1 - outside])
    places = distinct(np.searchsorted(up_to, wanted))
    return Points(points.edges[places], np.diff(up_to[places], prepend=0), points.at[places])


def merge(parts: Sequence[Points], most: int = WORKING) -> Points:
    """Return the points of all parts together; exact where they are exact and few."""
    import numpy as np

    if len(parts) == 1:
        return condense(parts[0], most)
    edges = distinct(np.concatenate([part.edges for part in parts]))
    sides = [part.rows_up_to(edges) for part in parts]
    below, up_to = (np.rint(sum(side[place] for side in sides)).astype(np.int64) for place in (0, 1))
    return condense(Points(edges, np.diff(up_to, prepend=0), up_to - below), most)
