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


class PartitionScan(Row):
    """What one engine found in one file of rows; whoever holds the same bytes need not scan them again.

    ``engine`` is the digest of all that decides what is found and how it is kept. ``result`` is what was gathered of
    the whole file: counts, keyed hashes and masked previews, no value.
    """

    content = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    engine = DigestField()
    format = models.CharField(max_length=10)
    packed = models.BooleanField()
    head = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(null=True, blank=True)
    result = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["content", "engine", "format"], name="privacy_a_partition_is_scanned_once"),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.content_id[:12]}"


class ScanChunk(Row):
    """Some rows of a partition: a worker takes them under a lease, and keeps what it gathered. See ``chunks.cut``."""

    partition = models.ForeignKey(PartitionScan, on_delete=models.PROTECT, related_name="chunks")
    number = models.PositiveIntegerField()
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    first_line = models.BigIntegerField()
    weight = models.BigIntegerField()
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField(default=0)
    found = models.BigIntegerField(default=0)
    result = models.BinaryField(null=True, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partition", "number"], name="privacy_chunk_number_is_unique"),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number + 1} of {self.partition}"


class VerdictAction(models.TextChoices):
    """What a person did with the verdict on a column."""

    CONFIRM = "confirm"
    RAISE = "raise"
    LOWER = "lower"


class ColumnVerdict(Row):
    """A person's word on a column of one dataset version; it binds to the digest of its data and schema.

    Confirming and raising count at once. Lowering is a waiver: it counts from ``granted_at``, by a second person, until
    ``ends_at``, and while nothing but ``entities`` is found in the column.
    """

    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="column_verdicts")
    dataset_digest = DigestField()
    scan = models.ForeignKey(DatasetScan, on_delete=models.PROTECT, related_name="+")
    column = models.CharField(max_length=300)
    action = models.CharField(max_length=8, choices=VerdictAction.choices)
    verdict = models.CharField(max_length=8)
    label = models.CharField(max_length=80, blank=True)
    entities = models.JSONField(default=list, blank=True)
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")
    given_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(granted_by__isnull=True) | ~models.Q(granted_by=models.F("given_by")),
                name="privacy_lowering_takes_two",
            ),
            models.CheckConstraint(
                condition=~models.Q(action="lower") | models.Q(ends_at__isnull=False), name="privacy_lowering_ends"
            ),
            models.CheckConstraint(
                condition=models.Q(granted_by__isnull=True, granted_at__isnull=True)
                | models.Q(granted_by__isnull=False, granted_at__isnull=False),
                name="privacy_granting_has_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.column} of {self.dataset_version}"


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
