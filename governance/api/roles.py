"""Roles: who holds which in a project, since when; given and taken by its administrators."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import ADMINISTRATORS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output
from governance.api.idempotency import once
from registry.models import Principal, Role, RoleAssignment
from registry.register import grant_role, revoke_role


class RolePrinted(Output):
    """That a principal holds a role."""

    id = serializers.UUIDField()
    principal = serializers.UUIDField(source="principal_id")
    name = serializers.CharField(source="principal.name")
    project = serializers.CharField(source="project.slug")
    role = serializers.CharField()
    created_at = MomentField()
    revoked_at = MomentField(allow_null=True)


class RoleSent(Input):
    """A role to give."""

    project = serializers.SlugField()
    principal = serializers.UUIDField()
    role = serializers.ChoiceField(choices=[role.value for role in Role])


class RolesView(ApiView):
    """The roles of the caller's projects, also those that were taken."""

    scopes = {"GET": "read", "POST": "administer"}

    @describe(RolePrinted(many=True), query=("project", "principal", "role"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List role assignments."""
        rows = RoleAssignment.objects.filter(project_id__in=self.visible).select_related("principal", "project")
        return self.page(
            self.filtered(rows, project="project__slug", principal="principal_id", role="role"), RolePrinted
        )

    @describe(RolePrinted, sent=RoleSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Give a role."""
        given = self.read(RoleSent)
        project = self.project(given["project"])
        actor = self.actor(project, ADMINISTRATORS, "give a role")
        principal = self.one(Principal.objects.all(), pk=given["principal"])
        assignment = grant_role(principal, project=project, role=given["role"], actor=actor)
        return Response(RolePrinted(assignment).data, status=CREATED)


class RoleRevokeView(ApiView):
    """Take a role."""

    scopes = {"POST": "administer"}

    @describe(RolePrinted, sent=Empty)
    @once()
    def post(self, request: Request, assignment_id: UUID) -> Response:  # noqa: ARG002
        """Take a role from now on."""
        rows = RoleAssignment.objects.filter(project_id__in=self.visible).select_related("principal", "project")
        held = self.one(rows, pk=assignment_id)
        self.read(Empty)
        actor = self.actor(held.project, ADMINISTRATORS, "take a role")
        return Response(
            RolePrinted(revoke_role(held.principal, project=held.project, role=held.role, actor=actor)).data
        )
