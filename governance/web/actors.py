"""Who is signed in: the principal behind a Django user, which projects it may see, and the actor it acts as."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from registry.models import Actor, Identity, IdentityKind, Principal, Project, RoleAssignment

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Member:
    """A signed-in principal with the roles it holds now, by project."""

    principal: Principal
    held: Mapping[UUID, frozenset[str]]

    @property
    def projects(self) -> frozenset[UUID]:
        """The projects that it may see: those in which it holds a role."""
        return frozenset(self.held)

    def roles(self, project_id: UUID) -> frozenset[str]:
        """Return the roles held in a project now."""
        return self.held.get(project_id, frozenset())

    def holds(self, project_id: UUID, roles: frozenset[Any]) -> bool:
        """Say whether it holds one of the roles in a project now."""
        return bool(self.roles(project_id) & {str(role) for role in roles})

    def actor(self, project: Project, wanted: Collection[Any] = ()) -> Actor:
        """Return the actor of this session, in the first of the wanted roles that it holds; the use case decides."""
        held = self.roles(project.pk)
        role = next((str(role) for role in wanted if str(role) in held), min(held, default=""))
        return Actor(principal=self.principal, role=role, auth="session")


def member_of(user: Any) -> Member | None:
    """Return the member behind a Django user; None where it is linked to no active principal."""
    known = Identity.objects.filter(kind=IdentityKind.DJANGO, value=str(user.pk)).select_related("principal").first()
    if known is None or not known.principal.active:
        return None
    held: dict[UUID, frozenset[str]] = {}
    for assignment in RoleAssignment.objects.filter(principal=known.principal, revoked_at__isnull=True):
        held[assignment.project_id] = held.get(assignment.project_id, frozenset()) | {assignment.role}
    return Member(principal=known.principal, held=held)


View = Callable[Concatenate[HttpRequest, Member, Arguments], HttpResponseBase]
Page = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]


def members_only(view: View[Arguments]) -> Page[Arguments]:
    """Let in who is signed in and known as a principal; nothing that they are shown is kept by a cache."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> HttpResponseBase:
        member = member_of(request.user)
        if member is None:
            return render(request, "governance/stranger.html", status=403)
        request.member = member  # type: ignore[attr-defined]  # for the head of each page
        return view(request, member, *arguments, **named)

    shown: Page[Arguments] = cache_control(private=True, no_store=True)(login_required(guarded))
    return shown
