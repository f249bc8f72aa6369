"""Bootstrap of rows: intervals of any figure that is a function of weighted rows, many replicates at a time.

A replicate draws rows with replacement within strata (Efron and Tibshirani 1993), which is the same as giving each row
a whole weight; a figure is written once, as a function of weights, and its value is that of all weights 1. Of more than
``MOST_ROWS`` rows a sample of so many is resampled, and the deviations are scaled to the count of all.
Differences of two models are figures too: the same weights go to both, so that the pairs stay together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weighted = Callable[[NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]
    Figures = Callable[[NDArray[np.int64]], Weighted]

MOST_ROWS = 20_000
FEWEST_ROWS = 10
AT_ONCE = 2_000_000
Bounds = tuple[float, float]


def bootstrap(
    figures: Figures,
    strata: NDArray[np.int64],
    rng: np.random.Generator,
    replicates: int,
    *,
    reverse: bool = False,
) -> dict[str, Estimate | None]:
    """Return each figure with its interval; None where the figure does not exist.

    ``figures(rows)`` gives the function of weights (replicates x rows) over these rows. With ``reverse`` the deviations
    are turned round (the basic bootstrap), which takes back the bias of figures that chance can only make larger.
    Below FEWEST_ROWS rows the interval is infinite: nothing is known.
    """
    import numpy as np

    n = len(strata)
    exact = {name: float(values[0]) for name, values in figures(np.arange(n))(np.ones((1, n))).items()}
    if n < FEWEST_ROWS:
        return {name: _certain(value, (-math.inf, math.inf), n) for name, value in exact.items()}
    rows = _sampled(strata, rng)
    weighted, scale = figures(rows), math.sqrt(len(rows) / n)
    base = {name: float(values[0]) for name, values in weighted(np.ones((1, len(rows)))).items()}
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in exact}
    for weights in _weights(strata[rows], rng, replicates):
        for name, values in weighted(weights).items():
            drawn[name].append(values)
    found: dict[str, Estimate | None] = {}
    for name, value in exact.items():
        away = (np.concatenate(drawn[name]) - base[name]) * scale
        found[name] = _certain(value, _bounds(value, away[~np.isnan(away)], reverse=reverse), n)
    return found


def _certain(value: float, bounds: Bounds, n: int) -> Estimate | None:
    return None if math.isnan(value) else Estimate(value, min(bounds[0], value), max(bounds[1], value), n)


def _bounds(value: float, away: NDArray[np.float64], *, reverse: bool) -> Bounds:
    import numpy as np

    if not len(away):
        return -math.inf, math.inf
    low, high = np.quantile(away, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    return (value - float(high), value - float(low)) if reverse else (value + float(low), value + float(high))


def _sampled(strata: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all rows, or a sample of them with the shares of the strata, in order."""
    import numpy as np

    n = len(strata)
    if n <= MOST_ROWS:
        return np.arange(n)
    groups = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    kept = [rng.choice(rows, max(1, round(len(rows) * MOST_ROWS / n)), replace=False) for rows in groups]
    return np.sort(np.concatenate(kept))


def _weights(strata: NDArray[np.int64], rng: np.random.Generator, replicates: int) -> Iterator[NDArray[np.float64]]:
    """Give blocks of weights (replicates x rows) whose sums within each stratum are its count of rows."""
    import numpy as np

    n, groups = len(strata), [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    block = max(1, AT_ONCE // n)
    for start in range(0, replicates, block):
        size = min(block, replicates - start)
        weights = np.zeros((size, n))
        for rows in groups:
            drawn = rng.integers(0, len(rows), (size, len(rows))) + np.arange(size)[:, None] * len(rows)
            weights[:, rows] = np.bincount(drawn.ravel(), minlength=size * len(rows)).reshape(size, len(rows))
        yield weights
