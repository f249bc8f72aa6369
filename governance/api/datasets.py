"""Datasets and their versions: uploaded as CSV or Parquet with the schema that says what is what."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REGISTRARS
from governance.api.base import ACCEPTED, CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from governance.api.runs import RunPrinted
from governance.api.uploads import parquet
from privacy.anonymize import start_anonymizing
from privacy.recipe_text import read_recipe
from privacy.take_in import start_taking_in
from registry.models import Dataset, DatasetVersion
from registry.register import register_dataset_version


class DatasetPrinted(Output):
    """A named line of versions."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    name = serializers.CharField()
    created_at = MomentField()


class DatasetVersionPrinted(Output):
    """One immutable version: content and schema under one digest."""

    id = serializers.UUIDField()
    dataset = serializers.UUIDField(source="dataset_id")
    name = serializers.CharField(source="dataset.name")
    number = serializers.IntegerField()
    digest = serializers.CharField()
    content = serializers.CharField(source="content_id")
    schema = serializers.JSONField()
    rows = serializers.IntegerField()
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    created_at = MomentField()


class DatasetVersionSent(Input):
    """A file and its schema: a JSON text with target, positive, features, identifiers, text, sensitive, ignore."""

    project = serializers.SlugField()
    name = serializers.SlugField(max_length=120)
    file = serializers.FileField()
    schema = serializers.JSONField(binary=True)

    def validate_schema(self, schema: object) -> object:
        """Refuse what is no JSON object."""
        if not isinstance(schema, dict):
            raise serializers.ValidationError("a schema is a JSON object", "not_an_object")
        return schema


class DatasetsView(ApiView):
    """Datasets of the caller's projects."""

    @describe(DatasetPrinted(many=True), query=("project", "name"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List datasets."""
        rows = Dataset.objects.filter(project_id__in=self.visible).select_related("project")
        return self.page(self.filtered(rows, project="project__slug", name="name"), DatasetPrinted)


class DatasetVersionsView(ApiView):
    """Versions of the datasets of the caller's projects."""

    scopes = {"GET": "read", "POST": "register"}
    parser_classes = [MultiPartParser]

    @describe(DatasetVersionPrinted(many=True), query=("project", "dataset", "digest"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List dataset versions."""
        rows = DatasetVersion.objects.filter(dataset__project_id__in=self.visible).select_related("dataset")
        rows = self.filtered(rows, project="dataset__project__slug", dataset="dataset_id", digest="digest")
        return self.page(rows, DatasetVersionPrinted)

    @describe(DatasetVersionPrinted, sent=DatasetVersionSent, status=201)
    @once(atomic=False)
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a dataset version; the same content and schema give the version there is."""
        given = self.read(DatasetVersionSent)
        project = self.project(given["project"])
        actor = self.actor(project, REGISTRARS, "register a dataset")
        with parquet(given["file"]) as file:
            version = register_dataset_version(
                project=project, name=given["name"], file=file, schema=given["schema"], actor=actor
            )
        return Response(DatasetVersionPrinted(version).data, status=CREATED)


class DatasetPlaceSent(Input):
    """Where rows lie on the machine of the workers: a folder of partitions or a file, or what DVC tracks.

    ``schema`` is as for an upload. ``folder`` is an absolute path; ``repository`` too, ``path`` is relative to it and
    ``revision`` any name of a commit.
    """

    project = serializers.SlugField()
    name = serializers.SlugField(max_length=120)
    schema = serializers.DictField()
    folder = serializers.CharField(max_length=4000, required=False)
    repository = serializers.CharField(max_length=4000, required=False)
    path = serializers.CharField(max_length=4000, required=False)
    revision = serializers.CharField(max_length=250, default="HEAD")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take a folder, or a repository with a path."""
        given = {name for name in ("folder", "repository", "path") if name in attrs}
        if given not in ({"folder"}, {"repository", "path"}):
            raise serializers.ValidationError("send 'folder', or 'repository' with 'path'", "no_source")
        return attrs


class DatasetPlacesView(ApiView):
    """Dataset versions from files that are there already."""

    scopes = {"POST": "register"}

    @describe(RunPrinted, sent=DatasetPlaceSent, status=202, operation_id="dataset_versions_take_in")
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Queue the registration; its run tells how it goes and which dataset version it made."""
        given = self.read(DatasetPlaceSent)
        project = self.project(given["project"])
        actor = self.actor(project, REGISTRARS, "register a dataset")
        keys = ("folder",) if "folder" in given else ("repository", "path", "revision")
        place: dict[str, str] = {key: given[key] for key in keys}
        queued = start_taking_in(project=project, name=given["name"], schema=given["schema"], place=place, actor=actor)
        return Response(RunPrinted(queued).data, status=ACCEPTED)


class DatasetVersionView(ApiView):
    """One dataset version."""

    @describe(DatasetVersionPrinted)
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Print a dataset version."""
        rows = DatasetVersion.objects.filter(dataset__project_id__in=self.visible).select_related("dataset")
        return Response(DatasetVersionPrinted(self.one(rows, pk=version_id)).data)


class AnonymizingSent(Input):
    """A recipe, or the part of one that the findings of a scan complete, as an object or as YAML.

    Without one, what the findings propose is used. With ``model``, the report tells what a baseline model makes of the
    rows before and after.
    """

    recipe = serializers.DictField(required=False)
    recipe_yaml = serializers.CharField(required=False, max_length=100_000, trim_whitespace=False)
    model = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one of the two."""
        if "recipe" in attrs and "recipe_yaml" in attrs:
            raise serializers.ValidationError("send 'recipe' or 'recipe_yaml', not both", "recipe_twice")
        return attrs


class DatasetVersionAnonymizeView(ApiView):
    """Anonymised versions, made by a run that scans them again."""

    scopes = {"POST": "register"}

    @describe(RunPrinted, sent=AnonymizingSent, status=202, operation_id="dataset_versions_anonymize")
    @once()
    def post(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Queue an anonymised version; its run tells how it goes and which dataset version it made."""
        rows = DatasetVersion.objects.filter(dataset__project_id__in=self.visible)
        source = self.one(rows.select_related("dataset__project"), pk=version_id)
        given = self.read(AnonymizingSent)
        actor = self.actor(source.dataset.project, REGISTRARS, "anonymise a dataset")
        recipe = read_recipe(given["recipe_yaml"]) if "recipe_yaml" in given else given.get("recipe")
        queued = start_anonymizing(source, actor=actor, recipe=recipe, model=given["model"])
        return Response(RunPrinted(queued).data, status=ACCEPTED)
