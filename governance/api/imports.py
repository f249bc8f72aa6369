"""Versions from MLflow: by run, or by the version of a registered model there. Bytes are copied, nothing is loaded."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REGISTRARS
from governance.api.base import CREATED, describe
from governance.api.fields import DatasetUse, Input
from governance.api.idempotency import once
from governance.api.versions import VersionFullPrinted, Versions
from registry.sources.mlflow import run_of_registered
from registry.train import import_version


class ImportSent(Input):
    """What to import: ``run_id``, or ``registered_name`` with ``registered_version``; and what it learned from.

    The model reads ``features``, or all features of the dataset it was trained on.
    """

    model = serializers.UUIDField()
    run_id = serializers.CharField(max_length=64, required=False)
    registered_name = serializers.CharField(max_length=250, required=False)
    registered_version = serializers.CharField(max_length=20, required=False)
    features = serializers.ListField(child=serializers.CharField(max_length=250), min_length=1, required=False)
    datasets = DatasetUse(many=True, required=False, default=list)

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse what names no run, or two."""
        registered = ("registered_name" in attrs) + ("registered_version" in attrs)
        if ("run_id" in attrs) == bool(registered) or registered == 1:
            raise serializers.ValidationError("give run_id, or registered_name with registered_version", "no_source")
        if "features" not in attrs and not any(use["role"] == "train" for use in attrs["datasets"]):
            raise serializers.ValidationError({"features": "give features, or the dataset it was trained on"})
        return attrs


class VersionMlflowView(Versions):
    """Versions from MLflow."""

    scopes = {"POST": "register"}

    @describe(VersionFullPrinted, sent=ImportSent, status=201, operation_id="versions_mlflow_create")
    @once(atomic=False)
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Register a version from MLflow, with its metrics, parameters, commit and user."""
        given = self.read(ImportSent)
        model = self.model(given["model"])
        actor = self.actor(model.project, REGISTRARS, "register a version")
        datasets = self.datasets(model, given["datasets"])
        run_id = given.get("run_id") or run_of_registered(given["registered_name"], given["registered_version"])
        features = given.get("features") or next(
            [feature["name"] for feature in used.schema["features"]] for role, used in datasets if role == "train"
        )
        version = import_version(model=model, run_id=run_id, features=features, datasets=datasets, actor=actor)
        return Response(VersionFullPrinted(version).data, status=CREATED)
