"""The bootstrap of rows: against theory, within strata, at sizes that are sampled, and where nothing is known."""

import math

import numpy as np
import pytest

from monitoring.statistics import bootstrap as module
from monitoring.statistics.bootstrap import bootstrap
from monitoring.statistics.performance.ranking import average_precision, calibration_error


def _mean(values):
    return lambda rows: lambda weights: {"mean": weights @ values[rows] / weights.sum(axis=1)}


def _interval(values, strata=None, seed=1, **options):
    strata = np.zeros(len(values), dtype=np.int64) if strata is None else strata
    return bootstrap(_mean(values), strata, np.random.default_rng(seed), 400, **options)["mean"]


@pytest.mark.parametrize("n", [100, 3000])
def test_the_interval_of_a_mean_is_that_of_the_central_limit(n, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 1000)
    values = np.random.default_rng(0).normal(3, 2, n)
    found = _interval(values)
    assert found.value == pytest.approx(values.mean())
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * values.std() / math.sqrt(n), rel=0.15)


def test_strata_keep_their_counts():
    strata = np.array([0] * 50 + [1] * 50)
    found = _interval(strata.astype(float), strata)
    assert (found.lower, found.value, found.upper) == (0.5, 0.5, 0.5)


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=50)
    assert _interval(values) == _interval(values)
    assert _interval(values) != _interval(values, seed=2)


def test_a_few_rows_have_an_infinite_interval_and_a_figure_that_does_not_exist_has_none():
    assert _interval(np.arange(9.0)).upper == math.inf
    assert _interval(np.full(20, math.nan)) is None


def test_reversed_deviations_take_back_the_bias_of_a_calibration_error():
    rng = np.random.default_rng(4)
    scores = rng.uniform(size=300)
    labels = (rng.uniform(size=300) < scores).astype(np.int64)

    def figures(rows):
        of = calibration_error(labels[rows], scores[rows])
        return lambda weights: {"ece": of(weights)}

    ends = [
        bootstrap(figures, labels * 0, np.random.default_rng(1), 300, reverse=reverse)["ece"].lower
        for reverse in (False, True)
    ]
    assert ends[1] < ends[0]


def test_average_precision_counts_equal_scores_as_one_step():
    labels, scores = np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.5, 0.1])
    assert average_precision(labels, scores)(np.ones((1, 4)))[0] == pytest.approx(2 / 3)
