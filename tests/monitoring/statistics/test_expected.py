"""What is expected without labels is what comes true when scores are calibrated, and nothing where they are not."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from monitoring.statistics import reliability
from monitoring.statistics.compare import points_of
from monitoring.statistics.expected import METRICS, expect
from monitoring.statistics.reliability import NoProbabilitiesError, calibration, read
from tests.monitoring.statistics.test_sketch import column


def _rows(n, seed, a=2, b=3):
    rng = np.random.default_rng(seed)
    score = rng.beta(a, b, n)
    return score, (score >= 0.4).astype(np.int64), (rng.random(n) < score).astype(np.int64)


def _cells(score, prediction, label=None):
    return read(reliability.count(score, prediction, label))


def _true(score, prediction, label):
    return {
        "auc": roc_auc_score(label, score),
        "accuracy": accuracy_score(label, prediction),
        "precision": precision_score(label, prediction),
        "recall": recall_score(label, prediction),
        "f1": f1_score(label, prediction),
    }


def _expected(before, after, replicates=200):
    calibrated = calibration(_cells(*before))
    sketched = points_of(column(after[0]))
    return expect(_cells(*after[:2]), sketched, calibrated, np.random.default_rng(1), replicates)


def test_performance_on_shifted_rows_is_expected_as_it_comes_true():
    before, after = _rows(50_000, 1), _rows(50_000, 2, a=3, b=2)
    found, truth, earlier = _expected(before, after).values, _true(*after), _true(*before)
    for metric in METRICS:
        assert found[metric].value == pytest.approx(truth[metric], abs=0.01)
    assert max(abs(truth[metric] - earlier[metric]) for metric in METRICS) > 0.1


def test_the_labels_fall_into_the_intervals_about_as_often_as_they_say():
    inside = dict.fromkeys(METRICS, 0)
    for seed in range(60):
        found = _expected(_rows(600, seed), after := _rows(300, seed + 1000, a=3, b=2), 150).values
        for metric, value in _true(*after).items():
            inside[metric] += found[metric].lower <= value <= found[metric].upper
    assert min(inside.values()) >= 51, inside


def test_the_expected_confusion_matrix_is_that_of_the_scores_themselves():
    score = np.array([0.1, 0.2, 0.8, 0.9])
    found = _expected(_rows(5000, 1), (score, (score >= 0.5).astype(np.int64))).values
    assert found["accuracy"].value == pytest.approx((0.9 + 0.8 + 0.8 + 0.9) / 4)
    assert found["precision"].value == pytest.approx(0.85)
    assert found["recall"].value == pytest.approx(1.7 / 2.0)


def test_a_metric_without_a_denominator_is_not_expected():
    score = np.array([0.1, 0.2])
    assert _expected(_rows(5000, 1), (score, np.zeros(2, dtype=np.int64))).values["precision"] is None


def test_the_calibration_error_is_small_for_chances_and_large_for_what_only_ranks():
    score, prediction, label = _rows(20_000, 1)
    assert calibration(_cells(score, prediction, label)).error < 0.02
    assert calibration(_cells(score**4, prediction, label)).error > 0.1


@pytest.mark.parametrize(
    ("scores", "words"),
    [([0.1, 1.5], "run from 0.1 to 1.5"), ([0.1, np.nan], "missing for 1 of 2 rows"), ([], "missing for 0 of 0 rows")],
)
def test_scores_from_which_nothing_follows_say_why(scores, words):
    decided = np.zeros(len(scores), dtype=np.int64)
    with pytest.raises(NoProbabilitiesError, match=words):
        _cells(np.array(scores), decided, decided)


def test_without_labels_nothing_is_known_of_calibration():
    with pytest.raises(NoProbabilitiesError, match="labels"):
        calibration(_cells(*_rows(50, 1)[:2]))
