"""Models and their immutable versions, with the facts and the people behind each."""

from django.db import models

from registry.canonical import parse
from registry.models.artifact import Artifact
from registry.models.commitment import Commitment
from registry.models.dataset import DatasetRole, DatasetVersion
from registry.models.fields import DigestField, Row
from registry.models.principal import Principal
from registry.models.project import Project


class Tier(models.TextChoices):
    """The risk tier that decides which policy applies."""

    LOW = "low"
    LIMITED = "limited"
    HIGH = "high"


class VersionKind(models.TextChoices):
    """What a version is made of."""

    TREE = "tree"
    BLOB = "blob"
    IMAGE = "image"
    ENDPOINT = "endpoint"
    PREDICTIONS = "predictions"


class Assurance(models.TextChoices):
    """How we know a fact: we built it, CI signed it, or somebody said so."""

    BUILT_HERE = "built_here"
    SIGNED_BY_CI = "signed_by_ci"
    DECLARED = "declared"


class Model(Row):
    """A named model of a project, with the tier that its policy is resolved by."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="models")
    name = models.SlugField(max_length=120)
    tier = models.CharField(max_length=10, choices=Tier.choices)
    intended_use = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="registry_model_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class ModelVersion(Row):
    """Immutable: ``digest`` = sha256 of ``document``, the canonical identity document."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=VersionKind.choices)
    digest = DigestField(db_index=True)
    document = models.TextField()
    content = models.ForeignKey(Artifact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    commit = models.CharField(max_length=64, blank=True)
    assurance = models.CharField(max_length=15, choices=Assurance.choices)
    source = models.JSONField(default=dict, blank=True)
    registered_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    datasets = models.ManyToManyField(DatasetVersion, through="VersionDataset", related_name="model_versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="registry_model_number_is_unique"),
            models.UniqueConstraint(fields=["model", "digest"], name="registry_model_version_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that the model reads, as its identity document says."""
        details = parse(self.document)["details"]
        return tuple(details.get("features", ()))


class VersionDataset(models.Model):
    """What a model version did with a dataset version."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="dataset_roles")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="model_roles")
    role = models.CharField(max_length=10, choices=DatasetRole.choices)
    assurance = models.CharField(max_length=15, choices=Assurance.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "dataset_version", "role"], name="registry_dataset_role_is_stated_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.role} {self.dataset_version}"


class VersionFact(models.Model):
    """One metric, parameter or tag of a version, with how we know it."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=12, choices=[("metric", "metric"), ("parameter", "parameter"), ("tag", "tag")])
    name = models.CharField(max_length=250)
    value = models.TextField()
    assurance = models.CharField(max_length=15, choices=Assurance.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "name"], name="registry_fact_is_stated_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class VersionPerson(models.Model):
    """Who had a hand in a version: none of them may approve it. An identity nobody is known by stays unmapped."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="people")
    part = models.CharField(
        max_length=10, choices=[(part, part) for part in ("trainer", "author", "committer", "registrar")]
    )
    principal = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    identity = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "version people"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(principal__isnull=False) | ~models.Q(identity=""),
                name="registry_a_person_is_known_somehow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.version}"


class Retirement(Row):
    """That a version is never to be released again."""

    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, related_name="retirement")
    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.version} is retired"
