"""The rates of a 2x2 table of counts, each a ratio of two sums of its four cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = ("tn", "fp", "fn", "tp")


@dataclass(frozen=True, slots=True)
class Rate:
    """Weights over (tn, fp, fn, tp) of numerator and denominator, and what an empty denominator means in words."""

    numerator: tuple[int, int, int, int]
    denominator: tuple[int, int, int, int]
    empty: str

    @property
    def is_proportion(self) -> bool:
        """Whether it counts rows among rows, so that Wilson's interval applies."""
        return set(self.numerator) | set(self.denominator) <= {0, 1}

    def parts(self, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return numerators and denominators of counts whose last axis is (tn, fp, fn, tp)."""
        import numpy as np

        return np.asarray(counts @ np.array(self.numerator)), np.asarray(counts @ np.array(self.denominator))

    def values(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the rates, NaN where the denominator is 0."""
        import numpy as np

        above, below = self.parts(counts)
        return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0))


RATES = {
    "selection_rate": Rate((0, 1, 0, 1), (1, 1, 1, 1), "it has no rows"),
    "base_rate": Rate((0, 0, 1, 1), (1, 1, 1, 1), "it has no rows"),
    "accuracy": Rate((1, 0, 0, 1), (1, 1, 1, 1), "it has no rows"),
    "tpr": Rate((0, 0, 0, 1), (0, 0, 1, 1), "it has no row with a positive label"),
    "fnr": Rate((0, 0, 1, 0), (0, 0, 1, 1), "it has no row with a positive label"),
    "fpr": Rate((0, 1, 0, 0), (1, 1, 0, 0), "it has no row with a negative label"),
    "specificity": Rate((1, 0, 0, 0), (1, 1, 0, 0), "it has no row with a negative label"),
    "precision": Rate((0, 0, 0, 1), (0, 1, 0, 1), "none of its rows is predicted positive"),
    "f1": Rate((0, 0, 0, 2), (0, 1, 1, 2), "it has neither a positive label nor a positive prediction"),
}
