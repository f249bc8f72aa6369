"""Waivers: two persons, an end, one item; and what happens when the end comes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.promotion.approve import DecisionRefusedError, ReasonMissingError
from governance.promotion.request import NotPermittedError
from governance.promotion.waive import WaiverRefusedError, grant_waiver, request_waiver
from governance.reconcile import judge_again, live_again
from registry.models import Actor
from registry.register import grant_role
from tests.governance.stage import AUC, MISSES, REASON, deployment_of, evaluation_of, events, fresh, outcomes_of

RATIO = "fairness/fairness.selection_rate_ratio/sex"


@pytest.fixture
def blocked(bare_stage):
    bare_stage.assign(**MISSES)
    promotion = bare_stage.assessed()
    assert promotion.state == "BLOCKED"
    return promotion


def ask(stage, promotion, who="engineer", **changes):
    facts = {"key": AUC, "ends_at": timezone.now() + timedelta(days=9), "reason": REASON, "actor": stage.actor(who)}
    return request_waiver(promotion, **facts | changes)


def test_an_item_that_two_persons_waive_no_longer_blocks_but_must_be_acknowledged(bare_stage, blocked):
    waiver = ask(bare_stage, blocked)
    assert fresh(blocked).state == "BLOCKED"
    grant_waiver(waiver, actor=bare_stage.actor("risk"))
    assert fresh(blocked).state == "AWAITING_DECISION"
    document = evaluation_of(fresh(blocked)).document
    assert (document["verdict"], document["acknowledge"]) == ("NEEDS_DECISION", [AUC])
    assert outcomes_of(blocked)[AUC] == "FAIL"
    bare_stage.approve(blocked, "validator")
    bare_stage.approve(blocked, "officer")
    assert fresh(blocked).state == "APPROVED"
    assert bare_stage.release(blocked).status == "SUCCEEDED"
    assert REASON not in str(events(blocked))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"key": RATIO}, WaiverRefusedError, "allows no waiver of fairness.selection_rate_ratio"),
        ({"key": "requires/requires.sandbox/performance"}, WaiverRefusedError, "allows no waiver"),
        ({"key": "performance/performance.nothing"}, WaiverRefusedError, "has no item 'performance/performance.n"),
        ({"ends_at": timedelta(days=11)}, WaiverRefusedError, "ends within 10 days, in the future"),
        ({"ends_at": timedelta(seconds=-1)}, WaiverRefusedError, "in the future"),
        ({"reason": "please   "}, ReasonMissingError, "at least 10 characters"),
        ({"who": "stranger"}, NotPermittedError, "to ask for a waiver"),
    ],
)
def test_what_the_policy_does_not_allow_cannot_be_asked_for(bare_stage, blocked, changes, error, message):
    if isinstance(changes.get("ends_at"), timedelta):
        changes = {**changes, "ends_at": timezone.now() + changes["ends_at"]}
    with pytest.raises(error, match=message):
        ask(bare_stage, blocked, **changes)
    assert not blocked.waivers.exists()


@pytest.mark.parametrize(
    ("asks", "grants", "auth", "code"),
    [
        ("risk", "risk", "session", "own_request"),
        ("engineer", "requester", "session", "own_request"),
        ("officer", "engineer", "session", "own_request"),  # who registered the version
        ("service", "second", "session", "own_request"),  # the owner of the service that asked
        ("engineer", "officer", "session", "not_permitted"),
        ("engineer", "administrator", "session", "not_permitted"),
        ("engineer", "risk", "command", "not_a_person"),
        ("engineer", "service", "token", "not_a_person"),
    ],
)
def test_who_may_not_grant_is_told_why_and_nothing_changes(bare_stage, blocked, asks, grants, auth, code):  # noqa: PLR0917
    system = Actor.system("command")
    if code == "own_request" and grants != "risk":
        grant_role(bare_stage.people[grants], project=bare_stage.project, role="risk_officer", actor=system)
    waiver = ask(bare_stage, blocked, asks)
    with pytest.raises(DecisionRefusedError) as refused:
        grant_waiver(waiver, actor=bare_stage.actor(grants, auth))
    assert refused.value.code == code
    assert fresh(waiver).granted_by is None
    assert fresh(blocked).state == "BLOCKED"


def test_a_waiver_is_granted_once(bare_stage, blocked):
    waiver = ask(bare_stage, blocked)
    grant_waiver(waiver, actor=bare_stage.actor("risk"))
    with pytest.raises(WaiverRefusedError, match="granted already"):
        grant_waiver(waiver, actor=bare_stage.actor("risk"))
    assert len(events(blocked, "waiver.granted")) == 1


def test_a_waiver_whose_end_has_come_is_granted_no_more(bare_stage, blocked):
    waiver = ask(bare_stage, blocked)
    bare_stage.later(days=9.5)
    with pytest.raises(WaiverRefusedError, match="ask for another one"):
        grant_waiver(waiver, actor=bare_stage.actor("risk"))


@pytest.mark.parametrize("approved", [False, True])
def test_when_a_waiver_ends_what_it_covered_blocks_again(bare_stage, blocked, approved):
    grant_waiver(ask(bare_stage, blocked), actor=bare_stage.actor("risk"))
    if approved:
        bare_stage.approve(blocked, "validator")
        bare_stage.approve(blocked, "officer")
    bare_stage.later(days=8)
    assert judge_again() == 0
    bare_stage.later(days=9, minutes=1)
    assert judge_again() == 1
    assert fresh(blocked).state == "BLOCKED"
    assert AUC in fresh(blocked).detail
    assert len(events(blocked, "approval.stale")) == (2 if approved else 0)


def test_what_went_out_by_a_waiver_is_looked_at_when_the_waiver_ends(bare_stage, blocked):
    grant_waiver(ask(bare_stage, blocked), actor=bare_stage.actor("risk"))
    bare_stage.approve(blocked, "validator")
    bare_stage.approve(blocked, "officer")
    bare_stage.release(blocked)
    assert live_again() == 0
    bare_stage.later(days=9, minutes=1)
    assert live_again() == 1
    deployment = deployment_of(blocked)
    assert deployment.state == "UNDER_REVIEW"
    assert f"it does not meet {AUC}." in deployment.alerts.get().message
    assert live_again() == 0


def test_a_waiver_is_for_one_manifest_and_not_for_the_next(bare_stage, blocked):
    grant_waiver(ask(bare_stage, blocked), actor=bare_stage.actor("risk"))
    other = bare_stage.assessed(blocked.version, threshold=0.4)
    assert other.state == "BLOCKED"
