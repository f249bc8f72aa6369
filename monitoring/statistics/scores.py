"""Scores by group: who scores above the median of all (a count cube again), and how far the groups' means lie apart,
of the scores and of other values per row, such as score minus label.

The sums per cell (rows, sum and sum of squares about the median) are kept as evidence; they hold no row. Intervals of
means and of their differences hold for all groups and attributes at once: their critical value is the 95 % quantile of
the largest studentised deviation over parametric bootstrap replicates of each group's mean and variance, the slices
taken as independent, which is the cautious side (Sidak 1967).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.counting import read_batches
from monitoring.statistics.cube import Cube, add, count_cube, join
from monitoring.statistics.intervals import CONFIDENCE
from monitoring.statistics.predictions import Predictions
from monitoring.statistics.slices import Slice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 2  # a spread needs two


@dataclass(frozen=True, slots=True)
class Scored:
    """The cube in which "predicted positive" means a score above the median, and per cell n, sum and squares of the
    scores minus the median, and of other values by name.
    """

    median: float
    cube: Cube
    sums: NDArray[np.float64]
    others: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the canonical JSON form that is kept as evidence; numbers as they are written exactly."""
        others = {name: _written(sums) for name, sums in self.others.items()}
        whole = {"median": repr(self.median), "cube": self.cube.document(), "sums": _written(self.sums)}
        return whole | {"others": others} if others else whole


def _written(sums: NDArray[np.float64]) -> list[list[Any]]:
    return [[int(n), repr(float(total)), repr(float(squares))] for n, total, squares in sums]


@dataclass(frozen=True, slots=True)
class Means:
    """The groups' counts, mean scores and standard errors of these."""

    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    error: NDArray[np.float64]


ValueOf = Callable[[Predictions], "NDArray[np.float64]"]


def count_scores(
    batches: Iterable[Any], attributes: Sequence[str], median: float, others: Mapping[str, ValueOf] | None = None
) -> Scored:
    """Return the scores by group; every row of the batches must have a score."""
    return count_values(read_batches(batches), attributes, median, others or {})


def count_values(
    parts: Iterable[Predictions], attributes: Sequence[str], median: float, others: Mapping[str, ValueOf]
) -> Scored:
    """Return the scores, and the other values by name, by group."""
    import numpy as np

    cubes: list[Cube] = []
    sums: dict[tuple[str, ...], NDArray[np.float64]] = {}
    for found in parts:
        scores = np.asarray(found.scores) - median
        cubes.append(count_cube(replace(found, predictions=(scores > 0).astype(np.int64)), attributes))
        cells, code = join([found.groups[name] for name in attributes], len(found))
        values = [scores, *(value(found) for value in others.values())]
        weights = [np.ones(len(code)), *(one for value in values for one in (value, value**2))]
        added = np.stack([np.bincount(code, weight, len(cells)) for weight in weights], 1)
        for cell, part in zip(cells, added, strict=True):
            if part[0]:
                sums[cell] = sums[cell] + part if cell in sums else part
    cube = add(cubes, attributes)
    whole = np.array([sums[cell] for cell in cube.groups])
    named = {name: whole[:, [0, 3 + 2 * place, 4 + 2 * place]] for place, name in enumerate(others)}
    return Scored(median, cube, whole[:, :3], named)


def means_of(cut: Slice, sums: NDArray[np.float64], centre: float = 0.0) -> Means | None:
    """Return the means of a slice's groups out of the sums per cell; None where a group has fewer than two rows."""
    import numpy as np

    groups = np.zeros((len(cut.labels), 3))
    inside = cut.place >= 0
    np.add.at(groups, cut.place[inside], sums[inside])
    n, total, squares = groups.T
    if not len(n) or (n < FEWEST).any():
        return None
    variance = np.maximum(squares - total * total / n, 0.0) / (n - 1)
    return Means(n.astype(np.int64), centre + total / n, np.sqrt(variance / n))


def critical_means(found: Sequence[Means], rng: np.random.Generator, replicates: int) -> tuple[float, float]:
    """Return how many standard errors all means, and all their differences, stay within 95 % of the time."""
    import numpy as np

    alone, apart = np.zeros(replicates), np.zeros(replicates)
    for means in found:
        away = rng.standard_normal((replicates, len(means.n))) * means.error
        spread = means.error**2 * rng.chisquare(means.n - 1, (replicates, len(means.n))) / (means.n - 1)
        alone = np.maximum(alone, _studentised(away, spread).max(axis=1))
        first, second = np.triu_indices(len(means.n), k=1)
        if len(first):
            gaps = _studentised(away[:, first] - away[:, second], spread[:, first] + spread[:, second])
            apart = np.maximum(apart, gaps.max(axis=1))
    return float(np.quantile(alone, CONFIDENCE)), float(np.quantile(apart, CONFIDENCE))


def _studentised(away: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(np.divide(np.abs(away), np.sqrt(spread), out=np.zeros_like(away), where=spread > 0))


def mean_of(means: Means, group: int, critical: float) -> Estimate:
    """Return one group's mean score."""
    value, half = float(means.mean[group]), critical * float(means.error[group])
    return Estimate(value, value - half, value + half, int(means.n[group]))


def largest_gap(means: Means, critical: float) -> Estimate:
    """Return the largest difference between two groups' mean scores."""
    import numpy as np

    gaps = means.mean[:, None] - means.mean
    half = critical * np.hypot(means.error[:, None], means.error)
    value = float(gaps.max())
    pairs = ~np.eye(len(gaps), dtype=bool)
    lower, upper = max(0.0, float((gaps - half)[pairs].max())), float((gaps + half)[pairs].max())
    return Estimate(value, min(lower, value), max(upper, value), int(means.n.min()))
