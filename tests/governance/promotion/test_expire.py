"""Silence expires a request from every state in which it waits, with an event; it never approves one."""

import pytest

from governance.exports.verify import verify
from governance.promotion.release import NotReleasableError, start_release
from governance.promotion.rollback import RUNNING
from governance.reconcile import judge_again, reconcile
from registry import run
from registry.models import Run
from tests.governance.stage import MISSES, deployment_of, events, fresh

NOBODY = "nobody decided within the 30 days that the policy allows"


def opened(stage):
    return stage.request()


def awaiting(stage):
    return stage.assessed()


def half_approved(stage):
    promotion = stage.assessed()
    stage.approve(promotion, "validator")
    return promotion


def blocked(stage):
    stage.assign(**MISSES)
    return stage.assessed()


def failed(stage):
    promotion = stage.request()
    run.cancel(Run.objects.get(subject=f"promotion:{promotion.pk}"), actor=stage.actor("engineer"))
    reconcile()
    return promotion


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (opened, "OPEN"),
        (awaiting, "AWAITING_DECISION"),
        (half_approved, "AWAITING_DECISION"),
        (blocked, "BLOCKED"),
        (failed, "ERROR"),
    ],
)
def test_a_request_on_which_nobody_decides_expires_from_every_state_that_waits(bare_stage, make, state):
    bare_stage.assign(max_age="90")
    promotion = make(bare_stage)
    bare_stage.later(days=29, hours=23)
    judge_again()
    assert fresh(promotion).state == state
    bare_stage.later(days=30, minutes=1)
    assert judge_again() == 1
    assert (fresh(promotion).state, fresh(promotion).detail) == ("EXPIRED", NOBODY)
    last = events(promotion, "promotion.advanced")[-1]
    assert (last["data"]["from"], last["data"]["to"], last["data"]["detail"]) == (state, "EXPIRED", NOBODY)
    assert last["actor"]["role"] == "system"
    assert judge_again() == 0
    assert verify().faults == ()


def test_evidence_that_was_made_again_gives_its_readers_the_whole_time(bare_stage):
    bare_stage.assign(max_age="90")
    promotion = bare_stage.assessed()
    bare_stage.later(days=20)
    bare_stage.assign(version="2", auc="0.55", max_age="90")
    reconcile()
    bare_stage.assess(promotion)
    bare_stage.later(days=49)
    judge_again()
    assert fresh(promotion).state == "AWAITING_DECISION"


@pytest.mark.parametrize(
    ("policy", "days", "why"),
    [
        ({"max_age": "9"}, 10, "its evidence has aged: fairness, performance"),
        ({"max_age": "90"}, 15, "approvals count for 14 days"),
    ],
)
def test_what_was_approved_and_never_released_expires_with_what_it_rested_on(bare_stage, policy, days, why):
    bare_stage.assign(**policy)
    promotion = bare_stage.approved()
    bare_stage.later(days=days - 2)
    assert judge_again() == 0
    bare_stage.later(days=days)
    assert judge_again() == 1
    promotion = fresh(promotion)
    assert (promotion.state, promotion.detail) == ("EXPIRED", f"it was approved and never released; {why}")
    with pytest.raises(NotReleasableError, match="EXPIRED"):
        start_release(promotion, actor=bare_stage.actor("engineer"))
    assert verify().faults == ()


def test_an_approval_that_holds_waits_for_its_release_as_long_as_it_holds(bare_stage):
    bare_stage.assign(max_age="90")
    promotion = bare_stage.assessed()
    bare_stage.later(days=29)
    bare_stage.approve(promotion, "validator")
    bare_stage.approve(promotion, "officer")
    bare_stage.later(days=42)
    assert judge_again() == 0
    assert fresh(promotion).state == "APPROVED"


def test_what_is_released_or_was_asked_for_anew_does_not_expire(bare_stage):
    bare_stage.assign()
    first = bare_stage.approved()
    bare_stage.release(first)
    bare_stage.later(days=90)
    assert judge_again() == 0
    assert deployment_of(first).state in RUNNING
    again = bare_stage.request(first.version)
    assert fresh(again).state == "OPEN"
    assert judge_again() == 0
