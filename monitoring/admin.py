"""Monitors, baselines, batches and alerts in Django's admin: to look at only."""

from monitoring import models
from registry.admin import look_at

look_at(models.Monitor, "deployment", "every_seconds", "overdue_seconds", "last_batch_at", "active")
look_at(models.Baseline, "monitor", "source_digest", "created_at")
look_at(models.Batch, "monitor", "rows", "has_outcomes", "verdict", "created_at")
look_at(models.Alert, "deployment", "key", "action", "created_at", "resolved_at")
