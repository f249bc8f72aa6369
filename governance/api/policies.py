"""Policies: published by digest, assigned to a tier in an environment by two persons."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import POLICY_MAKERS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import DigestField, Empty, Input, MomentField, Output
from governance.api.idempotency import once
from governance.api.pagination import Newest
from governance.models import Policy, PolicyAssignment
from governance.policies.assign import confirm, propose
from governance.policies.publish import publish
from governance.rules.policy import LONGEST_DAYS
from registry.models import Environment, Tier


class PolicyPrinted(Output):
    """A published policy."""

    digest = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    published_by = serializers.UUIDField(source="published_by_id")
    published_at = MomentField()


class PolicyTextPrinted(PolicyPrinted):
    """A published policy with its document and the YAML it was written as."""

    document = serializers.JSONField()
    source = serializers.CharField()  # type: ignore[assignment]


class PolicySent(Input):
    """A policy in YAML, published on behalf of a project in which the caller makes policy."""

    project = serializers.SlugField()
    text = serializers.CharField(max_length=200_000, trim_whitespace=False)


class AssignmentPrinted(Output):
    """That a policy applies, or is proposed to apply."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    environment = serializers.UUIDField(source="environment_id")
    tier = serializers.CharField()
    policy = serializers.CharField(source="policy_id")
    applies_to = serializers.CharField()
    grace_days = serializers.IntegerField()
    proposed_by = serializers.UUIDField(source="proposed_by_id")
    confirmed_by = serializers.UUIDField(source="confirmed_by_id", allow_null=True)
    effective_at = MomentField(allow_null=True)
    created_at = MomentField()


class AssignmentSent(Input):
    """A proposal."""

    environment = serializers.UUIDField()
    tier = serializers.ChoiceField(choices=[tier.value for tier in Tier])
    policy = DigestField()
    applies_to = serializers.ChoiceField(choices=["new", "open", "deployed"], required=False, default="open")
    grace_days = serializers.IntegerField(min_value=0, max_value=LONGEST_DAYS, required=False, default=0)


class NewestPublished(Newest):
    """Newest published first."""

    ordering = "-published_at"


class PoliciesView(ApiView):
    """Policies of the installation."""

    scopes = {"GET": "read", "POST": "administer"}
    pagination_class = NewestPublished

    @describe(PolicyPrinted(many=True), query=("name", "version"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List policies."""
        rows = Policy.objects.all() if self.visible else Policy.objects.none()
        return self.page(self.filtered(rows, name="name", version="version"), PolicyPrinted)

    @describe(PolicyTextPrinted, sent=PolicySent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Publish a policy; the same one gives the one there is."""
        given = self.read(PolicySent)
        actor = self.actor(self.project(given["project"]), POLICY_MAKERS, "publish a policy")
        return Response(PolicyTextPrinted(publish(text=given["text"], actor=actor)).data, status=CREATED)


class PolicyView(ApiView):
    """One policy."""

    @describe(PolicyTextPrinted)
    def get(self, request: Request, digest: str) -> Response:  # noqa: ARG002
        """Print a policy."""
        rows = Policy.objects.all() if self.visible else Policy.objects.none()
        return Response(PolicyTextPrinted(self.one(rows, pk=digest)).data)


class AssignmentsView(ApiView):
    """Where policies apply."""

    scopes = {"GET": "read", "POST": "administer"}

    @describe(AssignmentPrinted(many=True), query=("project", "environment", "tier"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List assignments, proposed and in effect."""
        rows = PolicyAssignment.objects.filter(project_id__in=self.visible).select_related("project")
        rows = self.filtered(rows, project="project__slug", environment="environment_id", tier="tier")
        return self.page(rows, AssignmentPrinted)

    @describe(AssignmentPrinted, sent=AssignmentSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Propose that a policy applies; the first of an environment and tier takes effect at once."""
        given = self.read(AssignmentSent)
        rows = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        environment = self.one(rows, pk=given.pop("environment"))
        actor = self.actor(environment.project, POLICY_MAKERS, "assign a policy")
        policy = self.one(Policy.objects.all(), pk=given.pop("policy"))
        assignment = propose(environment=environment, policy=policy, **given, actor=actor)
        return Response(AssignmentPrinted(assignment).data, status=CREATED)


class AssignmentConfirmView(ApiView):
    """The second person's word on an assignment."""

    scopes = {"POST": "decide"}

    @describe(AssignmentPrinted, sent=Empty)
    @once()
    def post(self, request: Request, assignment_id: UUID) -> Response:  # noqa: ARG002
        """Let a proposed assignment take effect."""
        rows = PolicyAssignment.objects.filter(project_id__in=self.visible).select_related("project")
        assignment = self.one(rows, pk=assignment_id)
        self.read(Empty)
        actor = self.actor(assignment.project, POLICY_MAKERS, "confirm the assignment of a policy")
        return Response(AssignmentPrinted(confirm(assignment, actor=actor)).data)
