"""Shapley values of any model by permutations, each walked forwards and backwards, against a background of rows.

Method: Castro, Gómez and Tejada (2009), "Polynomial calculation of the Shapley value based on sampling", with
antithetic pairs (Mitchell et al. 2022). Features that are not in the coalition take the values of each background row
in turn (interventional), so that the parts of a row add up to its score minus the mean score of the background.
"""

from collections.abc import Callable
from typing import Any

PERMUTATIONS = 5
BACKGROUND_ROWS = 20
MOST_SCORED = 2_000_000


def affordable(columns: int) -> int:
    """Return how many rows can be explained within ``MOST_SCORED`` scored rows; at least one."""
    return max(1, MOST_SCORED // (2 * PERMUTATIONS * columns * BACKGROUND_ROWS))


class _Mixed:
    """Rows of which some columns are their own and the others those of each background row."""

    def __init__(self, table: Any, background: Any) -> None:
        import numpy as np
        import pandas as pd

        self.count, self.behind = len(table), len(background)
        self.names = list(table.columns)
        self.all = pd.concat([table, background], ignore_index=True)
        self.own = np.repeat(np.arange(self.count), self.behind)
        self.other = self.count + np.tile(np.arange(self.behind), self.count)
        self.columns = {name: self.all[name].take(self.other).reset_index(drop=True) for name in self.names}

    def keep(self, name: str) -> None:
        self.columns[name] = self.all[name].take(self.own).reset_index(drop=True)

    def release(self, name: str) -> None:
        self.columns[name] = self.all[name].take(self.other).reset_index(drop=True)

    def means(self, score: Callable[[Any], Any]) -> Any:
        """Return the mean score of each row over the background."""
        import numpy as np
        import pandas as pd

        found = np.asarray(score(pd.DataFrame(self.columns, columns=self.names)), dtype=np.float64)
        return found.reshape(self.count, self.behind).mean(axis=1)


def shapley(score: Callable[[Any], Any], table: Any, background: Any, seed: int) -> tuple[Any, Any, Any]:
    """Return (rows x features, base, score of each row), where parts + base = score; the same seed gives the same."""
    import numpy as np

    rng, width = np.random.default_rng(seed), table.shape[1]
    mixed = _Mixed(table, background)
    empty, full = mixed.means(score), np.asarray(score(table), dtype=np.float64)
    parts = np.zeros((len(table), width))
    for _ in range(PERMUTATIONS):
        order = rng.permutation(width)
        before = empty
        for place, index in enumerate(order):
            mixed.keep(mixed.names[index])
            now = full if place == width - 1 else mixed.means(score)
            parts[:, index] += now - before
            before = now
        before = full
        for place, index in enumerate(order):
            mixed.release(mixed.names[index])
            now = empty if place == width - 1 else mixed.means(score)
            parts[:, index] += before - now
            before = now
    return parts / (2 * PERMUTATIONS), empty, full
