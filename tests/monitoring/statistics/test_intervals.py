"""Intervals against textbook values, other libraries, and their own promise of coverage."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from monitoring.statistics.holm import holm
from monitoring.statistics.intervals import around_mean, generator, newcombe, rate_interval, wilson
from monitoring.statistics.paired import pair_counts, rate_difference
from monitoring.statistics.rates import RATES


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 20), (20, 20), (7, 20), (81, 263), (1, 100_000)])
def test_wilson_equals_scipy(successes, n):
    peer = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((peer.low, peer.high), abs=1e-12)


def test_wilson_knows_nothing_of_no_rows_and_refuses_what_is_no_proportion():
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="5 successes of 3"):
        wilson(5, 3)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_equals_the_published_table(first, second, low, high):
    assert newcombe(first, second) == pytest.approx((low, high), abs=5e-5)


def test_a_mean_of_one_row_has_no_interval():
    assert around_mean(np.array([0.5])) is None
    assert around_mean(np.array([1.0, 2.0, 3.0])) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))


def test_f1_has_a_bootstrap_interval_around_the_value_of_scikit_learn():
    counts = np.array([40, 10, 15, 35])
    low, high = rate_interval(RATES["f1"], counts, generator(1, "f1"))
    value = f1_score([0] * 50 + [1] * 50, [0] * 40 + [1] * 10 + [0] * 15 + [1] * 35)
    assert float(RATES["f1"].values(counts)) == pytest.approx(value)
    assert 0.62 < low < value < high < 0.84


@pytest.mark.parametrize(
    ("p_values", "tests", "expected"),
    [
        ([0.01, 0.04, 0.03], None, [0.03, 0.06, 0.06]),
        ([0.5, 0.9], None, [1.0, 1.0]),
        ([0.01], 5, [0.05]),
        ([], None, []),
    ],
)
def test_holm_corrects_step_by_step(p_values, tests, expected):
    assert holm(p_values, tests) == pytest.approx(expected)


def _rate_difference(*given) -> Any:
    return rate_difference(RATES["accuracy"], *given)


def test_pairs_on_which_two_models_agree_narrow_the_interval_of_their_difference():
    rng = np.random.default_rng(0)
    labels, first = rng.integers(0, 2, 300), rng.integers(0, 2, 300)
    alike = np.where(np.arange(300) < 6, 1 - first, first)
    apart = rng.permutation(alike)
    close, far = (_rate_difference(pair_counts(labels, first, other), generator(1, "p")) for other in (alike, apart))
    assert close.value == pytest.approx(np.mean(first == labels) - np.mean(alike == labels))
    assert close.upper - close.lower < (far.upper - far.lower) / 3


def test_a_model_that_predicts_nobody_has_no_precision_to_compare():
    labels, first, second = np.array([0, 1, 1, 0]), np.zeros(4, dtype=int), np.array([0, 1, 0, 1])
    assert rate_difference(RATES["precision"], pair_counts(labels, first, second), generator(1, "p")) is None
