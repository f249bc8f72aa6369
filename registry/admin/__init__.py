"""Django's admin for set-up: what it adds goes through the use cases of register; what the gate rules is read-only."""

from registry import models
from registry.admin.looking import look_at as look_at
from registry.admin.people import AccountAdmin as AccountAdmin
from registry.admin.setup import SetUpAdmin as SetUpAdmin

look_at(models.Artifact, "digest", "kind", "size", "purged_at")
look_at(models.Dataset, "name", "project", "created_at")
look_at(models.DatasetVersion, "dataset", "number", "digest", "rows")
look_at(models.ModelVersion, "model", "number", "kind", "assurance", "digest")
look_at(models.VersionDataset, "version", "dataset_version", "role", "assurance")
look_at(models.VersionFact, "version", "kind", "name", "assurance")
look_at(models.VersionPerson, "version", "part", "principal", hidden=("identity",))
look_at(models.Retirement, "version", "principal", "created_at", hidden=("reason",))
look_at(models.ReleaseManifest, "digest", "environment", "champion", "created_at")
look_at(models.Deployment, "model", "environment", "state", "desired", "live_at", hidden=("handle",))
look_at(models.Observation, "deployment", "at", "healthy")
look_at(models.Inference, "version", "data_digest", "isolation")
look_at(models.Run, "kind", "subject", "status", "attempt", "created_at", hidden=("handle", "lease", "arguments"))
