"""Number lines, steps and rows: drawn from the documents alone, and never better looking than what they say."""

import pytest

from governance.rules.states import Outcome, PromotionState
from governance.web.chart import WIDTH, number_line
from governance.web.items import WORST_FIRST, sections_of
from governance.web.refusals import refusal_of
from governance.web.steps import steps_of
from governance.web.wording import badge

LIMIT = {
    "metric": "fairness.selection_rate_ratio",
    "group": "sex",
    "bound": "interval",
    "min": "0.8",
    "max": None,
    "n_at_least": 0,
    "severity": "FAIL",
    "required": False,
}


def _item(outcome="FAIL", **other):
    found = {
        "key": "fairness/fairness.selection_rate_ratio/sex",
        "check": "fairness",
        "metric": "fairness.selection_rate_ratio",
        "group": "sex",
        "limit": LIMIT,
        "value": "0.79996",
        "lower": "0.7",
        "upper": "0.9",
        "n": 88,
        "outcome": outcome,
        "reason": "It is so.",
        "report": None,
        "waiver": None,
    }
    return {**found, **other}


def _limit(least, most):
    return {**LIMIT, "min": least, "max": most}


LINES = [
    (_item(), True),
    (_item(lower=None, upper=None), True),
    (_item(limit=_limit(None, "0.2"), value="0", lower=None, upper=None), True),
    (_item(limit=_limit("-0.5", "0.5"), value="-3"), True),
    (_item(limit=_limit("0", None), value="0", lower="0", upper="0"), True),
    (_item(value=None), False),
    (_item(value="NaN"), False),
    (_item(value="landlock+seccomp", limit={"required": "container"}), False),
]


@pytest.mark.parametrize(("item", "drawn"), LINES)
def test_a_number_line_keeps_all_it_draws_inside_and_in_order(item, drawn):
    line = number_line(item)
    assert (line is not None) == drawn
    if line is None:
        return
    places = [one for one in (line.value, line.low, line.high, line.least, line.most) if one is not None]
    assert all(0 <= one <= WIDTH for one in places)
    assert 0 <= line.allowed_from <= line.allowed_from + line.allowed_width <= WIDTH
    if line.low is not None and line.high is not None:
        assert line.low <= line.high


@pytest.mark.parametrize(("value", "side"), [("0.79996", -1), ("0.8", 0), ("0.80004", 1)])
def test_a_value_is_drawn_and_written_on_its_side_of_the_limit(value, side):
    far = _item(value=value, lower=None, upper=None)
    line = number_line(far)
    assert line is not None
    assert line.least is not None
    assert (line.value > line.least) - (line.value < line.least) == side
    row = sections_of({"items": [far], "acknowledge": []})[0].rows[0]
    assert (float(row.value) > 0.8) - (float(row.value) < 0.8) == side


def test_what_must_be_accepted_stays_within_its_check_and_the_worst_is_first():
    items = [_item(str(outcome), key=f"fairness/{outcome}/") for outcome in reversed(WORST_FIRST)]
    items.append(_item("PASS", key="pii/a/", check="pii"))
    first, second = sections_of({"items": items, "acknowledge": ["fairness/WARN/"]})
    assert [row.outcome.code for row in first.rows] == [str(outcome) for outcome in WORST_FIRST]
    assert [row.key for row in first.rows if row.acknowledge] == ["fairness/WARN/"]
    assert (first.open, second.check, second.open) == (6, "pii", 0)


def test_only_a_pass_is_shown_as_good_among_outcomes_and_what_is_unknown_has_no_colour():
    assert [outcome for outcome in Outcome if badge(outcome).tone == "good"] == [Outcome.PASS]
    assert badge("SPLENDID").tone == "idle"
    assert sections_of({"items": [_item("SPLENDID")], "acknowledge": []})[0].open == 1


@pytest.mark.parametrize("state", PromotionState)
@pytest.mark.parametrize("evaluated", [True, False])
def test_a_promotion_has_at_most_one_present_step_and_nothing_done_after_it(state, evaluated):
    standings = [step.standing for step in steps_of(state, evaluated=evaluated)]
    assert sum(standing in {"present", "failed"} for standing in standings) <= 1
    done = standings.count("done")
    assert standings[:done] == ["done"] * done
    assert len(standings) == 7


class CodedError(ValueError):
    code = "too_much"


@pytest.mark.parametrize(
    ("error", "code"), [(CodedError("it is 5"), "too_much"), (ValueError("no code"), None), (KeyError("x"), None)]
)
def test_only_mistakes_of_the_domain_are_refusals(error, code):
    found = refusal_of(error)
    assert (found.code if found else None) == code
    assert found is None or found.sentence == "It is 5."
