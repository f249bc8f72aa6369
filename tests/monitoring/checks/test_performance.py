"""Performance against scikit-learn, and every case in which a number must not exist."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from monitoring.checks.performance import check
from monitoring.statistics.cube import parse_cube
from monitoring.statistics.performance.naming import COMPARED as OF_TASK
from monitoring.statistics.rates import RATES
from registry.checks import Status
from tests.monitoring.checks.inputs import Collected, measure, one, predictions, random_predictions

COMPARED = OF_TASK["binary"]
OF_PROBABILITIES = ("brier", "log_loss", "ece", "calibration_gap")


def _measure(table, seed=7, **given):
    return measure(check, Collected(predictions=table, **given), seed)


def test_every_number_equals_scikit_learn():
    table = random_predictions(250, seed=2)
    found = _measure(table)
    label, predicted, score = (table.column(name).to_numpy() for name in ("label", "prediction", "score"))
    expected = {
        "rows": 250,
        "base_rate": label.mean(),
        "auc": metrics.roc_auc_score(label, score),
        "brier": metrics.brier_score_loss(label, score),
        "accuracy": metrics.accuracy_score(label, predicted),
        "precision": metrics.precision_score(label, predicted),
        "recall": metrics.recall_score(label, predicted),
        "f1": metrics.f1_score(label, predicted),
        "selection_rate": predicted.mean(),
        "specificity": metrics.recall_score(label, predicted, pos_label=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(label, predicted),
        "mcc": metrics.matthews_corrcoef(label, predicted),
        "pr_auc": metrics.average_precision_score(label, score),
        "log_loss": metrics.log_loss(label, score),
        "calibration_gap": score.mean() - label.mean(),
    }
    for name, value in expected.items():
        assert float(one(found, f"performance.{name}").value) == pytest.approx(value, abs=1e-11), name
    assert one(found, "performance.precision").n == predicted.sum()
    assert one(found, "performance.recall").n == label.sum()


def test_the_figures_of_the_confusion_table_are_recomputed_from_the_evidence():
    found = _measure(random_predictions())
    counts = parse_cube(found.evidence["confusion"]).array()[0]
    for name, rate in {"accuracy": "accuracy", "recall": "tpr", "f1": "f1"}.items():
        assert float(one(found, f"performance.{name}").value) == pytest.approx(float(RATES[rate].values(counts)))


@pytest.mark.parametrize(
    ("label", "prediction", "score", "missing"),
    [
        (
            [1, 1, 1, 1],
            [1, 1, 0, 1],
            [0.9, 0.8, 0.2, 0.7],
            {"auc", "pr_auc", "specificity", "balanced_accuracy", "mcc"},
        ),
        (
            [0, 0, 0, 0],
            [0, 0, 0, 0],
            [0.1, 0.2, 0.2, 0.3],
            {"auc", "pr_auc", "recall", "precision", "f1", "balanced_accuracy", "mcc"},
        ),
        ([0, 1, 0, 1], [0, 0, 0, 0], [0.1, 0.2, 0.2, 0.3], {"precision", "mcc"}),
        ([0, 1, 0, 1], [0, 1, 0, 1], None, {"auc", "pr_auc", *OF_PROBABILITIES}),
        ([0, 1, 0, 1], [0, 1, 0, 1], [0.1, None, 0.2, 0.9], {"auc", "pr_auc", *OF_PROBABILITIES}),
        ([0, 1, 0, 1], [0, 1, 0, 1], [0.1, float("nan"), 0.2, 0.9], {"auc", "pr_auc", *OF_PROBABILITIES}),
        ([0, 1, 0, 1], [0, 1, 0, 1], [-3.0, 2.0, -1.0, 4.0], {*OF_PROBABILITIES}),
    ],
)
def test_a_number_that_does_not_exist_is_not_computable_and_never_zero(label, prediction, score, missing):
    found = _measure(predictions(label, prediction, score))
    absent = {item.metric.split(".")[1] for item in found.measurements if item.status is Status.NOT_COMPUTABLE}
    assert absent - {"overlap_share", "worst_slice_gap"} == missing
    assert all(item.value is None and item.reason for item in found.measurements if item.status is not Status.MEASURED)


def test_probabilities_as_predictions_are_an_error_and_no_number_is_reported():
    found = _measure(predictions([0, 1], [0.2, 0.9]))
    assert found.status is Status.ERROR
    assert found.measurements == ()
    assert "probabilities" in found.reason
    assert [item.code for item in found.findings] == ["predictions_are_probabilities"]


def test_infinite_scores_are_an_error():
    assert _measure(predictions([0, 1], [0, 1], [0.5, float("inf")])).status is Status.ERROR


@pytest.mark.parametrize(
    ("overlap", "value", "codes"),
    [
        ({"rows_evaluate": 200, "rows_train": 300, "rows_overlapping": 0}, "0", []),
        ({"rows_evaluate": 200, "rows_train": 300, "rows_overlapping": 5}, "0.025", ["evaluation_rows_seen"]),
        ({"rows_evaluate": 200, "rows_train": 300, "rows_overlapping": 201}, None, []),
        ({"rows_evaluate": 0, "rows_train": 300, "rows_overlapping": 0}, None, []),
        ({"rows_evaluate": 200, "rows_overlapping": None}, None, []),
        ({}, None, []),
        (None, None, []),
    ],
)
def test_the_overlap_with_the_training_rows_is_a_share_or_not_known(overlap, value, codes):
    given = {} if overlap is None else {"overlap": overlap}
    found = _measure(random_predictions(), **given)
    share = one(found, "performance.overlap_share")
    assert share.value == value
    assert share.status is (Status.NOT_COMPUTABLE if value is None else Status.MEASURED)
    assert [item.code for item in found.findings] == codes


def test_without_an_incumbent_every_difference_is_not_applicable():
    found = _measure(random_predictions())
    for name in COMPARED:
        item = one(found, f"performance.{name}_difference")
        assert (item.status, item.value) == (Status.NOT_APPLICABLE, None)
        assert "No version is in production" in item.reason


def _incumbent(table, seed=9):
    """The same rows in another order, with another model's scores."""
    rng, columns = np.random.default_rng(seed), table.to_pydict()
    order = rng.permutation(table.num_rows)
    score = np.clip(np.array(columns["score"]) + rng.normal(0, 0.15, table.num_rows), 0, 1)[order]
    label = np.array(columns["label"])[order]
    return predictions(label, (score >= 0.5).astype(int), score, order.tolist()), score, label


def test_differences_are_paired_by_row_and_not_by_order():
    table = random_predictions(250, seed=2)
    other, score, label = _incumbent(table)
    found = _measure(table, incumbent_predictions=other)
    mine = [table.column(name).to_numpy() for name in ("label", "score", "prediction")]
    expected = {
        "auc": metrics.roc_auc_score(mine[0], mine[1]) - metrics.roc_auc_score(label, score),
        "brier": metrics.brier_score_loss(mine[0], mine[1]) - metrics.brier_score_loss(label, score),
        "log_loss": metrics.log_loss(mine[0], mine[1]) - metrics.log_loss(label, score),
        "pr_auc": metrics.average_precision_score(mine[0], mine[1]) - metrics.average_precision_score(label, score),
        "mcc": metrics.matthews_corrcoef(mine[0], mine[2]) - metrics.matthews_corrcoef(label, score >= 0.5),
        "balanced_accuracy": metrics.balanced_accuracy_score(mine[0], mine[2])
        - metrics.balanced_accuracy_score(label, score >= 0.5),
        "f1": metrics.f1_score(mine[0], mine[2]) - metrics.f1_score(label, score >= 0.5),
        "selection_rate": mine[2].mean() - (score >= 0.5).mean(),
    }
    for name, value in expected.items():
        item = one(found, f"performance.{name}_difference")
        assert float(item.value) == pytest.approx(value, abs=1e-11), name
        assert float(item.lower) < float(item.upper)
    aucs = one(found, "performance.auc")
    gap = one(found, "performance.auc_difference")
    assert float(gap.upper) - float(gap.lower) < float(aucs.upper) - float(aucs.lower)


def test_an_incumbent_with_the_same_predictions_differs_by_nothing():
    table = random_predictions()
    found = _measure(table, incumbent_predictions=table)
    assert {one(found, f"performance.{name}_difference").value for name in COMPARED} == {"0"}
    gap = one(found, "performance.auc_difference")
    assert (gap.lower, gap.upper) == ("0", "0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"row": [0, 1, 2, 9]}, "3 in common"),
        ({"label": [1, 1, 0, 1]}, "labels of 1 of 4 rows"),
        ({"prediction": [0.5, 1, 0, 1]}, "probabilities"),
    ],
)
def test_an_incumbent_on_other_rows_is_not_compared(change, words):
    own = {"row": [0, 1, 2, 3], "label": [0, 1, 0, 1], "prediction": [0, 1, 0, 1], "score": [0.1, 0.9, 0.2, 0.8]}
    found = _measure(pa.table(own), incumbent_predictions=pa.table({**own, **change}))
    for name in COMPARED:
        item = one(found, f"performance.{name}_difference")
        assert item.status is Status.NOT_COMPUTABLE
        assert words in item.reason
    assert one(found, "performance.accuracy").value == "1"


def test_predictions_that_no_threshold_gives_are_a_finding():
    found = _measure(predictions([0, 1, 0, 1], [0, 1, 1, 0], [0.1, 0.9, 0.3, 0.8]))
    finding = next(item for item in found.findings if item.code == "threshold_not_single")
    assert finding.data == {"rows": 1}
    assert not _measure(random_predictions()).findings
