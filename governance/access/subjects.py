"""Which project a subject of the ledger belongs to: that says who may read of it, and which holds cover it."""

from uuid import UUID

from django.db.models import Model as Table
from django.db.models import QuerySet

from governance.models import ApiToken, LegalHold, PolicyAssignment, PromotionRequest
from monitoring.models import Monitor
from privacy.models import Reveal
from registry.models import DatasetVersion, Deployment, Environment, Model, ModelVersion, Project, Run

SUBJECTS: dict[str, tuple[type[Table], str]] = {
    "project": (Project, "pk"),
    "model": (Model, "project_id"),
    "model_version": (ModelVersion, "model__project_id"),
    "dataset_version": (DatasetVersion, "dataset__project_id"),
    "environment": (Environment, "project_id"),
    "promotion": (PromotionRequest, "project_id"),
    "policy_assignment": (PolicyAssignment, "project_id"),
    "deployment": (Deployment, "environment__project_id"),
    "monitor": (Monitor, "deployment__environment__project_id"),
    "run": (Run, "project_id"),
    "token": (ApiToken, "project_id"),
    "hold": (LegalHold, "project_id"),
    "reveal": (Reveal, "project_id"),
}


def project_of(subject: str) -> UUID | None:
    """Return the project of a subject ("noun:id"); None where it is of none, or there is no such thing."""
    rows, project = _rows(subject)
    found: UUID | None = rows.values_list(project, flat=True).first() if rows is not None else None
    return found


def title_of(subject: str) -> str:
    """Return what people call a subject ("model credit-scoring"); itself where there is no such thing."""
    rows, _ = _rows(subject)
    found = rows.first() if rows is not None else None
    return f"{subject.partition(':')[0].replace('_', ' ')} {found}" if found is not None else subject


def _rows(subject: str) -> tuple[QuerySet[Table] | None, str]:
    noun, _, identity = subject.partition(":")
    if noun not in SUBJECTS or not _is_uuid(identity):
        return None, ""
    table, project = SUBJECTS[noun]
    return table._default_manager.filter(pk=identity), project  # noqa: SLF001 - the documented way to a model's rows


def _is_uuid(text: str) -> bool:
    """Say whether a text is a UUID as the ledger writes it: what is spelt otherwise would be another subject there."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
