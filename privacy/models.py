"""What is known of the personal data in datasets: scans, and the recipes of anonymised versions."""

from typing import Any

from django.db import models

from registry.canonical import parse
from registry.models import Artifact, Commitment, DatasetVersion, Principal, Project, Run
from registry.models.fields import DigestField, Row


class DatasetScan(Row):
    """One scan of a dataset version by one engine; the report is an artifact, idempotent under both."""

    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="scans")
    engine_fingerprint = DigestField()
    report = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    complete = models.BooleanField()
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset_version", "engine_fingerprint"], name="privacy_one_scan_per_engine"
            ),
        ]

    def __str__(self) -> str:
        return f"scan of {self.dataset_version}"


class Recipe(models.Model):
    """How a dataset version was anonymised: an operator per column or entity, under one digest."""

    digest = DigestField(primary_key=True)
    document_text = models.TextField()
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="recipes")
    created_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.digest)[:12]

    @property
    def document(self) -> dict[str, Any]:
        """Format, threshold, one step per column, identifiers, and what the result may be called."""
        found: dict[str, Any] = parse(self.document_text)
        return found


class Anonymization(Row):
    """That a recipe made one dataset version of another, once under each key; asked again, it is answered by this.

    ``key_number`` is 0 where no operator was keyed. ``report`` tells each column before and after, without values.
    """

    source = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="anonymizations")
    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="anonymizations")
    result = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(max_length=20)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    report = models.ForeignKey(Artifact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    key_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "recipe", "key_number"], name="privacy_a_recipe_makes_one_version_under_a_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result} of {self.source}"


class Reveal(Row):
    """That sealed values are to be opened: who asked, who granted it, when it was done. The values are kept nowhere.

    ``tokens`` is the digest of the list of tokens. ``granted_by`` is empty where the installation asks for no second
    person.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="reveals")
    tokens = DigestField()
    count = models.PositiveIntegerField()
    entities = models.JSONField()
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(granted_by__isnull=True) | ~models.Q(granted_by=models.F("requested_by")),
                name="privacy_reveal_takes_two",
            ),
            models.CheckConstraint(
                condition=models.Q(opened_at__isnull=True) | models.Q(granted_at__isnull=False),
                name="privacy_reveal_is_granted_first",
            ),
        ]

    def __str__(self) -> str:
        return f"reveal of {self.count} values"
