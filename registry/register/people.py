"""Register principals, the names they are known by, and the roles they hold."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from registry.ledger.append import append
from registry.models import (
    Actor,
    Commitment,
    Identity,
    IdentityKind,
    Principal,
    PrincipalKind,
    Project,
    RoleAssignment,
)


class AlreadyHeldError(ValueError):
    """The principal holds that role in that project already."""

    code = "role_already_held"


class SelfGrantError(PermissionError):
    """A role that somebody tried to give to themselves."""

    code = "self_grant"


class NotHeldError(ValueError):
    """The principal does not hold that role in that project."""

    code = "role_not_held"


def _register(kind: PrincipalKind, name: str, owner: Principal | None, actor: Actor) -> Principal:
    principal = Principal(kind=kind, name=name, owner=owner)
    principal.full_clean()
    principal.save()
    append(
        "principal.registered",
        actor=actor,
        subject=f"principal:{principal.pk}",
        data={"kind": str(kind), "owner": str(owner.pk) if owner else None},
    )
    return principal


@transaction.atomic
def link_identity(principal: Principal, *, kind: str, value: str, actor: Actor) -> Identity:
    """Record that a principal is known by a name in a system; the ledger gets a salted commitment to the name."""
    Principal.lock_names()
    identity = Identity(principal=principal, kind=kind, value=value)
    identity.full_clean()
    identity.save()
    append(
        "identity.linked",
        actor=actor,
        subject=f"principal:{principal.pk}",
        data={"kind": kind, "value": Commitment.of_name(value).digest},
    )
    return identity


@transaction.atomic
def register_person(
    *, username: str, password: str | None, actor: Actor, name: str = "", email: str = "", staff: bool = False
) -> Principal:
    """Make a person with a Django user to sign in with (no usable password when ``password`` is None)."""
    users: type[AbstractBaseUser] = get_user_model()
    user = users._default_manager.create_user(username=username, email=email or None, password=password)  # type: ignore[attr-defined]  # noqa: SLF001
    user.is_staff = staff
    user.save(update_fields=["is_staff"])
    principal = _register(PrincipalKind.PERSON, name or username, None, actor)
    link_identity(principal, kind=IdentityKind.DJANGO, value=str(user.pk), actor=actor)
    if email:
        link_identity(principal, kind=IdentityKind.EMAIL, value=email.casefold(), actor=actor)
    return principal


@transaction.atomic
def register_service(*, name: str, owner: Principal, actor: Actor) -> Principal:
    """Make a service principal with the person who answers for it."""
    return _register(PrincipalKind.SERVICE, name, owner, actor)


@transaction.atomic
def grant_role(principal: Principal, *, project: Project, role: str, actor: Actor) -> RoleAssignment:
    """Give a role from now on; raises AlreadyHeldError when it is held, SelfGrantError when one gives it to oneself."""
    if actor.principal.accountable() == principal.accountable():
        raise SelfGrantError(f"nobody gives a role to themselves: {role} is given by another administrator")
    if role in principal.roles(project):
        raise AlreadyHeldError(f"principal {principal.pk} already holds {role} in {project.slug}")
    assignment = RoleAssignment(principal=principal, project=project, role=role)
    assignment.full_clean()
    assignment.save()
    _append_role("role.granted", assignment, actor)
    return assignment


@transaction.atomic
def revoke_role(principal: Principal, *, project: Project, role: str, actor: Actor) -> RoleAssignment:
    """Take a role from now on; raises NotHeldError when it is not held."""
    held = RoleAssignment.objects.select_for_update().filter(
        principal=principal, project=project, role=role, revoked_at__isnull=True
    )
    assignment = held.first()
    if assignment is None:
        raise NotHeldError(f"principal {principal.pk} does not hold {role} in {project.slug}")
    assignment.revoked_at = timezone.now()
    assignment.save(update_fields=["revoked_at"])
    _append_role("role.revoked", assignment, actor)
    return assignment


def _append_role(kind: str, assignment: RoleAssignment, actor: Actor) -> None:
    append(
        kind,
        actor=actor,
        subject=f"principal:{assignment.principal_id}",
        data={"project": str(assignment.project_id), "role": assignment.role},
    )
