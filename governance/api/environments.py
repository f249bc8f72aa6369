"""Environments: places of release, and the rows on which each evaluates a model."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import ADMINISTRATORS, STEWARDS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from governance.exports.as_of import as_of
from registry import catalog
from registry.models import DatasetVersion, Environment, EvaluationSet, Model
from registry.register import create_environment, pin_evaluation_set


class EnvironmentPrinted(Output):
    """A place of release."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    name = serializers.CharField()
    serving_backend = serializers.CharField()
    mlflow_alias = serializers.CharField()
    created_at = MomentField()


class AsOfPrinted(Output):
    """An environment at a moment: of each model what was desired, observed, approved by whom, on what evidence."""

    at = serializers.CharField()
    project = serializers.CharField()
    environment = serializers.UUIDField()
    name = serializers.CharField()
    existed = serializers.BooleanField()
    models = serializers.ListField(child=serializers.DictField())


class EnvironmentSent(Input):
    """An environment to make."""

    project = serializers.SlugField()
    name = serializers.SlugField(max_length=80)
    serving_backend = serializers.CharField(max_length=40, required=False, default="local")
    mlflow_alias = serializers.CharField(max_length=80, required=False, default="champion")


class PinPrinted(Output):
    """That an environment evaluates a model on a dataset version, from this moment until the next pin."""

    id = serializers.UUIDField()
    environment = serializers.UUIDField(source="environment_id")
    model = serializers.UUIDField(source="model_id")
    dataset_version = serializers.UUIDField(source="dataset_version_id")
    dataset_digest = serializers.CharField(source="dataset_version.digest")
    created_at = MomentField()


class PinSent(Input):
    """The rows on which the environment shall evaluate a model."""

    model = serializers.UUIDField()
    dataset_version = serializers.UUIDField()


class EnvironmentsView(ApiView):
    """Environments of the caller's projects."""

    scopes = {"GET": "read", "POST": "administer"}

    @describe(EnvironmentPrinted(many=True), query=("project", "name"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List environments."""
        rows = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        return self.page(self.filtered(rows, project="project__slug", name="name"), EnvironmentPrinted)

    @describe(EnvironmentPrinted, sent=EnvironmentSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Make an environment."""
        given = self.read(EnvironmentSent)
        project = self.project(given.pop("project"))
        actor = self.actor(project, ADMINISTRATORS, "make an environment")
        catalog.serving_backend(given["serving_backend"])
        environment = create_environment(project=project, **given, actor=actor)
        return Response(EnvironmentPrinted(environment).data, status=CREATED)


class EnvironmentView(ApiView):
    """One environment."""

    @describe(EnvironmentPrinted)
    def get(self, request: Request, environment_id: UUID) -> Response:  # noqa: ARG002
        """Print an environment."""
        rows = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        return Response(EnvironmentPrinted(self.one(rows, pk=environment_id)).data)


class EnvironmentAsOfView(ApiView):
    """What an environment served at a moment."""

    @describe(AsOfPrinted, query=("at", "model"), operation_id="environments_as_of")
    def get(self, request: Request, environment_id: UUID) -> Response:
        """Tell from the record what was desired and observed at a moment, which is given with its offset."""
        rows = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        environment = self.one(rows, pk=environment_id)
        asked = request.query_params
        return Response(as_of(environment, asked.get("at", ""), model=asked.get("model", "")).document())


class EvaluationSetsView(ApiView):
    """What an environment evaluates its models on, newest first. It is not for the requester to choose."""

    scopes = {"GET": "read", "POST": "administer"}

    def _environment(self, environment_id: UUID) -> Environment:
        rows = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        return self.one(rows, pk=environment_id)

    @describe(PinPrinted(many=True), query=("model",))
    def get(self, request: Request, environment_id: UUID) -> Response:  # noqa: ARG002
        """List the pins of an environment."""
        rows = EvaluationSet.objects.filter(environment=self._environment(environment_id))
        return self.page(self.filtered(rows.select_related("dataset_version"), model="model_id"), PinPrinted)

    @describe(PinPrinted, sent=PinSent, status=201)
    @once()
    def post(self, request: Request, environment_id: UUID) -> Response:  # noqa: ARG002
        """Pin the rows on which a model is evaluated from now on."""
        environment = self._environment(environment_id)
        given = self.read(PinSent)
        actor = self.actor(environment.project, STEWARDS, "choose an evaluation set")
        model = self.one(Model.objects.filter(project=environment.project), pk=given["model"])
        rows = DatasetVersion.objects.filter(dataset__project=environment.project)
        pinned = self.one(rows, pk=given["dataset_version"])
        pin = pin_evaluation_set(environment=environment, model=model, dataset_version=pinned, actor=actor)
        return Response(PinPrinted(pin).data, status=CREATED)
