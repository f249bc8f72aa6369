"""Count, ends, mean and squared deviations of numbers, in one pass over memory and joined with those of others.

Parts are joined by the formula of Chan, Golub and LeVeque (1983), which loses no precision far from zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Moments:
    """How many numbers, the least and greatest, their mean, and the sum of squared deviations from it."""

    n: int = 0
    least: float = math.inf
    greatest: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def joined(self, other: Moments) -> Moments:
        """Return the moments of both; a mean or square beyond the largest number is infinite, or no number."""
        if not self.n or not other.n:
            return other if not self.n else self
        n, gap = self.n + other.n, other.mean - self.mean
        share = other.n / n
        return Moments(
            n,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
            self.mean + gap * share,
            self.squares + other.squares + gap * gap * self.n * share,
        )


def moments(values: NDArray[np.float64]) -> Moments:
    """Return the moments of numbers; ``least`` is NaN as soon as one of them is."""
    import numpy as np

    found = Moments()
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(values), BLOCK):
            part = values[start : start + BLOCK]
            least, mean = float(part.min()), float(part.mean())
            if math.isnan(least):
                return Moments(len(values), math.nan, math.nan, math.nan, math.nan)
            away = part - mean
            squares = float(np.einsum("i,i->", away, away))
            found = found.joined(Moments(len(part), least, float(part.max()), mean, squares))
    return found
