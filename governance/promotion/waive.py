"""Waivers: one person asks that an item may be missed for a time, another grants it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from governance.models import PromotionRequest, Waiver
from governance.promotion.advance import lock
from governance.promotion.approve import (
    SHORTEST_REASON,
    DecisionRefusedError,
    ReasonMissingError,
)
from governance.promotion.judge import people_of, settle
from governance.promotion.request import require_role
from governance.rules.approvals import BY_A_PERSON
from governance.rules.policy import read_policy
from governance.rules.states import PromotionState
from registry.ledger.append import append, moment
from registry.models import Actor, Commitment, PrincipalKind, Role


class WaiverRefusedError(ValueError):
    """The policy does not allow this waiver; the message says which limit it misses."""

    code = "waiver_refused"


@transaction.atomic
def request_waiver(promotion: PromotionRequest, *, key: str, ends_at: datetime, reason: str, actor: Actor) -> Waiver:
    """Ask for a waiver of one item of the current evaluation."""
    locked = lock(promotion.pk)
    require_role(actor, locked.project, frozenset(Role), "ask for a waiver")
    rule = read_policy(locked.policy.document).waivers
    evaluation = locked.evaluations.filter(digest=locked.evaluation_digest).order_by("-created_at").first()
    items = {item["key"]: item for item in evaluation.document["items"]} if evaluation else {}
    if key not in items:
        raise WaiverRefusedError(f"the evaluation has no item {key!r}")
    if items[key]["metric"] not in rule.allowed:
        raise WaiverRefusedError(f"the policy allows no waiver of {items[key]['metric']}")
    longest = timezone.now() + timedelta(days=rule.max_days)
    if not timezone.now() < ends_at <= longest:
        raise WaiverRefusedError(f"a waiver ends within {rule.max_days} days, in the future; {ends_at:%Y-%m-%d} is not")
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissingError(f"a waiver needs a reason of at least {SHORTEST_REASON} characters")
    waiver = Waiver(
        promotion=locked,
        manifest_digest=locked.manifest_id,
        key=key,
        requested_by=actor.principal,
        ends_at=ends_at,
        reason=Commitment.of(reason),
    )
    waiver.full_clean()
    waiver.save()
    append(
        "waiver.requested",
        actor=actor,
        subject=f"promotion:{locked.pk}",
        policy=locked.policy_id,
        data={
            "waiver": str(waiver.pk),
            "manifest": waiver.manifest_digest,
            "key": key,
            "ends_at": moment(ends_at),
            "reason": waiver.reason_id,
        },
    )
    return waiver


@transaction.atomic
def grant_waiver(waiver: Waiver, *, actor: Actor) -> Waiver:
    """Grant a waiver: a signed-in person of the policy's role, not the one who asked nor a party to the request."""
    promotion = lock(waiver.promotion_id)
    locked = Waiver.objects.select_for_update().get(pk=waiver.pk)
    policy = read_policy(promotion.policy.document)
    person = actor.principal
    if actor.auth not in BY_A_PERSON or person.kind != PrincipalKind.PERSON:
        raise DecisionRefusedError("a waiver is granted by a signed-in person", "not_a_person")
    if person.pk == locked.requested_by.accountable().pk or people_of(promotion).part_of(
        str(person.pk), policy.approval.separation
    ):
        raise DecisionRefusedError("a waiver is granted by another person than those who asked", "own_request")
    person.keep_roles()
    held = person.roles(promotion.project)
    if policy.waivers.role not in held:
        raise DecisionRefusedError(f"to grant a waiver takes the role {policy.waivers.role}", "not_permitted")
    if locked.granted_by_id is not None:
        raise WaiverRefusedError("the waiver is granted already")
    if locked.ends_at <= timezone.now():
        raise WaiverRefusedError(f"the waiver was asked for until {locked.ends_at:%Y-%m-%d}; ask for another one")
    locked.granted_by, locked.granted_at, locked.roles_held = person, timezone.now(), sorted(held)
    locked.full_clean()
    locked.save()
    append(
        "waiver.granted",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        policy=promotion.policy_id,
        data={
            "waiver": str(locked.pk),
            "manifest": locked.manifest_digest,
            "key": locked.key,
            "ends_at": moment(locked.ends_at),
        },
    )
    if promotion.state in {PromotionState.BLOCKED, PromotionState.AWAITING_DECISION}:
        settle(promotion, actor=actor)
    return locked
