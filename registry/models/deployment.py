"""Where models run: environments, the manifests that are released there, deployments and what is observed of them."""

from typing import Any

from django.db import models
from django.db.models import Q

from registry.canonical import parse
from registry.models.dataset import DatasetVersion
from registry.models.fields import DigestField, Row
from registry.models.model import Model, ModelVersion
from registry.models.project import Project

STATES = ("PENDING", "LIVE", "UNDER_REVIEW", "STOPPED", "SUPERSEDED", "ROLLED_BACK", "FAILED", "RETIRED")


class Environment(Row):
    """A place of release. It, not the requester, says which rows a version is evaluated on, for each model."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="environments")
    name = models.SlugField(max_length=80)
    serving_backend = models.CharField(max_length=40, default="local")
    mlflow_alias = models.CharField(max_length=80, default="champion")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="registry_environment_name_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class EvaluationSet(Row):
    """That an environment evaluates a model on this dataset version, from ``created_at`` until the next pin."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="evaluation_sets")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="evaluation_sets")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.model} in {self.environment}: {self.dataset_version}"


class ReleaseManifest(models.Model):
    """What is approved, released and compared: canonical JSON under its digest."""

    digest = DigestField(primary_key=True)
    document_text = models.TextField()
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="manifests")
    champion = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="manifests"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.digest)[:12]

    @property
    def document(self) -> dict[str, Any]:
        """Members, decision rule, runtime, environment, intended use, incumbent."""
        found: dict[str, Any] = parse(self.document_text)
        return found


class Deployment(Row):
    """One manifest in one environment: what we want to run (``desired``) and the state of our record."""

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="deployments")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="deployments")
    manifest = models.ForeignKey(ReleaseManifest, on_delete=models.PROTECT, related_name="deployments")
    promotion_id = models.UUIDField()
    policy_digest = DigestField()
    evaluation_digest = DigestField()
    state = models.CharField(max_length=12, choices=[(state, state) for state in STATES], default="PENDING")
    desired = models.BooleanField(default=False)
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    backend = models.CharField(max_length=40)
    handle = models.JSONField(default=dict, blank=True)
    live_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "model"], condition=Q(desired=True), name="registry_one_manifest_is_desired"
            ),
            models.CheckConstraint(
                condition=Q(desired=False) | Q(state__in=["PENDING", "LIVE", "UNDER_REVIEW"]),
                name="registry_what_has_ended_is_not_desired",
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="registry_deployment_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.environment}: {self.state}"


class Observation(models.Model):
    """What was seen running, apart from what was wanted."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="observations")
    at = models.DateTimeField()
    healthy = models.BooleanField()
    manifest_digest = models.CharField(max_length=64, blank=True)
    model_digest = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.deployment_id} at {self.at:%Y-%m-%dT%H:%M:%SZ}"
