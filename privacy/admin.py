"""Scans and recipes in Django's admin: to look at only."""

from privacy import models
from registry.admin import look_at

look_at(models.DatasetScan, "dataset_version", "complete", "created_at")
look_at(models.PartitionScan, "content", "format", "rows", "created_at", hidden=("result",))
look_at(models.ScanChunk, "partition", "number", "rows", "done_at", "error_code", hidden=("result", "lease"))
look_at(models.ColumnVerdict, "dataset_version", "column", "action", "verdict", "granted_at", hidden=("reason",))
look_at(models.Recipe, "digest", "project", "created_by", "created_at")
look_at(models.Anonymization, "source", "recipe", "result", "grade", "created_at")
look_at(models.Reveal, "project", "count", "requested_by", "granted_by", "opened_at")
