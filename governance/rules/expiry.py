"""When a request has waited too long: silence, and what has aged, expire it; nothing of that ever approves it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from governance.rules.moments import days_after, read_moment
from governance.rules.policy import Policy
from governance.rules.states import Outcome, PromotionState

WAITING = frozenset(
    {PromotionState.OPEN, PromotionState.BLOCKED, PromotionState.AWAITING_DECISION, PromotionState.ERROR}
)


def waits_until(policy: Policy, since: datetime) -> datetime:
    """Return when a request expires on which nobody decides; ``since`` is when it was made or last evaluated anew."""
    return days_after(read_moment(since, "since"), policy.approval.decide_within_days)


def why_waited_out(policy: Policy, *, since: datetime, now: datetime) -> str:
    """Say that nobody decided in time, or nothing."""
    if read_moment(now, "now") < waits_until(policy, since):
        return ""
    return f"nobody decided within the {policy.approval.decide_within_days} days that the policy allows"


def why_lapsed(policy: Policy, *, evaluation: Mapping[str, Any], approvals: Collection[datetime], now: datetime) -> str:
    """Say what an approval that was never used rested on and has aged, or nothing.

    ``evaluation`` is the present one; ``approvals`` are the moments of those that were bound to the approved one.
    """
    aged = sorted({item["check"] for item in evaluation["items"] if item["outcome"] == Outcome.AGED})
    if aged:
        return f"it was approved and never released; its evidence has aged: {', '.join(aged)}"
    days = policy.approval.valid_days
    if any(now >= days_after(read_moment(given, "an approval"), days) for given in approvals):
        return f"it was approved and never released; approvals count for {days} days"
    return ""
