"""What a member may do with a promotion or a deployment: asked of the rules that the use cases themselves ask."""

from dataclasses import dataclass

from governance.models import PromotionRequest, Waiver
from governance.promotion.approve import DecisionRefusedError, may_decide
from governance.promotion.judge import people_of
from governance.promotion.release import RELEASERS
from governance.promotion.request import REQUESTERS
from governance.promotion.rollback import OPERATORS, RUNNING
from governance.rules.policy import Policy
from governance.rules.states import PROMOTION_TRANSITIONS, PromotionState
from governance.web.actors import Member
from governance.web.refusals import sentence_of
from registry.models import Deployment, Role

TO_DECIDE = frozenset({PromotionState.AWAITING_DECISION, PromotionState.BLOCKED})
REVOCABLE = frozenset({PromotionState.AWAITING_DECISION, PromotionState.APPROVED})
MEASURABLE = frozenset({PromotionState.BLOCKED, PromotionState.AWAITING_DECISION, PromotionState.ERROR})
REVIEWERS = OPERATORS - {Role.ENGINEER}


@dataclass(frozen=True, slots=True)
class Permits:
    """What is offered on a promotion's page. Whatever it offers, the use case decides again."""

    decide: bool
    why_not: str
    approve: bool
    withdraw: bool
    measure: bool
    release: bool
    ask_waiver: bool


def why_not_decide(promotion: PromotionRequest, member: Member) -> str:
    """Say in a sentence why the member cannot decide now, or nothing."""
    try:
        may_decide(promotion, member.actor(promotion.project))
    except DecisionRefusedError as error:
        return sentence_of(str(error))
    words = promotion.approvals.filter(principal=member.principal, action="approve", revocation__isnull=True)
    if words.filter(evaluation_digest=promotion.evaluation_digest).exists():
        return "You have approved this evaluation already; one person counts once."
    return ""


def is_own(promotion: PromotionRequest, member: Member) -> bool:
    """Say whether the request is the member's own."""
    owners = {promotion.requester_id, promotion.on_behalf_of_id, promotion.requester.accountable().pk}
    return member.principal.pk in owners


def permits_of(promotion: PromotionRequest, member: Member, policy: Policy) -> Permits:
    """Return what the member is offered on the promotion now."""
    state = PromotionState(promotion.state)
    why_not = why_not_decide(promotion, member) if state in TO_DECIDE else ""
    closable = PromotionState.WITHDRAWN in PROMOTION_TRANSITIONS[state]
    return Permits(
        decide=state in TO_DECIDE and not why_not,
        why_not=why_not,
        approve=state == PromotionState.AWAITING_DECISION and not why_not,
        withdraw=closable and is_own(promotion, member),
        measure=state in MEASURABLE and member.holds(promotion.project_id, REQUESTERS | {Role.VALIDATOR}),
        release=state == PromotionState.APPROVED and member.holds(promotion.project_id, RELEASERS),
        ask_waiver=state in TO_DECIDE and bool(policy.waivers.allowed),
    )


def may_grant(waiver: Waiver, promotion: PromotionRequest, member: Member, policy: Policy) -> bool:
    """Say whether the member is offered to grant a waiver: the role, and another person than those who asked."""
    person = member.principal
    if waiver.granted_by_id is not None or person.pk == waiver.requested_by_id:
        return False
    if policy.waivers.role not in member.roles(promotion.project_id):
        return False
    return not people_of(promotion).part_of(str(person.pk), policy.approval.separation)


def may_operate(deployment: Deployment, member: Member) -> bool:
    """Say whether the member is offered to roll back or stop a deployment."""
    return deployment.state in RUNNING and member.holds(deployment.environment.project_id, OPERATORS)


def may_clear(deployment: Deployment, member: Member) -> bool:
    """Say whether the member is offered to clear the review of a deployment."""
    return deployment.state == "UNDER_REVIEW" and member.holds(deployment.environment.project_id, REVIEWERS)
