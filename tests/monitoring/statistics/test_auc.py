"""The area under the curve against scikit-learn and a count of all pairs, its interval against a bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from monitoring.statistics.auc import TooFewOfAClassError, area, difference


def _scores(n=120, seed=0, ties=False, strength=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    scores = labels * strength + rng.normal(size=n)
    return labels, np.round(scores) if ties else scores


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_area_equals_scikit_learn(seed, ties):
    labels, scores = _scores(seed=seed, ties=ties)
    assert area(labels, scores).value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_the_interval_is_that_of_the_pairs_placements():
    labels, scores = _scores(60, seed=2, ties=True)
    up, down = scores[labels == 1], scores[labels == 0]
    wins = (up[:, None] > down).astype(float) + 0.5 * (up[:, None] == down)
    error = (wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)) ** 0.5
    value = wins.mean()
    centre, half = np.log(value / (1 - value)), 1.959964 * error / (value * (1 - value))
    found = area(labels, scores)
    assert (found.lower, found.upper) == pytest.approx(
        (1 / (1 + np.exp(half - centre)), 1 / (1 + np.exp(-half - centre)))
    )


def test_the_paired_interval_is_that_of_a_bootstrap_over_rows():
    labels, first = _scores(200, seed=3)
    second = first + np.random.default_rng(4).normal(size=200)
    rng, gaps = np.random.default_rng(5), []
    for _ in range(400):
        rows = rng.integers(0, 200, 200)
        gaps.append(roc_auc_score(labels[rows], first[rows]) - roc_auc_score(labels[rows], second[rows]))
    found = difference(labels, first, second)
    assert found.value == pytest.approx(roc_auc_score(labels, first) - roc_auc_score(labels, second))
    assert (found.lower, found.upper) == pytest.approx(np.quantile(gaps, [0.025, 0.975]), abs=0.015)


def test_the_same_order_of_rows_is_no_difference_whatever_the_scale():
    labels, scores = _scores()
    found = difference(labels, scores, np.exp(scores))
    assert (found.value, found.lower, found.upper) == (0, 0, 0)


def test_a_perfect_order_of_few_rows_is_not_certain():
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = area(labels, np.arange(6.0))
    assert (found.value, found.upper) == (1, 1)
    assert found.lower == pytest.approx(0.025 ** (1 / 3))
    turned = area(labels, -np.arange(6.0))
    assert (turned.lower, turned.value) == (0, 0)
    assert turned.upper == pytest.approx(1 - 0.025 ** (1 / 3))
    gap = difference(labels, np.arange(6.0), np.array([0.0, 2, 1, 4, 3, 5]))
    assert gap.lower < 0 < gap.upper


def test_constant_scores_are_chance():
    assert area(np.array([0, 1, 0, 1]), np.ones(4)).value == 0.5


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], [0, 0, 1]])
def test_too_few_rows_of_a_class_are_refused(labels):
    with pytest.raises(TooFewOfAClassError, match="at least 2 rows of each class"):
        area(np.array(labels), np.arange(3.0))
