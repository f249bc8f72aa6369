"""Erase what is behind a commitment: salt and text go, the digest stays, and with it every proof."""

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.access.permissions import ADMINISTRATORS, require_one_of
from governance.access.subjects import project_of
from governance.retention.hold import hold_on
from governance.rules.approvals import BY_A_PERSON
from governance.rules.retention import SHORTEST_DAYS, kept_until
from registry.ledger import read
from registry.ledger.append import append, moment
from registry.models import Actor, Commitment, Identity, PrincipalKind, Project, Role, VersionPerson


class RetentionFloorError(ValueError):
    """It is not old enough to be erased."""

    code = "retention_floor"


class OnHoldError(ValueError):
    """A legal hold covers it."""

    code = "on_hold"


class ErasedAlreadyError(ValueError):
    """There is nothing behind the commitment any more."""

    code = "already_erased"


class NameInUseError(ValueError):
    """A name by which a sign-in, or a row that never changes, knows somebody: erasing its text would hide nothing."""

    code = "name_in_use"


class EraserError(PermissionError):
    """A person erases, who is signed in: no service, and no command."""

    code = "not_a_person"


@transaction.atomic
def erase_commitment(commitment: Commitment, *, reason: str, actor: Actor) -> Commitment:
    """Erase the text and the salt of a commitment; the event names its digest and commits to the reason.

    Raises RoleMissingError, EraserError, ErasedAlreadyError, NameInUseError, RetentionFloorError or OnHoldError.
    """
    list(Project.objects.select_for_update(no_key=True).order_by("pk"))  # no hold is placed meanwhile
    locked = Commitment.objects.select_for_update().get(pk=commitment.pk)
    subjects = read.subjects_citing(locked.pk)
    projects = {project_of(one) for one in subjects} or {None}
    actor = _administrator(actor, projects)
    if locked.erased_at is not None:
        raise ErasedAlreadyError(f"what is behind {locked.pk[:12]} was erased on {locked.erased_at:%Y-%m-%d}")
    _check_is_no_name(locked)
    _check_is_old_enough(locked)
    if hold := hold_on(subjects, projects):
        raise OnHoldError(f"the hold {hold.pk} covers it since {hold.created_at:%Y-%m-%d}; lift that first")
    locked.salt, locked.text, locked.erased_at = "", "", timezone.now()
    locked.full_clean()
    locked.save()
    data = {"recorded_at": moment(locked.created_at), "reason": Commitment.of(reason).digest}
    append("commitment.erased", actor=actor, subject=f"commitment:{locked.pk}", subject_digest=locked.pk, data=data)
    return locked


def projects_about(commitment: Commitment) -> set[UUID]:
    """Return the projects that a commitment is about; the default one where that cannot be told."""
    found = {project_of(one) for one in read.subjects_citing(commitment.pk)} or {None}
    return {one or Project.default().pk for one in found}


def _administrator(actor: Actor, projects: set[UUID | None]) -> Actor:
    """Return the actor as an administrator, who has to be one in every project that the commitment is about."""
    actor.principal.keep_roles()
    for one in projects:
        project = Project.objects.get(pk=one) if one else Project.default()
        require_one_of(actor.principal, project, ADMINISTRATORS, "erase what is behind a commitment")
    if actor.principal.kind != PrincipalKind.PERSON or actor.auth not in BY_A_PERSON:
        raise EraserError("what is behind a commitment is erased by a person, signed in or by a token of their own")
    return replace(actor, role=str(Role.ADMINISTRATOR))


def _check_is_no_name(commitment: Commitment) -> None:
    known, named = Identity.objects.filter(value=commitment.text), VersionPerson.objects.exclude(identity="")
    if known.exists() or named.filter(identity__iexact=commitment.text).exists():
        raise NameInUseError("it is a name by which somebody is still known here; nothing would be hidden")


def _check_is_old_enough(commitment: Commitment) -> None:
    days = max(settings.PROBITY_RETENTION_DAYS, SHORTEST_DAYS)
    until = kept_until(commitment.created_at, days)
    if timezone.now() < until:
        raise RetentionFloorError(f"it is kept for {days} days, until {until:%Y-%m-%d}")
