"""A training that went well, and each way in which one goes wrong; what is not known is never a pass."""

import math

import numpy as np
import pytest

from monitoring.checks.training_health import check
from monitoring.statistics.training_curves import document_of, held_out_loss, read_curves, training_loss
from registry.canonical import canonical
from registry.checks import ParameterError, Status
from tests.monitoring.checks.inputs import Collected, measure, one

STEPS = range(100)
DOWN = [1 / (1 + step / 10) for step in STEPS]
UP_AGAIN = [1 / (1 + step / 10) + max(0, step - 40) / 60 for step in STEPS]
NOISE = np.random.default_rng(0).normal(0, 0.01, 100)


def _document(status="FINISHED", *, complete=True, source="mlflow", **curves):
    named = {name.replace("__", "/"): list(enumerate(values)) for name, values in curves.items()}
    return document_of(source, status, named, complete=complete)


def _measure(document, **parameters):
    return measure(check, Collected(curves=document), **parameters)


def _value(found, name, group=""):
    return float(one(found, f"training_health.{name}", group).value)


def test_a_training_that_went_well():
    found = _measure(_document(train__loss=np.array(DOWN) + NOISE, val__loss=np.array(DOWN) + 0.05 + NOISE), steps=99)
    assert (_value(found, "finished"), _value(found, "not_finite"), _value(found, "restarts")) == (1, 0, 0)
    assert _value(found, "completed_share") == 1
    assert _value(found, "divergence") < 0.05
    assert _value(found, "held_out_rise") < 0.05
    assert _value(found, "gap") == pytest.approx(0.05, abs=0.001)
    assert found.findings == ()
    assert [plot["title"] for plot in found.evidence["plots"]] == ["How the training went"]


def test_a_training_that_diverges_and_one_that_learns_by_heart():
    diverged = _measure(_document(loss=UP_AGAIN))
    assert _value(diverged, "divergence") > 0.8
    by_heart = _measure(_document(train_loss=DOWN, val_loss=UP_AGAIN))
    assert _value(by_heart, "divergence") == pytest.approx(0, abs=0.01)
    assert _value(by_heart, "held_out_rise") > 0.8
    assert 0.3 < _value(by_heart, "best_at") < 0.5
    assert _value(by_heart, "gap") == pytest.approx(59 / 60, abs=0.1)


def test_values_that_are_no_numbers_are_counted_by_curve_and_change_no_other_number():
    spoilt = [*DOWN[:-2], math.nan, math.inf]
    found = _measure(_document(loss=spoilt, accuracy=DOWN))
    assert _value(found, "not_finite") == _value(found, "not_finite", "curve=loss") == 2
    assert _value(found, "not_finite", "curve=accuracy") == 0
    assert one(found, "training_health.divergence").n == 98
    assert [item.code for item in found.findings] == ["curve_not_finite"]


def test_all_values_that_are_no_numbers_leave_nothing_to_measure():
    found = _measure(_document(loss=[math.nan] * 20))
    assert _value(found, "not_finite") == 20
    assert one(found, "training_health.divergence").status is Status.NOT_COMPUTABLE


@pytest.mark.parametrize(
    ("document", "finished", "code"),
    [
        (_document("RUNNING", loss=DOWN), 0, "training_unfinished"),
        (_document("FAILED", loss=DOWN), 0, "training_unfinished"),
        (_document("KILLED", loss=DOWN), 0, "training_unfinished"),
        (_document("FINISHED", complete=False, loss=DOWN), 0, "curves_cut_off"),
        (_document("", loss=DOWN), None, None),
    ],
)
def test_an_unfinished_run_is_0_and_one_that_does_not_say_is_not_known(document, finished, code):
    found = _measure(document)
    item = one(found, "training_health.finished")
    assert (item.value, item.status) == (
        (None, Status.NOT_COMPUTABLE) if finished is None else (str(finished), Status.MEASURED)
    )
    assert [one.code for one in found.findings] == ([code] if code else [])


def test_steps_that_go_back_and_jumps_are_measured():
    document = document_of("tensorboard", "FINISHED", {"loss": [(0, 1.0), (1, 0.5), (2, 0.9), (0, 0.4)]}, complete=True)
    found = _measure(document, steps=4)
    assert _value(found, "restarts") == 1
    assert _value(found, "largest_jump") == pytest.approx(0.4 / 0.6)
    assert _value(found, "completed_share") == 0.5


@pytest.mark.parametrize("values", [[0.5] * 30, [0.5], [0.5, 0.4]])
def test_a_flat_or_short_loss_says_nothing(values):
    item = one(_measure(_document(loss=values)), "training_health.divergence")
    assert item.status is Status.NOT_COMPUTABLE
    assert "flat" in item.reason


@pytest.mark.parametrize(
    ("names", "training", "held_out"),
    [
        (("loss", "val_loss"), "loss", "val_loss"),
        (("train/epoch_loss", "validation/epoch_loss"), "train/epoch_loss", "validation/epoch_loss"),
        (("train.logloss", "eval.logloss", "eval.error", "auc"), "train.logloss", "eval.logloss"),
        (("Loss/train", "Loss/test", "lr"), "Loss/train", "Loss/test"),
        (("training_error", "gloss", "accuracy"), "training_error", None),
        (("accuracy", "val_accuracy"), None, None),
    ],
)
def test_losses_are_found_by_their_names(names, training, held_out):
    curves = read_curves(_document(**dict.fromkeys(names, DOWN)))
    found = training_loss(curves)
    other = held_out_loss(curves, found)
    assert (found and found.name, other and other.name) == (training, held_out)


def test_a_number_that_was_logged_once_is_not_taken_for_the_curve():
    curves = read_curves(
        _document(**{"train.log_loss": [0.4], "train_loss": DOWN, "val.loss": [0.5], "val_loss": UP_AGAIN})
    )
    training = training_loss(curves)
    assert (training.name, held_out_loss(curves, training).name) == ("train_loss", "val_loss")


def test_a_loss_that_is_named_by_the_policy_is_taken_and_one_that_does_not_exist_is_not_known():
    document = _document(objective=DOWN, objective_b=UP_AGAIN)
    found = _measure(document, training=["objective"], held_out=["objective_b"])
    assert _value(found, "held_out_rise") > 0.8
    absent = _measure(document, training=["goal"])
    assert "'training'" in one(absent, "training_health.divergence").reason
    with pytest.raises(ParameterError, match="one curve"):
        check.needs({"training": ["a", "b"]})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"curves": []},
        {"curves": [{"name": "loss", "points": []}]},
        {"curves": [{"name": "x", "points": [["a", "b"]]}]},
    ],
)
def test_without_curves_nothing_is_computable(document):
    found = _measure(document)
    assert found.status is Status.NOT_COMPUTABLE
    assert [item.code for item in found.findings] == ["curves_refused"]


def test_the_document_of_curves_is_canonical_also_with_values_that_are_no_numbers():
    assert canonical(_document(loss=[1.0, math.nan, -math.inf]))
