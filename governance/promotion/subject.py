"""What is measured for a promotion: one manifest's champion, on the environment's rows, beside the incumbent."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.models import PromotionRequest
from registry.models import DatasetVersion, Deployment, ModelVersion, ReleaseManifest


class EvaluationSetMissingError(LookupError):
    """The environment does not say on which rows the model is evaluated."""

    code = "no_evaluation_set"


@dataclass(frozen=True, slots=True)
class Subject:
    """A version under a decision rule, the rows it is judged on, those it learned from, and what it would replace."""

    manifest: ReleaseManifest
    version: ModelVersion
    threshold: float
    evaluation: DatasetVersion
    trained_on: tuple[DatasetVersion, ...]
    incumbent: ReleaseManifest | None

    def dataset(self, role: str) -> DatasetVersion | None:
        """Return the dataset version of a role: ``evaluate`` is the environment's, the others are the version's."""
        if role in {"", "evaluate"}:
            return self.evaluation
        return next(iter(self.trained_on), None)


def threshold_of(document: dict[str, Any]) -> float:
    """Return the decision threshold of a manifest."""
    return float(Decimal(document["rule"]["threshold"]))


def trained_on(version: ModelVersion) -> tuple[DatasetVersion, ...]:
    """Return what a version was trained on."""
    roles = version.dataset_roles.filter(role="train").select_related("dataset_version")
    return tuple(role.dataset_version for role in roles.order_by("pk"))


def desired(manifest: ReleaseManifest, version: ModelVersion) -> Deployment | None:
    """Return what the manifest's environment wants to serve of the version's model now."""
    return (
        Deployment.objects.filter(environment=manifest.environment, model=version.model, desired=True)
        .select_related("manifest__champion")
        .first()
    )


def evaluation_set(document: dict[str, Any]) -> DatasetVersion:
    """Return the rows that a manifest was evaluated on, or is to be; raises EvaluationSetMissingError."""
    found = DatasetVersion.objects.filter(digest=document["evaluation_set"]).first()
    if found is None:
        raise EvaluationSetMissingError(f"the evaluation set {document['evaluation_set']} of the manifest is not known")
    return found


def subject_of(promotion: PromotionRequest) -> Subject:
    """Return what is measured for a promotion."""
    document = promotion.manifest.document
    incumbent = ReleaseManifest.objects.filter(pk=document["incumbent"] or "").first()
    return Subject(
        manifest=promotion.manifest,
        version=promotion.version,
        threshold=threshold_of(document),
        evaluation=evaluation_set(document),
        trained_on=trained_on(promotion.version),
        incumbent=incumbent,
    )
