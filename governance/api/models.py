"""Models: named, of a risk tier, for an intended use."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REGISTRARS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from registry.models import Model, Tier
from registry.register import register_model


class ModelPrinted(Output):
    """A model."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    name = serializers.CharField()
    tier = serializers.CharField()
    intended_use = serializers.CharField()
    created_at = MomentField()


class ModelSent(Input):
    """A model to register."""

    project = serializers.SlugField()
    name = serializers.SlugField(max_length=120)
    tier = serializers.ChoiceField(choices=[tier.value for tier in Tier])
    intended_use = serializers.CharField(max_length=10_000)


class ModelsView(ApiView):
    """Models of the caller's projects."""

    scopes = {"GET": "read", "POST": "register"}

    @describe(ModelPrinted(many=True), query=("project", "name", "tier"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List models."""
        rows = Model.objects.filter(project_id__in=self.visible).select_related("project")
        return self.page(self.filtered(rows, project="project__slug", name="name", tier="tier"), ModelPrinted)

    @describe(ModelPrinted, sent=ModelSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a model."""
        given = self.read(ModelSent)
        project = self.project(given.pop("project"))
        actor = self.actor(project, REGISTRARS, "register a model")
        return Response(ModelPrinted(register_model(project=project, **given, actor=actor)).data, status=CREATED)


class ModelView(ApiView):
    """One model."""

    @describe(ModelPrinted)
    def get(self, request: Request, model_id: UUID) -> Response:  # noqa: ARG002
        """Print a model."""
        rows = Model.objects.filter(project_id__in=self.visible).select_related("project")
        return Response(ModelPrinted(self.one(rows, pk=model_id)).data)
