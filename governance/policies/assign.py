"""Assign policies to a tier in an environment, by two persons; and resolve the one that applies."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from governance.models import Policy, PolicyAssignment
from registry.ledger.append import append
from registry.models import Actor, Environment, PrincipalKind


class NoPolicyError(LookupError):
    """No policy applies: nothing can be promoted there."""

    code = "no_policy"


class PolicyTierError(ValueError):
    """A policy says for which tier it was made; another tier's rules may be weaker."""

    code = "policy_tier"


class SamePersonError(PermissionError):
    """The same person cannot be both of two."""

    code = "same_person"


class NotProposedError(ValueError):
    """There is nothing to confirm."""

    code = "not_proposed"


@transaction.atomic
def propose(
    *,
    environment: Environment,
    tier: str,
    policy: Policy,
    actor: Actor,
    applies_to: str = "open",
    grace_days: int = 0,
) -> PolicyAssignment:
    """Propose that a policy applies. The first for a tier and environment takes effect at once, and says so.

    ``applies_to``: new requests, those that are open too, or also what is deployed, after ``grace_days``.
    """
    made_for = policy.document["tier"]
    if made_for != tier:
        raise PolicyTierError(f"{policy} is made for the {made_for} tier; it cannot be assigned to the {tier} tier")
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    first = not PolicyAssignment.objects.filter(environment=environment, tier=tier, effective_at__isnull=False).exists()
    assignment = PolicyAssignment(
        project=environment.project,
        environment=environment,
        tier=tier,
        policy=policy,
        applies_to=applies_to,
        grace_days=grace_days,
        proposed_by=actor.principal.accountable(),
        effective_at=timezone.now() if first else None,
    )
    assignment.full_clean()
    assignment.save()
    append(
        "policy_assignment.proposed",
        actor=actor,
        subject=f"policy_assignment:{assignment.pk}",
        policy=policy.digest,
        data={
            "environment": str(environment.pk),
            "tier": tier,
            "applies_to": applies_to,
            "grace_days": grace_days,
            "bootstrap": first,
        },
    )
    return assignment


@transaction.atomic
def confirm(assignment: PolicyAssignment, *, actor: Actor) -> PolicyAssignment:
    """Let a proposed assignment take effect, by a second person who is signed in."""
    Environment.objects.select_for_update(no_key=True).get(pk=assignment.environment_id)
    locked = PolicyAssignment.objects.select_for_update().get(pk=assignment.pk)
    person = actor.principal.accountable()
    if locked.effective_at is not None:
        raise NotProposedError(f"assignment {locked.pk} took effect on {locked.effective_at:%Y-%m-%d %H:%M} UTC")
    if person == locked.proposed_by or person.kind != PrincipalKind.PERSON:
        raise SamePersonError("a proposed assignment is confirmed by another person than the one who proposed it")
    locked.confirmed_by, locked.effective_at = person, timezone.now()
    locked.full_clean()
    locked.save()
    append(
        "policy_assignment.confirmed",
        actor=actor,
        subject=f"policy_assignment:{locked.pk}",
        policy=locked.policy_id,
        data={"environment": str(locked.environment_id), "tier": locked.tier},
    )
    return locked


def resolve(*, environment: Environment, tier: str) -> Policy:
    """Return the policy that applies now; raises NoPolicyError: without a policy nothing goes out."""
    found = (
        PolicyAssignment.objects.filter(environment=environment, tier=tier, effective_at__lte=timezone.now())
        .order_by("-effective_at")
        .select_related("policy")
        .first()
    )
    if found is None:
        raise NoPolicyError(f"no policy is assigned to the {tier} tier in {environment.name}")
    return found.policy


def applies_to_open(*, environment: Environment, tier: str, since: datetime) -> Policy | None:
    """Return the newest policy that took effect after ``since`` and also rules requests that were open then, if any."""
    found = (
        PolicyAssignment.objects.filter(
            environment=environment, tier=tier, effective_at__gt=since, applies_to__in=["open", "deployed"]
        )
        .order_by("-effective_at")
        .select_related("policy")
        .first()
    )
    return found.policy if found else None


def applies_to_deployed(*, environment: Environment, tier: str, since: datetime) -> list[PolicyAssignment]:
    """Return what took effect after ``since`` and also rules what was deployed by then, the newest first."""
    found = PolicyAssignment.objects.filter(
        environment=environment,
        tier=tier,
        effective_at__gt=since,
        effective_at__lte=timezone.now(),
        applies_to="deployed",
    )
    return list(found.order_by("-effective_at").select_related("policy"))
