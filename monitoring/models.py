"""What watches a deployment: monitors, their baselines, the batches posted to them, and the alerts raised."""

from django.db import models

from registry.models import Artifact, Deployment, Principal, Run
from registry.models.fields import DigestField, Row


class Monitor(Row):
    """What is measured of a deployment, how often a batch must come, and when one last came."""

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="monitor")
    every_seconds = models.PositiveIntegerField()
    overdue_seconds = models.PositiveIntegerField()
    last_batch_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"monitor of {self.deployment_id}"


class Baseline(Row):
    """The sketch that batches are compared with: of the evaluation rows under the released model."""

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="baselines")
    sketch = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    source_digest = DigestField()

    def __str__(self) -> str:
        return f"baseline of {self.monitor_id}"


class Batch(Row):
    """Rows that the deployment answered, posted with or without outcomes."""

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="batches")
    content = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    rows = models.PositiveIntegerField()
    has_outcomes = models.BooleanField()
    posted_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    measured_at = models.DateTimeField(null=True, blank=True)
    evaluation_text = models.TextField(blank=True)
    verdict = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["monitor", "content"], name="monitoring_batch_is_posted_once"),
        ]

    def __str__(self) -> str:
        return f"batch of {self.rows} rows"


class Alert(Row):
    """A finding about a deployment that somebody, or the policy, must act on. A key is open once."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="alerts")
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts")
    key = models.CharField(max_length=300)
    message = models.TextField()
    action = models.CharField(max_length=10, choices=[(what, what) for what in ("review", "rollback", "stop")])
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "key"],
                condition=models.Q(resolved_at__isnull=True),
                name="monitoring_alert_is_open_once",
            ),
        ]

    def __str__(self) -> str:
        return self.key
