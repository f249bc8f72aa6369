"""Legal holds: one person places a hold; one asks for its end, and another person lifts it."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.access.permissions import POLICY_MAKERS, require_one_of
from governance.access.subjects import project_of
from governance.models import LegalHold
from governance.rules.approvals import BY_A_PERSON
from registry.ledger.append import append
from registry.models import Actor, Commitment, Principal, PrincipalKind, Project


class HoldSubjectError(ValueError):
    """A hold is placed on something that belongs to a project."""

    code = "hold_subject"


class HoldStateError(ValueError):
    """There is nothing to lift, or nobody has asked for it."""

    code = "hold_state"


class NotOnePersonError(PermissionError):
    """Two persons lift a hold, each signed in: not a service, and not one of them twice."""

    code = "same_person"


@transaction.atomic
def place_hold(subject: str, *, reason: str, actor: Actor) -> LegalHold:
    """Place a hold on a subject of the ledger ("promotion:ID"), or on all of a project ("project:ID")."""
    place = project_of(subject)
    if place is None:
        raise HoldSubjectError(f"{subject[:120]!r} is of no project; a hold is on «noun:id», such as project:ID.")
    project = Project.objects.select_for_update(no_key=True).get(pk=place)
    actor.principal.keep_roles()
    actor = replace(actor, role=require_one_of(actor.principal, project, POLICY_MAKERS, "place a hold"))
    hold = LegalHold(project=project, subject=subject, placed_by=actor.principal, reason=Commitment.of(reason))
    hold.full_clean()
    hold.save()
    data = {"project": str(project.pk), "on": subject, "reason": hold.reason_id}
    append("hold.placed", actor=actor, subject=f"hold:{hold.pk}", data=data)
    return hold


@transaction.atomic
def request_lift(hold: LegalHold, *, reason: str, actor: Actor) -> LegalHold:
    """Ask for the end of a hold; it stays until another person lifts it."""
    locked, actor = _locked(hold, actor)
    if locked.lift_asked_by_id is not None:
        raise HoldStateError(f"hold {hold.pk} is asked to be lifted already; another person lifts it")
    locked.lift_asked_by = actor.principal
    locked.full_clean()
    locked.save()
    data = {"reason": Commitment.of(reason).digest}
    append("hold.lift_requested", actor=actor, subject=f"hold:{hold.pk}", data=data)
    return locked


@transaction.atomic
def lift_hold(hold: LegalHold, *, actor: Actor) -> LegalHold:
    """Lift a hold, as another person than the one who asked for it."""
    locked, actor = _locked(hold, actor)
    if locked.lift_asked_by is None:
        raise HoldStateError(f"nobody has asked to lift hold {hold.pk}; one person asks, and another lifts it")
    if locked.lift_asked_by == actor.principal:
        raise NotOnePersonError("a hold is lifted by another person than the one who asked for it")
    locked.lifted_by, locked.lifted_at = actor.principal, timezone.now()
    locked.full_clean()
    locked.save()
    data = {"requested_by": str(locked.lift_asked_by_id)}
    append("hold.lifted", actor=actor, subject=f"hold:{hold.pk}", data=data)
    return locked


def _locked(hold: LegalHold, actor: Actor) -> tuple[LegalHold, Actor]:
    locked = LegalHold.objects.select_for_update().get(pk=hold.pk)
    person: Principal = actor.principal
    person.keep_roles()
    role = require_one_of(person, locked.project, POLICY_MAKERS, "lift a hold")
    if person.kind != PrincipalKind.PERSON or actor.auth not in BY_A_PERSON:
        raise NotOnePersonError("a hold is lifted by two persons, each signed in or by a token of their own")
    if locked.lifted_at is not None:
        raise HoldStateError(f"hold {hold.pk} was lifted on {locked.lifted_at:%Y-%m-%d}")
    return locked, replace(actor, role=role)


def hold_on(subjects: Collection[str], projects: Collection[UUID | None]) -> LegalHold | None:
    """Return a hold in force on one of the subjects or projects; what is of no known project is under every hold."""
    found = LegalHold.objects.filter(lifted_at__isnull=True)
    if subjects and None not in projects:
        found = found.filter(Q(subject__in=subjects) | Q(subject__in=[f"project:{one}" for one in projects]))
    return found.order_by("created_at").first()
