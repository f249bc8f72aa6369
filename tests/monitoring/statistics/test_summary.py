"""A summary of numbers is right to a thousandth whatever their distribution, also when it is merged from parts."""

import numpy as np
import pytest

from monitoring.statistics.summary import LARGEST, WORKING, condense, merge, summarise

ROWS = 100_000
SMOOTH, LUMPY = 4e-4, 2e-3


def _made(name):
    rng = np.random.default_rng(1)
    return {
        "normal": lambda: rng.normal(size=ROWS),
        "skewed": lambda: rng.lognormal(sigma=2, size=ROWS),
        "without mean": lambda: rng.standard_cauchy(ROWS),
        "far from zero": lambda: rng.normal(size=ROWS) + 1e12,
        "sorted": lambda: np.sort(rng.exponential(size=ROWS)),
        "two scales": lambda: np.concatenate([rng.normal(size=ROWS // 2) * scale for scale in (1e-9, 1e9)]),
        "mostly zero": lambda: np.where(rng.random(ROWS) < 0.6, 0.0, rng.lognormal(size=ROWS)),
        "many whole numbers": lambda: rng.poisson(1e6, ROWS).astype(float),
        "few whole numbers": lambda: rng.integers(0, 300, ROWS).astype(float),
        "constant": lambda: np.full(ROWS, -7.25),
        "wider than a float": lambda: rng.choice([-1.7e308, 1.7e308], ROWS),
        "one far out": lambda: np.append(rng.normal(size=ROWS - 1), 1e300),
    }[name]()


NAMES = {
    **dict.fromkeys(["normal", "skewed", "without mean", "far from zero", "sorted", "one far out"], SMOOTH),
    **dict.fromkeys(["two scales", "mostly zero", "many whole numbers"], LUMPY),
    **dict.fromkeys(["few whole numbers", "constant", "wider than a float"], 0),
}


def _furthest(points, values):
    ordered = np.sort(values)
    asked = np.unique(np.concatenate([ordered[::7], ordered[:50], ordered[-50:]]))
    with np.errstate(over="ignore"):
        found = points.rows_up_to(asked)
    exact = (np.searchsorted(ordered, asked, side) for side in ("left", "right"))
    return max(np.abs(one - other).max() for one, other in zip(found, exact, strict=True)) / len(values)


@pytest.mark.parametrize("name", NAMES)
def test_the_share_of_rows_up_to_any_value_is_right_and_the_points_are_few(name):
    values = _made(name)
    points = condense(summarise(values))
    assert len(points.edges) <= LARGEST
    assert (points.rows, points.exact) == (ROWS, NAMES[name] == 0)
    assert (points.edges[0], points.edges[-1]) == (values.min(), values.max())
    assert (points.edges[1:] > points.edges[:-1]).all()
    assert (points.at <= points.counts).all()
    assert _furthest(points, values) <= NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_parts_merge_to_what_the_whole_is(name):
    values = _made(name)
    points = merge([summarise(part) for part in np.array_split(values, [10, 20_000, 45_000])], LARGEST)
    assert (points.rows, points.exact) == (ROWS, NAMES[name] == 0)
    assert _furthest(points, values) <= NAMES[name] * 1.5


def test_what_is_held_while_parts_come_by_is_bounded():
    parts = [summarise(np.random.default_rng(seed).normal(size=20_000)) for seed in range(4)]
    assert max(len(part.edges) for part in [*parts, merge(parts)]) <= WORKING


def test_beyond_the_known_values_there_is_nothing_and_everything():
    below, up_to = summarise(np.array([1.0, 2.0, 2.0])).rows_up_to(np.array([0.0, 1.0, 1.5, 2.0, 3.0]))
    assert below.tolist() == [0, 0, 1, 1, 3]
    assert up_to.tolist() == [0, 1, 1, 3, 3]
