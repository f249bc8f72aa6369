"""Which roles an action takes, and which projects a principal can see at all."""

from collections.abc import Collection
from uuid import UUID

from registry.models import Principal, Project, Role, RoleAssignment

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
REGISTRARS = frozenset({Role.REQUESTER, Role.ENGINEER, Role.ADMINISTRATOR})
STEWARDS = frozenset({Role.VALIDATOR, Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER, Role.ADMINISTRATOR})
POLICY_MAKERS = frozenset({Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER, Role.ADMINISTRATOR})
AUDITORS = frozenset({Role.AUDITOR, Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER, Role.ADMINISTRATOR})
REVEALERS = frozenset({Role.VALIDATOR, *POLICY_MAKERS})
OPERATORS = frozenset({Role.ENGINEER, Role.VALIDATOR, *POLICY_MAKERS})
ANYONE = frozenset(Role)


class RoleMissingError(PermissionError):
    """The principal does not hold a role that may do this in the project."""

    code = "not_permitted"


def require_one_of(principal: Principal, project: Project, allowed: Collection[str], what: str) -> str:
    """Return the first suitable role that is held in the project now, or raise RoleMissingError."""
    held = principal.roles(project)
    wanted = [str(role) for role in Role if role in allowed]
    for role in wanted:
        if role in held:
            return role
    raise RoleMissingError(f"to {what} in {project.slug} takes one of the roles {', '.join(wanted)}")


def visible_projects(principal: Principal, *, only: UUID | None = None) -> frozenset[UUID]:
    """Return the projects in which the principal holds a role now; ``only`` is the project of its token."""
    held = RoleAssignment.objects.filter(principal=principal, revoked_at__isnull=True)
    if only is not None:
        held = held.filter(project_id=only)
    return frozenset(held.values_list("project_id", flat=True))
