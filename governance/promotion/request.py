"""Ask for a version to be released: one manifest, and the policy that the server resolves, both by digest."""

from typing import Any

from django.db import transaction

from governance.models import PromotionRequest
from governance.policies.assign import resolve
from governance.promotion.subject import EvaluationSetMissingError
from governance.rules.states import PromotionState
from registry import run
from registry.canonical import canonical, decimal_string, digest
from registry.ledger.append import append
from registry.models import (
    Actor,
    Deployment,
    Environment,
    EvaluationSet,
    ModelVersion,
    Principal,
    ReleaseManifest,
    Role,
    Run,
    RunKind,
)

REQUESTERS = frozenset({Role.REQUESTER, Role.ENGINEER, Role.ADMINISTRATOR})
ASSESS = "governance.tasks.assess"


class NotPermittedError(PermissionError):
    """The principal does not hold a role that may do this."""

    code = "not_permitted"


class VersionRetiredError(ValueError):
    """A retired version is never released again."""

    code = "version_retired"


class ThresholdError(ValueError):
    """A decision threshold outside of 0 to 1."""

    code = "threshold_range"


def require_role(actor: Actor, project: Any, allowed: frozenset[Any], what: str) -> None:
    """Raise NotPermittedError unless the actor holds one of the roles in the project now."""
    held = actor.principal.roles(project)
    if not held & {str(role) for role in allowed}:
        wanted = ", ".join(sorted(str(role) for role in allowed))
        raise NotPermittedError(f"to {what} in {project.slug} takes one of the roles {wanted}")


def manifest_document(
    *, version: ModelVersion, environment: Environment, threshold: float, intended_use: str
) -> dict[str, Any]:
    """Return what would be released: members, decision rule, backend, evaluation set, intended use, incumbent."""
    pin = EvaluationSet.objects.filter(environment=environment, model=version.model).order_by("-created_at").first()
    if pin is None:
        raise EvaluationSetMissingError(
            f"{environment.name} does not say on which rows it evaluates {version.model.name}"
        )
    serving = Deployment.objects.filter(environment=environment, model=version.model, desired=True).first()
    return {
        "environment": str(environment.pk),
        "model": str(version.model_id),
        "members": [{"version": version.digest, "role": "champion", "share": "1"}],
        "rule": {"threshold": decimal_string(threshold)},
        "serving": {"backend": environment.serving_backend, "image": None, "parameters": {}},
        "evaluation_set": pin.dataset_version.digest,
        "intended_use": intended_use,
        "incumbent": serving.manifest_id if serving else None,
    }


@transaction.atomic
def request_promotion(
    *,
    version: ModelVersion,
    environment: Environment,
    actor: Actor,
    threshold: float = 0.5,
    intended_use: str = "",
    on_behalf_of: Principal | None = None,
) -> PromotionRequest:
    """Open a request and queue its measurement; the same manifest that is open already is returned.

    Raises NotPermittedError, NoPolicyError, EvaluationSetMissingError, VersionRetiredError or ThresholdError.
    """
    require_role(actor, environment.project, REQUESTERS, "request a promotion")
    if version.model.project_id != environment.project_id:
        raise NotPermittedError(f"{version} and {environment} belong to different projects")
    if hasattr(version, "retirement"):
        raise VersionRetiredError(f"{version} was retired on {version.retirement.created_at:%Y-%m-%d}")
    if not 0 <= threshold <= 1:
        raise ThresholdError(f"a decision threshold lies between 0 and 1; {threshold} does not")
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    policy = resolve(environment=environment, tier=version.model.tier)
    document = manifest_document(
        version=version,
        environment=environment,
        threshold=threshold,
        intended_use=intended_use or version.model.intended_use,
    )
    identity = digest(document)
    manifest, _ = ReleaseManifest.objects.get_or_create(
        pk=identity,
        defaults={"document_text": canonical(document).decode(), "environment": environment, "champion": version},
    )
    if under_way := PromotionRequest.objects.filter(
        environment=environment, manifest=manifest, state__in=PromotionRequest.OPEN_STATES
    ).first():
        return under_way
    promotion = PromotionRequest(
        project=environment.project,
        environment=environment,
        model=version.model,
        version=version,
        manifest=manifest,
        policy=policy,
        requester=actor.principal,
        on_behalf_of=on_behalf_of,
        state=PromotionState.OPEN,
    )
    promotion.full_clean()
    promotion.save()
    _record(promotion, actor, document)
    start_assessment(promotion, actor=actor)
    return promotion


def _record(promotion: PromotionRequest, actor: Actor, document: dict[str, Any]) -> None:
    append(
        "promotion.requested",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        subject_digest=promotion.manifest_id,
        policy=promotion.policy_id,
        data={
            "environment": str(promotion.environment_id),
            "model": str(promotion.model_id),
            "version": promotion.version.digest,
            "requester": str(promotion.requester_id),
            "on_behalf_of": str(promotion.on_behalf_of_id) if promotion.on_behalf_of_id else None,
            "incumbent": document["incumbent"],
        },
    )


def start_assessment(promotion: PromotionRequest, *, actor: Actor) -> Run:
    """Queue collect, measure and evaluate; what is under way already is returned."""
    return run.start(
        kind=RunKind.ASSESS,
        task=ASSESS,
        project=promotion.project,
        subject=f"promotion:{promotion.pk}",
        key=f"promotion:{promotion.pk}",
        actor=actor,
    )
