"""The rows of the facts. The ledger's rows are loaded here, but only ``registry.ledger`` may use them."""

from registry.models import ledger as _ledger  # noqa: F401 - Django finds its tables through this import
from registry.models.artifact import Artifact, ArtifactKind
from registry.models.commitment import Commitment
from registry.models.dataset import Dataset, DatasetRole, DatasetVersion
from registry.models.deployment import Deployment, Environment, EvaluationSet, Observation, ReleaseManifest
from registry.models.inference import Inference
from registry.models.model import (
    Assurance,
    Model,
    ModelVersion,
    Retirement,
    Tier,
    VersionDataset,
    VersionFact,
    VersionKind,
    VersionPerson,
)
from registry.models.principal import Actor, Identity, IdentityKind, Principal, PrincipalKind, Role, RoleAssignment
from registry.models.project import Project
from registry.models.run import Run, RunKind, RunStatus

__all__ = [
    "Actor",
    "Artifact",
    "ArtifactKind",
    "Assurance",
    "Commitment",
    "Dataset",
    "DatasetRole",
    "DatasetVersion",
    "Deployment",
    "Environment",
    "EvaluationSet",
    "Identity",
    "IdentityKind",
    "Inference",
    "Model",
    "ModelVersion",
    "Observation",
    "Principal",
    "PrincipalKind",
    "Project",
    "ReleaseManifest",
    "Retirement",
    "Role",
    "RoleAssignment",
    "Run",
    "RunKind",
    "RunStatus",
    "Tier",
    "VersionDataset",
    "VersionFact",
    "VersionKind",
    "VersionPerson",
]
