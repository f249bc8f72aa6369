"""Every check on inputs that are wrong in some way: a clear outcome, never a number that is none, never a pass."""

import math

import numpy as np
import pytest

from monitoring.checks.fairness import check as fairness
from monitoring.checks.performance import check as performance
from registry.checks import Context, Status, outcome_of
from tests.contracts.broken import EMPTY, broken
from tests.contracts.given import LISTED, check_of, given_to
from tests.contracts.soundness import numbers_of, sound
from tests.monitoring.checks.inputs import SCHEMA, Collected, predictions

FAST = {"performance": {"replicates": 200}, "fairness": {"replicates": 200, "intersections": 1}}
ROWS = 24


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numpy, on numbers at the edge of what there is
@pytest.mark.parametrize("name", LISTED)
def test_whatever_is_wrong_with_an_input_the_outcome_issound(name):
    check, parameters = check_of(name), FAST.get(name, {})
    given = given_to(name, ROWS)
    needed = {need.name for need in check.needs(parameters) if not need.optional}
    for place, what, inputs in broken(given):
        outcome = outcome_of(check, inputs, Context(7, parameters))
        try:
            sound(check, outcome)
            assert not (place in needed and what in EMPTY and numbers_of(outcome)), numbers_of(outcome)[:3]
        except AssertionError as error:
            raise AssertionError(f"{name}: {place} with {what}: {error}") from error


@pytest.mark.parametrize("name", LISTED)
def test_an_input_that_cannot_be_read_is_an_error_of_the_check_and_of_nothing_else(name):
    class Away(Collected):
        def table(self, name):
            raise OSError(f"{name} is away")

        document = table

    check = check_of(name)
    outcome = outcome_of(check, Away(**given_to(name, ROWS)), Context(7, {}))
    assert (outcome.status, outcome.measurements) == (Status.ERROR, ())


RNG = np.random.default_rng(3)
N = 120
LABEL = [place % 2 for place in range(N)]
SAID = [int(place % 3 == 0) for place in range(N)]
SCORE = RNG.random(N).round(4).tolist()
SEX, AGE = ["1", "2"] * (N // 2), ["<55"] * (N // 2) + [">=55"] * (N // 2)
RIGHT = {"label": LABEL, "prediction": SAID, "score": SCORE, "sex": SEX, "age_band": AGE}
DECIDED = {"performance": ("accuracy", "precision", "recall"), "fairness": ("tpr_difference", "selection_rate_ratio")}
SCORED = {"performance": ("auc", "brier"), "fairness": ("score_mean_difference",)}
BAD = {  # what is wrong: the columns, and which numbers must not be there
    "probabilities where decisions are due": ({"prediction": SCORE}, DECIDED),
    "decisions in words": ({"prediction": ["yes", "no"] * (N // 2)}, DECIDED),
    "labels in words": ({"label": ["yes", "no"] * (N // 2)}, {"fairness": DECIDED["fairness"]}),
    "labels of three classes as numbers": ({"label": [0, 1, 2] * (N // 3)}, {"fairness": DECIDED["fairness"]}),
    "a missing decision": ({"prediction": [None, *SAID[1:]]}, DECIDED),
    "a missing label": ({"label": [None, *LABEL[1:]]}, DECIDED),
    "a score that is no number": ({"score": [math.nan, *SCORE[1:]]}, SCORED),
    "an infinite score": ({"score": [math.inf, *SCORE[1:]]}, SCORED),
    "a row twice": ({"row": [0, *range(N - 1)]}, {**DECIDED}),
    "a favourable label that never occurs": (
        {"label": [0] * N},
        {"performance": ("auc", "recall"), "fairness": DECIDED["fairness"]},
    ),
    "one class alone": ({"label": [1] * N}, {"performance": ("auc",), "fairness": ("fpr_difference",)}),
    "nobody selected": (
        {"prediction": [0] * N},
        {"performance": ("precision",), "fairness": ("selection_rate_ratio",)},
    ),
    "ten thousand values": (
        {"sex": [f"one {place}" for place in range(N)]},
        {"fairness": ("selection_rate_ratio sex", "tpr_difference sex")},
    ),
    "one group alone": ({"sex": ["1"] * N}, {"fairness": ("selection_rate_ratio sex", "tpr_difference sex")}),
    "an attribute without a column": ({"sex": ...}, {"fairness": ("selection_rate_ratio sex",)}),
}


@pytest.mark.parametrize("what", BAD)
def test_predictions_that_would_mislead_are_refused_or_say_what_cannot_be_known(what):
    changes, forbidden = BAD[what]
    columns = {name: value for name, value in {**RIGHT, **changes}.items() if value is not ...}
    table = predictions(columns.pop("label"), columns.pop("prediction"), **columns)
    inputs = Collected(schema=SCHEMA, predictions=table)
    for check in (performance, fairness):
        outcome = outcome_of(check, inputs, Context(7, {"replicates": 200}))
        sound(check, outcome)
        shown = {(one.metric, one.group) for one in numbers_of(outcome)}
        for wanted in forbidden.get(check.name, ()):
            metric, _, group = wanted.partition(" ")
            places = [(name, where) for name, where in shown if name == f"{check.name}.{metric}"]
            assert not [place for place in places if not group or place[1] == group], outcome


def test_a_group_of_one_is_shown_with_its_one_row_and_a_wide_interval():
    table = predictions(LABEL, SAID, SCORE, sex=["3", *SEX[1:]], age_band=AGE)
    outcome = outcome_of(fairness, Collected(schema=SCHEMA, predictions=table), Context(7, {"replicates": 200}))
    found = {(one.metric, one.group): one for one in outcome.measurements}
    ratio = found["fairness.selection_rate_ratio", "sex"]
    assert ratio.n == 1
    assert float(ratio.upper) - float(ratio.lower) > 0.5
    assert [one.place for one in outcome.findings if one.code == "group_small"][:1] == ["sex=3"]
