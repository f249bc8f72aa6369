"""Principals: the people and services of a project, and the names they are known by."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import ADMINISTRATORS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from registry.models import IdentityKind, Principal, PrincipalKind, Project
from registry.register import grant_role, link_identity, register_person, register_service


class PrincipalPrinted(Output):
    """A person or a service."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    owner = serializers.UUIDField(source="owner_id", allow_null=True)
    active = serializers.BooleanField()
    created_at = MomentField()


class MyselfPrinted(PrincipalPrinted):
    """The caller: its principal, its roles by project, its scopes."""

    auth = serializers.CharField()
    roles = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class ServiceSent(Input):
    """A service to register in a project, with a first role there."""

    project = serializers.SlugField()
    name = serializers.CharField(max_length=200)
    owner = serializers.UUIDField()
    role = serializers.ChoiceField(choices=["requester", "engineer", "auditor"])


class PersonSent(Input):
    """A person to register: a user without a password, who signs in once one is set or through single sign-on."""

    username = serializers.CharField(max_length=150)
    name = serializers.CharField(max_length=200, required=False, default="")
    email = serializers.EmailField(required=False, default="")


class IdentitySent(Input):
    """A name by which a principal is known in another system."""

    kind = serializers.ChoiceField(
        choices=[IdentityKind.EMAIL.value, IdentityKind.MLFLOW.value, IdentityKind.OIDC.value]
    )
    value = serializers.CharField(max_length=255)


class IdentityPrinted(Output):
    """A name of a principal in a system."""

    id = serializers.UUIDField()
    principal = serializers.UUIDField(source="principal_id")
    kind = serializers.CharField()
    created_at = MomentField()


class ProjectMembers(ApiView):
    """The base of views on the people and services of the caller's projects."""

    def members(self) -> QuerySet[Principal]:
        """Return who holds, or held, a role in a project that the caller sees."""
        return Principal.objects.filter(assignments__project_id__in=self.visible).distinct()


class PrincipalsView(ProjectMembers):
    """Principals of the caller's projects."""

    @describe(PrincipalPrinted(many=True), query=("project", "kind"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List principals."""
        rows = self.filtered(self.members(), project="assignments__project__slug", kind="kind")
        return self.page(rows, PrincipalPrinted)


class PrincipalView(ProjectMembers):
    """One principal."""

    @describe(PrincipalPrinted)
    def get(self, request: Request, principal_id: UUID) -> Response:  # noqa: ARG002
        """Print a principal."""
        return Response(PrincipalPrinted(self.one(self.members(), pk=principal_id)).data)


class MyselfView(ApiView):
    """The caller."""

    @describe(MyselfPrinted, operation_id="principals_me")
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Print the caller, its roles and the scopes of its token (null: a session)."""
        roles: dict[str, list[str]] = {}
        held = self.caller.principal.assignments.filter(revoked_at__isnull=True, project_id__in=self.visible)
        for slug, role in held.order_by("project__slug", "role").values_list("project__slug", "role"):
            roles.setdefault(slug, []).append(role)
        token = self.caller.token
        mine: dict[str, Any] = {"auth": self.caller.auth, "roles": roles, "scopes": token.scopes if token else None}
        return Response({**PrincipalPrinted(self.caller.principal).data, **mine})


class ServicesView(ProjectMembers):
    """Services: programs that act under an accountable person."""

    scopes = {"POST": "administer"}

    @describe(PrincipalPrinted, sent=ServiceSent, status=201, operation_id="services_create")
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a service with its owner, and give it its role in the project."""
        given = self.read(ServiceSent)
        project = self.project(given["project"])
        actor = self.actor(project, ADMINISTRATORS, "register a service")
        owner = self.one(self.members(), pk=given["owner"], kind=PrincipalKind.PERSON)
        service = register_service(name=given["name"], owner=owner, actor=actor)
        grant_role(service, project=project, role=given["role"], actor=actor)
        return Response(PrincipalPrinted(service).data, status=CREATED)


class PeopleView(ApiView):
    """People: they belong to the installation, whose administrators are those of the default project."""

    scopes = {"POST": "administer"}

    @describe(PrincipalPrinted, sent=PersonSent, status=201, operation_id="people_create")
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a person."""
        given = self.read(PersonSent)
        actor = self.actor(Project.default(), ADMINISTRATORS, "register a person")
        person = register_person(**given, password=None, actor=actor)
        return Response(PrincipalPrinted(person).data, status=CREATED)


class IdentitiesView(ApiView):
    """Identities: what maps a committer or a trainer to the person who may not approve."""

    scopes = {"POST": "administer"}

    @describe(IdentityPrinted, sent=IdentitySent, status=201, operation_id="identities_create")
    @once()
    def post(self, request: Request, principal_id: UUID) -> Response:  # noqa: ARG002
        """Record that a principal is known by a name in a system."""
        given = self.read(IdentitySent)
        actor = self.actor(Project.default(), ADMINISTRATORS, "link an identity")
        principal = self.one(Principal.objects.all(), pk=principal_id)
        value = given["value"].casefold()
        identity = link_identity(principal, kind=given["kind"], value=value, actor=actor)
        return Response(IdentityPrinted(identity).data, status=CREATED)
