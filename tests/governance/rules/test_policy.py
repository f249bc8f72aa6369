"""Policies: read whole or refused by name, place, value and limit."""

import pytest

from governance.rules.limits import Limit, joins_groups, read_limit
from governance.rules.policy import read_policy
from governance.rules.reading import PolicyError, is_decimal_text
from tests.governance.rules.build import POLICY, changed, policy

LIMIT = "checks.0.limits.0"
NUMBERED = {"metric": "performance.auc", "min": "0.5"}


def test_a_policy_is_read_with_defaults_and_reads_the_same_again():
    found = read_policy(POLICY)
    assert found.approval.separation == ("requester", "trainer", "author", "committer")
    assert found.approval.unmapped_identity == "block"
    assert found.checks[0].limits[0].severity == "FAIL"
    assert found.watch is None
    assert read_policy(found.document()) == found
    assert read_policy(found.document()).document() == found.document()


@pytest.mark.parametrize(
    ("place", "value", "where", "words"),
    [
        ("nmae", "x", "nmae", "Did you mean 'name'?"),
        ("name", ..., "name", "is missing"),
        ("name", "Has Space", "name", "'Has Space'"),
        ("version", 1, "version", "is 1"),
        ("tier", "hihg", "tier", "Did you mean 'high'?"),
        ("tier", ..., "tier", "one of low, limited, high"),
        ("checks", [], "checks", "has 0 entries; it needs at least 1"),
        ("checks", {}, "checks", "must be a list"),
        ("checks.0", "performance", "checks[0]", "must be a mapping"),
        ("checks.0.check", "Perf", "checks[0].check", "'Perf'"),
        ("checks.0.max_age_days", ..., "checks[0].max_age_days", "is missing"),
        ("checks.0.max_age_days", 0, "checks[0].max_age_days", "between 1 and"),
        ("checks.0.max_age_days", True, "checks[0].max_age_days", "is True"),
        ("checks.0.limits", [], "checks[0].limits", "at least 1"),
        ("checks.0.parameters", [], "checks[0].parameters", "must be a mapping"),
        ("checks.1.check", "performance", "checks[1].limits[0]", "does not measure it"),
        (f"{LIMIT}.metirc", "x", "checks[0].limits[0].metirc", "Did you mean 'metric'?"),
        (f"{LIMIT}.metric", "auc", "checks[0].limits[0].metric", "'auc'"),
        (f"{LIMIT}.metric", "fairness.tpr", "checks[0].limits[0]", "'performance' does not measure it"),
        (f"{LIMIT}.min", ..., "checks[0].limits[0]", "limits nothing"),
        (f"{LIMIT}.min", "abc", "checks[0].limits[0].min", "'abc'"),
        (f"{LIMIT}.min", "NaN", "checks[0].limits[0].min", "'NaN'"),
        (f"{LIMIT}.min", "1e5", "checks[0].limits[0].min", "'1e5'"),
        (f"{LIMIT}.min", "0.6\n", "checks[0].limits[0].min", "decimal number"),
        (f"{LIMIT}.min", 1, "checks[0].limits[0].min", "is 1"),
        (f"{LIMIT}.max", "0.5", "checks[0].limits[0].min", "is 0.6, above max, which is 0.5"),
        (f"{LIMIT}.n_at_least", -1, "checks[0].limits[0].n_at_least", "is -1"),
        (f"{LIMIT}.bound", "middle", "checks[0].limits[0].bound", "value, lower, upper, interval"),
        (f"{LIMIT}.severity", "PASS", "checks[0].limits[0].severity", "FAIL, WARN"),
        (f"{LIMIT}.required", "yes", "checks[0].limits[0].required", "true or false"),
        (f"{LIMIT}.group", "*groups", "checks[0].limits[0].group", "*attributes"),
        ("approval", {}, "approval.stages", "has 0 entries"),
        ("approval.stages", [], "approval.stages", "at least 1"),
        ("approval.stages.0.quorum", 0, "approval.stages[0].quorum", "is 0"),
        ("approval.stages.0.role", "requester", "approval.stages[0].role", "'requester'"),
        ("approval.stages.1.name", "validation", "approval.stages[1]", "repeats the stage 'validation'"),
        ("approval.automatic", True, "approval.automatic", "only the low tier"),
        ("approval.separation", ["requester", "trainer", "author"], "approval.separation", "lacks 'committer'"),
        ("approval.separation", ["requester", "requester"], "approval.separation[1]", "repeats 'requester'"),
        ("approval.unmapped_identity", "ignore", "approval.unmapped_identity", "block, warn"),
        ("approval.valid_days", 0, "approval.valid_days", "is 0"),
        ("approval.decide_within_days", 0, "approval.decide_within_days", "is 0"),
        ("waivers.allowed", ["fairness.selection_ratio"], "waivers.allowed[0]", "Did you mean"),
        ("waivers.max_days", 0, "waivers.max_days", "is 0"),
        ("waivers.role", "engineer", "waivers.role", "'engineer'"),
        ("requires.assurance", "sworn", "requires.assurance", "'sworn'"),
        ("requires.sandbox", "no", "requires.sandbox", "true or false"),
        ("requires.backends", "local", "requires.backends", "a list of names"),
        ("watch", {"every_hours": 2, "overdue_hours": 3, "checks": []}, "watch.checks", "at least 1"),
        (
            "watch",
            {
                "every_hours": 24,
                "overdue_hours": 1,
                "checks": [{"check": "drift", "on_breach": "review", "limits": [{"metric": "drift.psi", "max": "1"}]}],
            },
            "watch.overdue_hours",
            "is 1; it must be a whole number between 24",
        ),
    ],
)
def test_a_mistake_is_refused_at_its_place(place, value, where, words):
    with pytest.raises(PolicyError) as caught:
        read_policy(changed(POLICY, place, value))
    assert caught.value.place == where
    assert words in str(caught.value)
    assert caught.value.code == "policy_refused"


def test_floats_are_refused_wherever_they_hide():
    with pytest.raises(PolicyError, match=r"checks\[0\].parameters.share.*float"):
        read_policy(changed(POLICY, "checks.0.parameters", {"share": 0.5}))


def test_a_check_is_listed_once():
    with pytest.raises(PolicyError, match=r"checks\[2\] repeats the check 'performance'"):
        read_policy(policy(checks=[*POLICY["checks"], POLICY["checks"][0]]))


def test_the_same_limit_twice_is_refused_but_another_severity_or_end_is_not():
    first = POLICY["checks"][0]["limits"][0]
    with pytest.raises(PolicyError, match="a second time"):
        read_policy(changed(POLICY, "checks.0.limits", [first, first | {"min": "0.7"}]))
    warned = first | {"min": "0.7", "severity": "WARN"}
    assert len(read_policy(changed(POLICY, "checks.0.limits", [first, warned])).checks[0].limits) == 2


def test_an_automatic_policy_may_have_no_stage_in_the_low_tier():
    found = read_policy(policy(tier="low", approval={"automatic": True}))
    assert found.approval.stages == ()


def test_the_requester_is_separated_in_every_tier_and_others_may_be_let_in_below_high():
    low = policy(tier="low", approval=POLICY["approval"] | {"separation": ["requester"]})
    assert read_policy(low).approval.separation == ("requester",)
    with pytest.raises(PolicyError, match="lacks 'requester'"):
        read_policy(changed(low, "approval.separation", ["trainer"]))


def test_a_metric_that_only_warns_cannot_be_waived():
    warned = changed(POLICY, "checks.1.limits.0.severity", "WARN")
    with pytest.raises(PolicyError, match=r"waivers.allowed\[0\]"):
        read_policy(warned)


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("", {""}),
        ("*", {"sex", "age", "sex=1", "sex & age", "sex=1 & age=2", "job=A & B"}),
        ("*attributes", {"sex", "age"}),
        ("*intersections", {"sex & age"}),
        ("sex", {"sex", "sex=1"}),
        ("sex=1", {"sex=1"}),
        ("job", {"job=A & B"}),
        ("se", set()),
        ("a=b", {"a=b"}),
    ],
)
def test_a_limit_chooses_its_groups(selector, chosen):
    limit: Limit = read_limit(NUMBERED | {"group": selector}, "limit")
    groups = ["", "sex", "age", "sex=1", "sex & age", "sex=1 & age=2", "job=A & B"]
    groups += ["=x", "a=b=c", "a=b"] if selector in {"", "a=b"} else []
    assert {group for group in groups if limit.selects(group)} == chosen


def test_an_intersection_is_told_from_a_value_with_an_ampersand():
    assert joins_groups("sex=1 & age=2")
    assert not joins_groups("job=A & B")
    assert not joins_groups("sex=1")


@pytest.mark.parametrize("text", ["0", "-0.5", "12.250", "1000"])
def test_decimal_text(text):
    assert is_decimal_text(text)


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "01", "+1", "1e3", "1_000", "NaN", "Infinity", " 1", "1\n", "\u0661", 1, None]
)
def test_what_is_no_decimal_text(text):
    assert not is_decimal_text(text)


def test_numbers_of_absurd_length_are_refused():
    assert not is_decimal_text("0." + "1" * 100)
