"""Datasets and their immutable versions: content and schema under one digest."""

from typing import Any

from django.db import models

from registry.canonical import parse
from registry.models.artifact import Artifact
from registry.models.fields import DigestField, Row
from registry.models.principal import Principal
from registry.models.project import Project


class DatasetRole(models.TextChoices):
    """What a model version did with a dataset version."""

    TRAIN = "train"
    CALIBRATE = "calibrate"
    EVALUATE = "evaluate"
    REFERENCE = "reference"


class Dataset(Row):
    """A named line of dataset versions."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="datasets")
    name = models.SlugField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="registry_dataset_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(Row):
    """Immutable: ``digest`` = H(content digest, schema). Un-declaring a sensitive attribute makes another version."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = DigestField(db_index=True)
    content = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    schema_text = models.TextField()
    rows = models.BigIntegerField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    recipe_digest = DigestField(blank=True, default="")
    source = models.JSONField(default=dict, blank=True)
    registered_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="registry_dataset_number_is_unique"),
            models.UniqueConstraint(fields=["dataset", "digest"], name="registry_dataset_version_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"

    @property
    def schema(self) -> dict[str, Any]:
        """The schema document: target, positive, features, identifiers, text, sensitive (with bins), ignore."""
        document: dict[str, Any] = parse(self.schema_text)
        return document
