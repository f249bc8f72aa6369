"""Two distributions of numbers over the same evenly spaced bins: what a picture of them is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from monitoring.statistics.summary import Points
from registry.canonical import decimal_string

BINS = 24
ASIDE = 0.01
WIDEST = 1e307  # what is wider than a number can be is drawn cut off


@dataclass(frozen=True, slots=True)
class Shape:
    """Rows of both samples in bins between ``low`` and ``high``; first and last hold what lies beyond as well."""

    low: float
    high: float
    before: tuple[int, ...]
    after: tuple[int, ...]

    def document(self) -> dict[str, Any]:
        """Return the shape as evidence."""
        return {
            "low": decimal_string(self.low),
            "high": decimal_string(self.high),
            "baseline": list(self.before),
            "current": list(self.after),
        }


def shape_of(before: Points, after: Points) -> Shape:
    """Return the bins between the percentiles 1 and 99 of the samples, whichever lies further out, and round ends."""
    import numpy as np

    ends = [_percentile(item, share) for item in (before, after) for share in (ASIDE, 1 - ASIDE)]
    low, high = max(min(ends), -WIDEST), min(max(ends), WIDEST)
    if not high > low:
        room = abs(low) / 10 or 1.0
        low, high = low - room, high + room
    low, high = _rounded(low, high)
    inner = np.linspace(low, high, BINS + 1)[1:-1]
    counted = []
    for item in (before, after):
        below, _ = item.rows_up_to(inner)
        counted.append(tuple(np.diff(np.rint([0.0, *below, item.rows])).astype(int).tolist()))
    return Shape(low, high, counted[0], counted[1])


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Return ends a little further out, at round numbers: an end tells of no row."""
    step = 10.0 ** math.floor(math.log10(high - low)) / 10
    return (math.floor(low / step) * step, math.ceil(high / step) * step) if step > 0 else (low, high)


def _percentile(item: Points, share: float) -> float:
    import numpy as np

    up_to = np.cumsum(item.counts)
    return float(item.edges[min(int(np.searchsorted(up_to, share * up_to[-1])), len(up_to) - 1)])
