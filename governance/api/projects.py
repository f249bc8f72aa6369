"""Projects: the boundary of ownership and permission."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.open_project import open_project
from governance.access.permissions import ADMINISTRATORS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from registry.models import Project


class ProjectPrinted(Output):
    """A project."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    created_at = MomentField()


class ProjectSent(Input):
    """A project to open."""

    slug = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=200)


class ProjectsView(ApiView):
    """The projects that the caller holds a role in."""

    scopes = {"GET": "read", "POST": "administer"}

    @describe(ProjectPrinted(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List projects."""
        return self.page(Project.objects.filter(pk__in=self.visible), ProjectPrinted)

    @describe(ProjectPrinted, sent=ProjectSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Open a project, whose first administrator is the caller."""
        given = self.read(ProjectSent)
        actor = self.actor(Project.default(), ADMINISTRATORS, "open a project")
        return Response(ProjectPrinted(open_project(**given, actor=actor)).data, status=CREATED)


class ProjectView(ApiView):
    """One project."""

    @describe(ProjectPrinted)
    def get(self, request: Request, slug: str) -> Response:  # noqa: ARG002
        """Print a project."""
        return Response(ProjectPrinted(self.project(slug)).data)
