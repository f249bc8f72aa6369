"""One measurement against one limit: three answers, and never a pass for what is unknown."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.rules.judge import judge
from governance.rules.limits import Limit, read_limit
from governance.rules.states import Outcome
from tests.governance.rules.build import measurement

METRIC = "fairness.ratio"


def limit(**more: object) -> Limit:
    return read_limit({"metric": METRIC} | more, "limit")


def number(value: str | None, lower: str | None = None, upper: str | None = None, **more: object):
    return measurement(METRIC, value, lower=lower, upper=upper, **more)


LEAST = {"min": "0.8", "bound": "interval"}
MOST = {"max": "0.1", "bound": "interval"}
RANGE = {"min": "0.8", "max": "1.25", "bound": "interval"}


@pytest.mark.parametrize(
    ("limits", "found", "outcome"),
    [
        (LEAST, ("0.9", "0.85", "0.95"), "PASS"),
        (LEAST, ("0.9", "0.8", "0.95"), "PASS"),
        (LEAST, ("0.9", "0.79999999", "0.95"), "INDETERMINATE"),
        (LEAST, ("0.7", "0.52", "0.93"), "INDETERMINATE"),
        (LEAST, ("0.7", "0.5", "0.8"), "INDETERMINATE"),
        (LEAST, ("0.7", "0.5", "0.79999999"), "FAIL"),
        (MOST, ("0.05", "0", "0.1"), "PASS"),
        (MOST, ("0.05", "0", "0.11"), "INDETERMINATE"),
        (MOST, ("0.2", "0.1", "0.3"), "INDETERMINATE"),
        (MOST, ("0.2", "0.11", "0.3"), "FAIL"),
        (RANGE, ("1", "0.8", "1.25"), "PASS"),
        (RANGE, ("1", "0.7", "1.3"), "INDETERMINATE"),
        (RANGE, ("1.5", "1.3", "1.7"), "FAIL"),
        (RANGE, ("0.5", "0.3", "0.7"), "FAIL"),
        ({"min": "0.8"}, ("0.8", "0.1", "0.9"), "PASS"),
        ({"min": "3", "max": "3"}, ("3", None, None), "PASS"),
        ({"min": "0.8"}, ("0.7999", "0.1", "0.9"), "FAIL"),
        ({"max": "0"}, ("0", None, None), "PASS"),
        ({"max": "0"}, ("-0.5", None, None), "PASS"),
        ({"max": "0"}, ("1", None, None), "FAIL"),
        ({"min": "0.6", "bound": "lower"}, ("0.7", "0.6", None), "PASS"),
        ({"min": "0.6", "bound": "lower"}, ("0.7", "0.59", "0.8"), "FAIL"),
        ({"min": "0", "bound": "upper"}, ("-0.1", "-0.2", "0.01"), "PASS"),
        ({"min": "0", "bound": "upper"}, ("-0.1", "-0.2", "-0.01"), "FAIL"),
        ({"max": "0.3", "bound": "lower"}, ("0.4", "0.2", "0.6"), "PASS"),
        ({"max": "0.3", "bound": "upper"}, ("0.2", "0.1", "0.31"), "FAIL"),
    ],
)
def test_three_answers(limits, found, outcome):
    assert judge(limit(**limits), number(*found)).outcome == outcome


def test_a_warning_warns_where_it_would_fail_and_stays_open_where_it_is_open():
    warns = limit(**LEAST, severity="WARN")
    assert judge(warns, number("0.5", "0.4", "0.6")).outcome is Outcome.WARN
    assert judge(warns, number("0.8", "0.7", "0.9")).outcome is Outcome.INDETERMINATE
    assert judge(warns, number("0.9", "0.85", "0.95")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "found",
    [
        number(None),
        number("NaN", "0.9", "1"),
        number("0.9", "NaN", "1"),
        number("0.9", "0.8", "Infinity"),
        number("0.9", None, "1"),
        number("0.9", "0.85", None),
        number("", "0.9", "1"),
        number("9e-1", "0.85", "1"),
        number("0.9", "0.95", "0.85"),
        number("0.9", "0.85", "1", n=-1),
        number("0.9", "0.85", "1", n=True),
        number("0.9", "0.85", "1", n="100"),
        number("0.9", "0.85", "1", status="NOT_COMPUTABLE"),
        number("0.9", "0.85", "1", status="ERROR"),
        number("0.9", "0.85", "1", status="PASS"),
        number("0.9", "0.85", "1", status=None),
        {key: value for key, value in number("0.9", "0.85", "1").items() if key != "status"},
        {key: value for key, value in number("0.9", "0.85", "1").items() if key != "value"},
    ],
)
def test_what_is_missing_malformed_or_unknown_is_an_error(found):
    judgement = judge(limit(**LEAST), found)
    assert judgement.outcome is Outcome.ERROR
    assert judgement.reason.startswith(METRIC)
    assert judgement.reason.endswith(".")


@pytest.mark.parametrize("bound", ["value", "lower", "upper"])
def test_each_bound_needs_its_own_end_and_the_value(bound):
    whole = {"value": "0.9", "lower": "0.85", "upper": "0.95"}
    one = limit(min="0.1", bound=bound)
    assert judge(one, measurement(METRIC, **whole)).outcome is Outcome.PASS
    for part in {bound, "value"}:
        assert judge(one, measurement(METRIC, **whole | {part: None})).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("n", "outcome"), [(19, "INSUFFICIENT_DATA"), (20, "PASS"), (None, "ERROR"), (0, "INSUFFICIENT_DATA")]
)
def test_below_the_floor_nothing_is_judged(n, outcome):
    assert judge(limit(**LEAST, n_at_least=20), number("0.9", "0.85", "0.95", n=n)).outcome == outcome


def test_below_the_floor_not_even_a_failure_is_judged():
    assert judge(limit(**LEAST, n_at_least=20), number("0.1", "0", "0.2", n=3)).outcome is Outcome.INSUFFICIENT_DATA


def test_without_a_floor_the_count_may_be_missing():
    assert judge(limit(min="0.8"), number("0.9")).outcome is Outcome.PASS


def test_what_does_not_apply_says_why_and_fails_where_it_is_required():
    found = number(None, status="NOT_APPLICABLE", reason="There is no incumbent.")
    free, required = judge(limit(min="0"), found), judge(limit(min="0", required=True), found)
    assert (free.outcome, required.outcome) == (Outcome.NOT_APPLICABLE, Outcome.FAIL)
    assert free.reason == "fairness.ratio is not applicable: There is no incumbent."
    assert required.reason == "fairness.ratio is required by the policy, but not applicable: There is no incumbent."


def test_what_has_no_value_and_no_reason_says_so():
    judgement = judge(limit(min="0"), number(None, status="NOT_COMPUTABLE"))
    assert judgement.reason == "fairness.ratio has no value (status NOT_COMPUTABLE): no reason is given."


@pytest.mark.parametrize(
    ("limits", "found", "sentence"),
    [
        (
            LEAST,
            number("0.71", "0.52", "0.93", n=88, group="sex"),
            "fairness.ratio for sex is 0.71 (0.52 to 0.93, n = 88): the interval straddles the least allowed 0.8.",
        ),
        (
            LEAST,
            number("0.612345678901", "0.5", "0.7", n=88),
            "fairness.ratio is 0.612 (0.5 to 0.7, n = 88): the whole interval misses the least allowed 0.8.",
        ),
        ({"max": "0"}, number("2", n=12), "fairness.ratio is 2 (n = 12): the value misses the most allowed 0."),
        ({"max": "0"}, number("0"), "fairness.ratio is 0: the value meets the most allowed 0."),
        (
            {"min": "0.8"},
            number("0.79996", "0.7", None),
            "fairness.ratio is 0.79996 (at least 0.7): the value misses the least allowed 0.8.",
        ),
        (
            {"min": "0.6", "max": "0.9", "bound": "upper"},
            number("0.7", None, "0.8"),
            "fairness.ratio is 0.7 (at most 0.8): the upper end of the interval meets the allowed range 0.6 to 0.9.",
        ),
        (
            {"min": "0.8", "n_at_least": 20},
            number("0.9", n=7),
            "fairness.ratio is 0.9 (n = 7): it rests on fewer than the 20 rows that the policy asks for.",
        ),
        (
            {"min": "1200"},
            number("123456"),
            "fairness.ratio is 123000: the value meets the least allowed 1200.",
        ),
    ],
)
def test_the_reason_is_a_sentence_with_the_number_and_the_limit(limits, found, sentence):
    assert judge(limit(**limits), found).reason == sentence


def test_arithmetic_does_not_depend_on_the_callers_context():
    with localcontext() as context:
        context.prec = 2
        assert judge(limit(min="0.8"), number("0.799")).outcome is Outcome.FAIL


DECIMALS = st.decimals(min_value=-2, max_value=2, places=4, allow_nan=False, allow_infinity=False).map(
    lambda value: format(value + 0, "f").replace("-0.0000", "0.0000")
)


@given(ends=st.tuples(DECIMALS, DECIMALS), least=DECIMALS)
def test_a_tighter_limit_never_turns_a_failure_into_a_pass(ends, least):
    lower, upper = sorted(ends, key=float)
    found = number(lower, lower, upper)
    loose, tight = (judge(limit(min=end, bound="interval"), found).outcome for end in (least, str(Decimal(least) + 1)))
    order = [Outcome.FAIL, Outcome.INDETERMINATE, Outcome.PASS]
    assert order.index(tight) <= order.index(loose)
