"""Runs: work that is done outside of a request. They live here, not in the broker."""

from django.db import models
from django.db.models import Q

from registry.models.fields import Row
from registry.models.principal import Principal
from registry.models.project import Project


class RunStatus(models.TextChoices):
    """The state of a run."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class RunKind(models.TextChoices):
    """What a run does; each kind has one task."""

    REGISTER = "register"
    SCAN = "scan"
    ANONYMIZE = "anonymize"
    TRAIN = "train"
    INFER = "infer"
    ASSESS = "assess"
    RELEASE = "release"
    WATCH = "watch"


class Run(Row):
    """One piece of work: state, lease, heartbeat, attempts. A sweeper brings back what died."""

    ENDED = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)

    kind = models.CharField(max_length=12, choices=RunKind.choices)
    task = models.CharField(max_length=120)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="runs")
    subject = models.CharField(max_length=120)
    key = models.CharField(max_length=200, blank=True)
    arguments = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    progress = models.FloatField(default=0)
    message = models.CharField(max_length=500, blank=True)
    handle = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["status", "lease_until"], name="registry_run_sweep")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=~Q(key="") & Q(status__in=["QUEUED", "RUNNING", "WAITING"]),
                name="registry_one_run_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.status}"
