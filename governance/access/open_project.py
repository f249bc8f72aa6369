"""Open a project: make it, with its first administrator, in one step."""

from django.db import transaction

from governance.access.permissions import ADMINISTRATORS, require_one_of
from registry.models import Actor, Project, Role
from registry.register import create_project, grant_role


@transaction.atomic
def open_project(*, slug: str, name: str, actor: Actor) -> Project:
    """Make a project whose first administrator is the person accountable for this call.

    It takes the administrator's role in the default project. Raises RoleMissingError or ValidationError.
    """
    require_one_of(actor.principal, Project.default(), ADMINISTRATORS, "open a project")
    project = create_project(slug=slug, name=name, actor=actor)
    installation = Actor.system(actor.auth)  # nobody grants a role to themselves: who opens a project is given it
    grant_role(actor.principal.accountable(), project=project, role=Role.ADMINISTRATOR, actor=installation)
    return project
