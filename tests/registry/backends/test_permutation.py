"""Shapley values by permutations: what they are for small games, exactly; their sums; text; and what they may cost."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest

from registry.backends.programs.permutation import BACKGROUND_ROWS, MOST_SCORED, PERMUTATIONS, affordable, shapley


def exactly(score, row, background):
    """Return the Shapley values of one row by the definition: over all coalitions."""
    names = list(row.index)

    def worth(coalition):
        mixed = background.assign(**{name: row[name] for name in coalition})
        return float(np.mean(score(mixed)))

    found = []
    for name in names:
        others, total = [one for one in names if one != name], 0.0
        for size in range(len(names)):
            for chosen in combinations(others, size):
                gain = worth([*chosen, name]) - worth(chosen)
                total += gain / (len(names) * comb(len(names) - 1, size))
        found.append(total)
    return found


GAMES = {
    "additive": lambda table: table["a"] + 2 * table["b"] - table["c"],
    "a product of two": lambda table: table["a"] * table["b"] + table["c"],
    "one feature alone": lambda table: np.sin(table["b"]),
    "the same for all": lambda table: np.full(len(table), 0.5),
}


@pytest.mark.parametrize("score", GAMES.values(), ids=list(GAMES))
def test_games_of_pairs_are_solved_exactly(score):
    rows = pd.DataFrame(np.random.default_rng(1).normal(size=(9, 3)), columns=list("abc"))
    table, background = rows.iloc[:3].reset_index(drop=True), rows.iloc[3:]
    parts, base, full = shapley(score, table, background, seed=2)
    expected = [exactly(score, table.iloc[index], background) for index in range(3)]
    assert np.allclose(parts, expected)
    assert np.allclose(base + parts.sum(axis=1), full)
    assert np.allclose(full, score(table))


def test_games_of_three_add_up_and_come_near():
    def score(table):
        return (table["a"] * table["b"] * table["c"]) ** 2

    rows = pd.DataFrame(np.random.default_rng(3).uniform(size=(26, 3)), columns=list("abc"))
    table, background = rows.iloc[:6].reset_index(drop=True), rows.iloc[6:]
    parts, base, full = shapley(score, table, background, seed=4)
    assert np.allclose(base + parts.sum(axis=1), full)
    expected = [exactly(score, table.iloc[index], background) for index in range(6)]
    assert np.abs(parts - expected).max() < 0.05
    assert np.array_equal(parts, shapley(score, table, background, seed=4)[0])
    assert not np.array_equal(parts, shapley(score, table, background, seed=5)[0])


def test_text_missing_values_and_categories_stay_what_they_are():
    seen: set[str] = set()

    def score(table):
        seen.update(str(table[name].dtype) for name in table.columns)
        return (table["word"] == "x").to_numpy(dtype=float) + table["number"].isna().to_numpy(dtype=float)

    table = pd.DataFrame({"word": ["x", "y"], "kind": pd.Categorical(["p", "q"]), "number": [1.0, None]})
    parts, _, full = shapley(score, table, table, seed=0)
    assert seen == {str(dtype) for dtype in table.dtypes}
    assert full.tolist() == [1.0, 1.0]
    assert np.allclose(parts, [[0.5, 0, -0.5], [-0.5, 0, 0.5]])


def test_what_is_scored_has_a_budget():
    assert affordable(10) * 10 * 2 * PERMUTATIONS * BACKGROUND_ROWS <= MOST_SCORED
    assert affordable(10**9) == 1
