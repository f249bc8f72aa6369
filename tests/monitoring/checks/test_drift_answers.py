"""Drift of answers: decisions, labels, what decisions rest on, and the performance that is then to be expected."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.checks.drift import check
from monitoring.statistics.answered import sketch_answers
from registry.canonical import canonical, parse
from registry.checks import Status
from tests.monitoring.checks.inputs import Collected, attributions, measure, one

SCHEMA = {
    "target": "ill",
    "positive": "yes",
    "features": [{"name": "bmi", "kind": "numeric"}, {"name": "bp", "kind": "numeric"}],
}
ESTIMATES = ("auc", "accuracy", "precision", "recall", "f1")


def _answers(n, seed, *, labels=True, a=2.0, power=1.0, **options):
    rng = np.random.default_rng(seed)
    score = rng.beta(a, 3, n)
    rows = {"bmi": rng.normal(26, 4, n), "bp": rng.normal(95, 14, n), "score": ["handed in"] * n}
    ill = np.where(rng.random(n) < score, "yes", "no")
    table = pa.table({**rows, "ill": ill} if labels else rows)
    return sketch_answers(table, SCHEMA, (score**power).tolist(), 0.4, **options)


def _measure(before, after, **parameters):
    return measure(check, Collected(baseline=before, current=after), **parameters)


BASELINE = _answers(4000, 1)


def test_a_sketch_of_answers_is_a_canonical_document_without_what_was_handed_in():
    assert parse(canonical(BASELINE)) == BASELINE
    assert [item["name"] for item in BASELINE["columns"]] == ["bmi", "bp", "score", "prediction", "label"]
    assert "handed in" not in canonical(BASELINE).decode()


def test_decisions_and_labels_are_compared_as_soon_as_they_are_known():
    found = _measure(BASELINE, _answers(2000, 2, a=3))
    for metric in ("prediction_change", "label_change"):
        assert float(one(found, f"drift.{metric}").lower) > 0.05
    late = _measure(BASELINE, _answers(2000, 2, a=3, labels=False))
    assert one(late, "drift.prediction_change").value == one(found, "drift.prediction_change").value
    assert one(late, "drift.label_change").status is Status.NOT_APPLICABLE


def test_performance_is_estimated_without_labels_and_says_that_it_is_an_estimate():
    found = _measure(BASELINE, _answers(2000, 2, labels=False))
    assert "performance_estimated" in {item.code for item in found.findings}
    for metric in ESTIMATES:
        item = one(found, f"drift.estimated_{metric}")
        assert item.n == 2000
        assert float(item.lower) < float(item.value) < float(item.upper)
        assert "estimate" in check.metrics[item.metric] or "expected" in check.metrics[item.metric]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (_answers(4000, 1, power=4), _answers(500, 2, power=4), "above 0.05"),
        (_answers(4000, 1, labels=False), _answers(500, 2), "labels of the baseline rows were not kept"),
        (_answers(30, 1), _answers(500, 2), "above 0.05"),
        (BASELINE, {key: value for key, value in _answers(500, 2).items() if key != "reliability"}, "current rows"),
    ],
    ids=["not calibrated", "no labels", "too few to know", "nothing kept now"],
)
def test_what_is_not_known_to_be_calibrated_gives_no_estimate(before, after, words):
    found = _measure(before, after)
    for metric in ESTIMATES:
        item = one(found, f"drift.estimated_{metric}")
        assert (item.status, item.value) == (Status.NOT_COMPUTABLE, None)
        assert words in item.reason
    assert not [item for item in found.findings if item.code == "performance_estimated"]


def test_a_policy_may_allow_worse_calibration():
    found = _measure(_answers(4000, 1, power=1.2), _answers(500, 2, power=1.2), calibration="0.2")
    assert 0.02 < float(one(found, "drift.calibration_error").value) < 0.2
    assert one(found, "drift.estimated_auc").status is Status.MEASURED


def _explained(seed, weights=(1.0, 0.5), **options):
    table, _ = attributions(400, seed, weights=weights)
    return _answers(400, seed, attributions=table, **options)


def test_what_decisions_rest_on_is_compared_by_its_shares():
    before = _explained(1)
    same, moved = _measure(before, _explained(2)), _measure(before, _explained(2, weights=(1.0, 2.0)))
    for feature in ("bmi", "bp"):
        item = one(same, "drift.attribution_change", f"feature={feature}")
        assert float(item.lower) < 0 < float(item.upper)
    assert one(same, "drift.attribution_distance").lower == "0"
    assert float(one(moved, "drift.attribution_distance").lower) > 0.1
    changes = [float(one(moved, "drift.attribution_change", f"feature={name}").value) for name in ("bmi", "bp")]
    assert sum(changes) == pytest.approx(0, abs=1e-9)
    assert float(one(moved, "drift.attribution_distance").value) == pytest.approx(changes[1], abs=1e-9)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (BASELINE, _explained(2), "NOT_APPLICABLE"),
        (_explained(1), _answers(400, 2), "NOT_COMPUTABLE"),
        (_explained(1), _explained(2, weights=(0.0, 0.0)), "NOT_COMPUTABLE"),
    ],
    ids=["none before", "none now", "nothing attributed"],
)
def test_attributions_that_are_not_there_are_not_compared(before, after, status):
    if status == "NOT_COMPUTABLE" and "attributions" in after:
        after["attributions"] = [item | {"n": 0} for item in after["attributions"]]
    item = one(_measure(before, after), "drift.attribution_distance")
    assert (item.status, item.value) == (status, None)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_of_a_target_that_is_not_one_of_two_classes_no_label_is_positive(task):
    table = pa.table({"bmi": [1.0, 2.0], "bp": [1.0, 2.0], "ill": ["a", "b"]})
    found = sketch_answers(table, {**SCHEMA, "task": task, "positive": ""}, [0.1, 0.9], 0.5)
    assert [item["name"] for item in found["columns"]] == ["bmi", "bp", "score", "prediction"]
    assert "positives" not in found["reliability"]
