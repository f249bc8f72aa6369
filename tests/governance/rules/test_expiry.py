"""When a request expires: undecided for too long, or approved on what has aged; the table is by the policy's days."""

from datetime import timedelta

import pytest

from governance.rules.expiry import WAITING, waits_until, why_lapsed, why_waited_out
from governance.rules.moments import MomentError
from governance.rules.policy import read_policy
from governance.rules.states import PROMOTION_TRANSITIONS, PromotionState
from tests.governance.rules.build import NOW, POLICY, changed

POLICY_OF_SEVEN = read_policy(changed(POLICY, "approval.decide_within_days", 7))
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("waited", "expired"),
    [
        (timedelta(0), False),
        (timedelta(days=6), False),
        (timedelta(days=7) - MOMENT, False),
        (timedelta(days=7), True),
        (timedelta(days=700), True),
        (timedelta(days=-1), False),
    ],
)
def test_who_does_not_decide_in_time_lets_it_expire(waited, expired):
    why = why_waited_out(POLICY_OF_SEVEN, since=NOW - waited, now=NOW)
    assert why == ("nobody decided within the 7 days that the policy allows" if expired else "")
    assert (waits_until(POLICY_OF_SEVEN, NOW - waited) <= NOW) == expired


def test_a_policy_that_does_not_say_gives_thirty_days():
    assert waits_until(read_policy(POLICY), NOW) == NOW + timedelta(days=30)


def evaluated(*outcomes: str) -> dict[str, object]:
    return {"items": [{"check": f"check{number}", "outcome": one} for number, one in enumerate(outcomes)]}


@pytest.mark.parametrize(
    ("outcomes", "given", "why"),
    [
        (("PASS",), (1,), ""),
        (("PASS", "FAIL", "ERROR", "WARN"), (1,), ""),
        (("PASS", "AGED"), (1,), "its evidence has aged: check1"),
        (("AGED", "AGED"), (), "its evidence has aged: check0, check1"),
        (("PASS",), (), ""),
        (("PASS",), (13,), ""),
        (("PASS",), (14,), "approvals count for 14 days"),
        (("PASS",), (1, 15), "approvals count for 14 days"),
    ],
)
def test_what_was_approved_and_not_released_lapses_with_what_it_rested_on(outcomes, given, why):
    moments = [NOW - timedelta(days=days) for days in given]
    found = why_lapsed(read_policy(POLICY), evaluation=evaluated(*outcomes), approvals=moments, now=NOW)
    assert found == (f"it was approved and never released; {why}" if why else "")


def test_a_moment_without_offset_is_refused():
    with pytest.raises(MomentError, match="no offset"):
        why_waited_out(POLICY_OF_SEVEN, since=NOW.replace(tzinfo=None), now=NOW)


def test_every_state_that_waits_can_expire_and_none_that_is_at_work_waits():
    assert all(PromotionState.EXPIRED in PROMOTION_TRANSITIONS[state] for state in WAITING)
    assert WAITING.isdisjoint({PromotionState.RELEASING, PromotionState.MEASURING, PromotionState.COLLECTING})
