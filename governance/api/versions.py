"""Model versions: declared (image, endpoint), from uploaded predictions, trained here; retired for good."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import OPERATORS, REGISTRARS
from governance.api.base import ACCEPTED, CREATED, ApiView, describe
from governance.api.fields import DatasetUse, Input, MomentField, Output, Reason
from governance.api.idempotency import once
from governance.api.runs import RunPrinted
from governance.api.uploads import predictions
from governance.promotion.retire import retire
from registry.checks import BINARY, TASKS
from registry.models import DatasetVersion, Model, ModelVersion, VersionKind
from registry.register import register_model_version
from registry.train import start_training

DECLARED = [VersionKind.IMAGE.value, VersionKind.ENDPOINT.value]


class UsePrinted(Output):
    """What a version did with a dataset version."""

    role = serializers.CharField()
    dataset_version = serializers.UUIDField(source="dataset_version_id")
    digest = serializers.CharField(source="dataset_version.digest")


class FactPrinted(Output):
    """One metric, parameter or tag, with how we know it."""

    kind = serializers.CharField()
    name = serializers.CharField()
    value = serializers.CharField()
    assurance = serializers.CharField()


class VersionPrinted(Output):
    """A model version."""

    id = serializers.UUIDField()
    model = serializers.UUIDField(source="model_id")
    name = serializers.CharField(source="model.name")
    number = serializers.IntegerField()
    kind = serializers.CharField()
    digest = serializers.CharField()
    content = serializers.CharField(source="content_id", allow_null=True)
    commit = serializers.CharField()
    assurance = serializers.CharField()
    datasets = UsePrinted(source="dataset_roles", many=True)
    registered_by = serializers.UUIDField(source="registered_by_id")
    retired = serializers.SerializerMethodField()
    created_at = MomentField()

    def get_retired(self, version: ModelVersion) -> bool:
        """Say whether the version is never to be released again."""
        return hasattr(version, "retirement")


class VersionFullPrinted(VersionPrinted):
    """A model version with its facts."""

    facts = FactPrinted(many=True)


class VersionSent(Input):
    """A version by declaration: an image by digest, or a vendor's endpoint with its contract."""

    model = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=DECLARED)
    details = serializers.DictField()
    datasets = DatasetUse(many=True, required=False, default=list)
    commit = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class PredictionsSent(Input):
    """Predictions on the evaluation rows, in their order: a column ``score`` or ``prediction``; of other tasks than two
    classes a column ``prediction``.
    """

    model = serializers.UUIDField()
    file = serializers.FileField()
    task = serializers.ChoiceField(choices=TASKS, required=False, default=BINARY)
    trained_on = serializers.UUIDField(required=False)
    commit = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class TrainingSent(Input):
    """A training to run here."""

    model = serializers.UUIDField()
    dataset_version = serializers.UUIDField()
    entry_point = serializers.CharField(max_length=80)
    features = serializers.ListField(child=serializers.CharField(max_length=250), min_length=1)
    parameters = serializers.DictField(required=False, default=dict)
    seed = serializers.IntegerField(min_value=0, max_value=2**31, required=False, default=0)
    backend = serializers.CharField(max_length=40, required=False, default="local")
    commit = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class Versions(ApiView):
    """The base of views on model versions."""

    def rows(self) -> QuerySet[ModelVersion]:
        """Return the versions of the caller's projects with what is printed of them."""
        rows = ModelVersion.objects.filter(model__project_id__in=self.visible)
        return rows.select_related("model__project", "retirement").prefetch_related("dataset_roles__dataset_version")

    def model(self, model_id: UUID) -> Model:
        """Return a model of the caller's projects."""
        rows = Model.objects.filter(project_id__in=self.visible).select_related("project")
        return self.one(rows, pk=model_id)

    def dataset(self, model: Model, version_id: UUID) -> DatasetVersion:
        """Return a dataset version of the model's project."""
        return self.one(DatasetVersion.objects.filter(dataset__project_id=model.project_id), pk=version_id)

    def datasets(self, model: Model, uses: Sequence[Mapping[str, Any]]) -> list[tuple[str, DatasetVersion]]:
        """Return the dataset versions by role."""
        return [(use["role"], self.dataset(model, use["dataset_version"])) for use in uses]


class VersionsView(Versions):
    """Model versions of the caller's projects."""

    scopes = {"GET": "read", "POST": "register"}

    @describe(VersionPrinted(many=True), query=("project", "model", "number", "digest", "kind"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List versions."""
        rows = self.filtered(
            self.rows(), project="model__project__slug", model="model_id", digest="digest", kind="kind"
        )
        number = self.request.query_params.get("number")
        if number is not None:
            rows = rows.filter(number=int(number)) if number.isdecimal() else rows.none()
        return self.page(rows, VersionPrinted)

    @describe(VersionFullPrinted, sent=VersionSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a version by declaration; the same identity gives the version there is."""
        given = self.read(VersionSent)
        model = self.model(given["model"])
        actor = self.actor(model.project, REGISTRARS, "register a version")
        version = register_model_version(
            model=model,
            kind=given["kind"],
            details=given["details"],
            datasets=self.datasets(model, given["datasets"]),
            commit=given["commit"],
            actor=actor,
        )
        return Response(VersionFullPrinted(version).data, status=CREATED)


class VersionView(Versions):
    """One version."""

    @describe(VersionFullPrinted)
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Print a version with its facts."""
        return Response(VersionFullPrinted(self.one(self.rows().prefetch_related("facts"), pk=version_id)).data)


class VersionPredictionsView(Versions):
    """Versions of which only the predictions are handed in."""

    scopes = {"POST": "register"}
    parser_classes = [MultiPartParser]

    @describe(VersionFullPrinted, sent=PredictionsSent, status=201, operation_id="versions_predictions_create")
    @once(atomic=False)
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a version from its predictions."""
        given = self.read(PredictionsSent)
        model = self.model(given["model"])
        actor = self.actor(model.project, REGISTRARS, "register a version")
        uses = [{"role": "train", "dataset_version": given["trained_on"]}] if "trained_on" in given else []
        version = register_model_version(
            model=model,
            kind=VersionKind.PREDICTIONS,
            content=predictions(given["file"], given["task"]),
            datasets=self.datasets(model, uses),
            commit=given["commit"],
            actor=actor,
        )
        return Response(VersionFullPrinted(version).data, status=CREATED)


class VersionTrainView(Versions):
    """Trainings that run here and register what they make."""

    scopes = {"POST": "register"}

    @describe(RunPrinted, sent=TrainingSent, status=202, operation_id="versions_train")
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Queue a training; its run tells how it goes and which version it made."""
        given = self.read(TrainingSent)
        model = self.model(given.pop("model"))
        actor = self.actor(model.project, REGISTRARS, "train a version")
        trained_on = self.dataset(model, given.pop("dataset_version"))
        queued = start_training(model=model, dataset_version=trained_on, **given, actor=actor)
        return Response(RunPrinted(queued).data, status=ACCEPTED)


class VersionRetireView(Versions):
    """Never again."""

    scopes = {"POST": "operate"}

    @describe(VersionFullPrinted, sent=Reason, operation_id="versions_retire")
    @once()
    def post(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Retire a version for a reason; it can never be requested, released or rolled back to."""
        version = self.one(self.rows(), pk=version_id)
        given = self.read(Reason)
        retire(version, actor=self.actor(version.model.project, OPERATORS, "retire a version"), reason=given["reason"])
        return Response(VersionFullPrinted(self.one(self.rows(), pk=version_id)).data)
