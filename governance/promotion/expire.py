"""End a request that waited in vain: nobody decided in time, or what was approved was not released in time."""

from datetime import datetime

from governance.models import PromotionRequest
from governance.promotion.advance import move
from governance.rules.expiry import WAITING, why_lapsed, why_waited_out
from governance.rules.policy import read_policy
from governance.rules.states import PromotionState
from registry.models import Actor


def waiting_since(promotion: PromotionRequest) -> datetime:
    """Return since when a decision is waited for: the newest evaluation, or else the request."""
    newest = promotion.evaluations.order_by("-created_at").values_list("created_at", flat=True).first()
    return newest or promotion.created_at


def approvals_on(promotion: PromotionRequest, evaluation: str) -> list[datetime]:
    """Return when each approval that was given on an evaluation, and not taken back, was given."""
    given = promotion.approvals.filter(action="approve", evaluation_digest=evaluation, revocation__isnull=True)
    return list(given.values_list("created_at", flat=True))


def expire(promotion: PromotionRequest, *, approved: str, now: datetime) -> PromotionRequest:
    """Expire a locked promotion whose time is over, else leave it as it is.

    ``approved`` is the evaluation for which it was APPROVED until it was settled just now, or "".
    """
    if PromotionState(promotion.state) not in WAITING:
        return promotion
    policy, why = read_policy(promotion.policy.document), ""
    if approved:
        present = promotion.evaluations.filter(digest=promotion.evaluation_digest).latest("created_at").document
        why = why_lapsed(policy, evaluation=present, approvals=approvals_on(promotion, approved), now=now)
    why = why or why_waited_out(policy, since=waiting_since(promotion), now=now)
    return move(promotion, PromotionState.EXPIRED, actor=Actor.system(), detail=why) if why else promotion
