"""Intervals against textbook values, other libraries, and their own promise of coverage."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from monitoring.statistics.contrasts import TooManyGroupsError, critical_value, largest_difference, ratios
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


def _groups(*selected_of):
    return np.array([(n - x, x, 0, 0) for x, n in selected_of])


SELECTED = RATES["selection_rate"]


def _ratios(counts, rng, replicates=1000) -> Any:
    return ratios(SELECTED, counts, rng, replicates)


def _rate_difference(*given) -> Any:
    return rate_difference(RATES["accuracy"], *given)


def test_the_difference_of_two_groups_is_newcombes():
    found = largest_difference([SELECTED], _groups((48, 80), (56, 70)), generator(1, "d"))
    assert (found.value, found.lower, found.upper) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.n == 70


def test_the_ratio_of_two_groups_is_that_of_wilsons_bounds_joined_by_fiellers_root():
    found = _ratios(_groups((10, 50), (30, 60)), generator(1, "r")).smallest
    (low_1, high_1), (low_2, high_2) = wilson(10, 50), wilson(30, 60)
    lower = (0.1 - (0.01 - low_1 * high_2 * (0.4 - low_1) * (1 - high_2)) ** 0.5) / (high_2 * (1 - high_2))
    upper = (0.1 + (0.01 - high_1 * low_2 * (0.4 - high_1) * (1 - low_2)) ** 0.5) / (low_2 * (1 - low_2))
    assert (found.value, found.lower, found.upper) == pytest.approx((0.4, lower, upper))


def test_more_contrasts_need_a_larger_critical_value():
    counts = _groups(*[(20, 50)] * 6)
    two, six, odds = (
        critical_value(rates, table, generator(1, "c"))
        for rates, table in (
            ([SELECTED], counts[:2]),
            ([SELECTED], counts),
            ([SELECTED, RATES["fpr"]], counts),
        )
    )
    assert two == pytest.approx(1.959964)
    assert 2.6 < six < 3.2, "the studentised range of six groups has 4.03 / sqrt(2) = 2.85"
    assert odds >= six - 0.1


def test_a_group_of_three_without_a_selection_is_not_certain_never_to_be_selected():
    counts = _groups((0, 3), (50, 100))
    found = _ratios(counts, generator(1, "r"))
    assert found.smallest.value == 0
    assert found.smallest.upper > 0.8
    gap = largest_difference([SELECTED], counts, generator(1, "d"))
    assert gap.lower < 0.1 < gap.value == 0.5


def test_many_rows_settle_the_ratio_and_a_group_never_selected_fails():
    settled = _ratios(_groups((4000, 10_000), (8000, 10_000)), generator(1, "r")).smallest
    assert (settled.value, settled.lower, settled.upper) == pytest.approx((0.5, 0.488, 0.512), abs=0.003)
    assert _ratios(_groups((0, 2000), (1000, 2000)), generator(1, "r")).smallest.upper < 0.02


def test_the_ratio_to_the_best_group_is_one_for_it_and_none_exists_when_nobody_is_selected():
    found = _ratios(_groups((10, 50), (30, 60), (20, 50)), generator(1, "r"))
    assert [item.value for item in found.to_best] == pytest.approx([0.4, 1.0, 0.8])
    assert [item.n for item in found.to_best] == [50, 60, 50]
    assert found.to_best[1].lower == found.to_best[1].upper == 1
    assert _ratios(_groups((0, 50), (0, 60)), generator(1, "r")) is None


def test_equalized_odds_is_the_larger_of_both_differences():
    counts = np.array([(40, 10, 20, 30), (30, 20, 10, 40)])
    found = largest_difference([RATES["tpr"], RATES["fpr"]], counts, generator(1, "e"))
    assert found.value == pytest.approx(0.2)
    assert found.n == 50


def test_eight_equal_groups_are_not_accused_by_chance():
    rng, accused = np.random.default_rng(5), 0
    for trial in range(100):
        selected = rng.binomial(50, 0.4, size=8)
        found = largest_difference([SELECTED], _groups(*((x, 50) for x in selected)), generator(trial, "d"), 300)
        accused += found.lower > 0
    assert accused <= 12, f"{accused} of 100 found a difference among equal groups"


def test_the_true_difference_and_ratio_of_small_groups_are_covered():
    rng, within_difference, within_ratio, trials = np.random.default_rng(6), 0, 0, 200
    for trial in range(trials):
        counts = _groups((int(rng.binomial(25, 0.3)), 25), (int(rng.binomial(40, 0.5)), 40))
        gap = largest_difference([SELECTED], counts, generator(trial, "d"), 300)
        ratio = _ratios(counts, generator(trial, "r"), 300).smallest
        within_difference += gap.lower <= 0.2 <= gap.upper
        within_ratio += ratio.lower <= 0.6 <= ratio.upper
    assert within_difference >= 0.91 * trials
    assert within_ratio >= 0.91 * trials


def test_more_groups_than_can_be_compared_are_refused():
    with pytest.raises(TooManyGroupsError, match="65 groups"):
        largest_difference([SELECTED], _groups(*[(1, 2)] * 65), generator(1, "d"))


def test_the_seed_and_the_question_decide_every_draw():
    counts = _groups((10, 50), (30, 60), (20, 50))
    first, second = (_ratios(counts, generator(1, "r")) for _ in range(2))
    assert first == second
    assert first != _ratios(counts, generator(2, "r"))
    assert first != _ratios(counts, generator(1, "other"))


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
