"""Serve a deployment's manifest through its backend, by digest; and change the state of deployments in our record."""

import logging
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.promotion.subject import evaluation_set
from governance.rules.states import DEPLOYMENT_TRANSITIONS, DeploymentState, advance
from registry import catalog
from registry.artifacts import checkout_tree
from registry.backends.base import BackendError, FindsServing, ServeSpec, ServeStatus
from registry.backends.trees import tree_digest
from registry.ledger.append import append
from registry.models import Actor, Commitment, Deployment, Observation

logger = logging.getLogger(__name__)
REASON = 300


class NotServableError(BackendError):
    """The champion of the manifest has no model that could be served."""


def move_deployment(
    deployment: Deployment, target: DeploymentState, *, actor: Actor, reason: str = "", desired: bool | None = None
) -> Deployment:
    """Set the state of a locked deployment, by its table of transitions, with an event."""
    current = DeploymentState(deployment.state)
    advance(DEPLOYMENT_TRANSITIONS, current, target)
    now = timezone.now()
    deployment.state = target
    deployment.desired = target in {DeploymentState.LIVE, DeploymentState.UNDER_REVIEW} if desired is None else desired
    if target == DeploymentState.LIVE:
        deployment.live_at = deployment.live_at or now
    elif target != DeploymentState.UNDER_REVIEW:
        deployment.ended_at = now
    deployment.full_clean()
    deployment.save()
    append(
        "deployment.advanced",
        actor=actor,
        subject=f"deployment:{deployment.pk}",
        policy=deployment.policy_digest,
        data={
            "from": str(current),
            "to": str(target),
            "desired": deployment.desired,
            "manifest": deployment.manifest_id,
            "reason": _recorded(reason, actor),
        },
    )
    return deployment


def _recorded(reason: str, actor: Actor) -> str:
    """Return what the ledger keeps of a reason: a person's words as a salted commitment, our own as they are."""
    if not reason or actor.role == "system":
        return reason[:REASON]
    return f"commitment:{Commitment.of(reason).pk}"


def create_deployment(*, source: Any, actor: Actor, previous: Deployment | None) -> Deployment:
    """Record the intention to serve the manifest of ``source`` (a promotion, or an earlier deployment to return to)."""
    earlier = isinstance(source, Deployment)
    deployment = Deployment(
        environment=source.environment,
        model=source.model,
        manifest=source.manifest,
        promotion_id=source.promotion_id if earlier else source.pk,
        policy_digest=source.policy_digest if earlier else source.policy_id,
        evaluation_digest=source.evaluation_digest,
        previous=previous,
        backend=source.environment.serving_backend,
    )
    deployment.full_clean()
    deployment.save()
    append(
        "deployment.created",
        actor=actor,
        subject=f"deployment:{deployment.pk}",
        subject_digest=deployment.manifest_id,
        policy=deployment.policy_digest,
        data={
            "environment": str(deployment.environment_id),
            "model": str(deployment.model_id),
            "manifest": deployment.manifest_id,
            "promotion": str(deployment.promotion_id),
            "evaluation": deployment.evaluation_digest,
            "backend": deployment.backend,
        },
    )
    return deployment


def model_folder(version_content: str) -> Path:
    """Return a folder with exactly the tree's files, made once per digest; one that was changed is made anew."""
    folder = Path(settings.PROBITY_HOME) / "models" / version_content
    if folder.exists() and tree_digest(folder) == version_content:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{version_content[:12]}-", dir=folder.parent) as place:
        made = checkout_tree(version_content, Path(place) / "made")
        if folder.exists():
            folder.replace(Path(place) / "changed")
        made.replace(folder)
    return folder


def _workdir(deployment: Deployment) -> Path:
    return Path(settings.PROBITY_HOME) / "serving" / str(deployment.pk)


def serve(deployment: Deployment) -> dict[str, Any]:
    """Let the backend serve the deployment and keep its handle; idempotent. Raises BackendError."""
    champion = deployment.manifest.champion
    if champion is None or champion.content_id is None or champion.kind != "tree":
        raise NotServableError(f"{champion} has no model tree to serve", code="not_servable")
    document = deployment.manifest.document
    work = _workdir(deployment)
    work.mkdir(parents=True, exist_ok=True)
    spec = ServeSpec(
        deployment_id=str(deployment.pk),
        manifest_digest=deployment.manifest_id,
        model_digest=champion.content_id,
        model_path=model_folder(champion.content_id),
        features=champion.features,
        positive=evaluation_set(document).schema["positive"],
        threshold=float(Decimal(document["rule"]["threshold"])),
        workdir=work,
    )
    handle = catalog.serving_backend(deployment.backend).deploy(spec)
    Deployment.objects.filter(pk=deployment.pk).update(handle=handle)
    deployment.handle = handle
    return handle


def end_serving(deployment: Deployment) -> None:
    """Let nothing of the deployment serve any more, whoever started it last; raises BackendError."""
    backend = catalog.serving_backend(deployment.backend)
    kept = Deployment.objects.values_list("handle", flat=True).get(pk=deployment.pk)
    finder = cast("FindsServing", backend) if hasattr(backend, "find") else None
    found = finder.find(str(deployment.pk), _workdir(deployment)) if finder else None
    if found and found != kept:  # who started it died before the handle was kept
        Deployment.objects.filter(pk=deployment.pk).update(handle=found)
    for handle in (kept, found if found != kept else None):
        if handle:
            backend.stop(handle)


def end_quietly(deployment: Deployment) -> None:
    """Let nothing of the deployment serve any more; what cannot be stopped now is left to the reconciler."""
    try:
        end_serving(deployment)
    except Exception as error:  # noqa: BLE001 - whatever a backend raises, the record of what is over stands
        code = getattr(error, "code", type(error).__name__)
        logger.warning("deployment %s could not be stopped yet: %s", deployment.pk, code)


def observe(deployment: Deployment) -> ServeStatus:
    """Ask the backend, outside of any transaction, what is running; keep and record it when it changed."""
    if deployment.handle:
        status = catalog.serving_backend(deployment.backend).status(deployment.handle)
    else:
        status = ServeStatus(healthy=False, message="nothing was deployed")
    with transaction.atomic():
        _keep_observation(deployment, status)
    return status


def _keep_observation(deployment: Deployment, status: ServeStatus) -> None:
    newest = deployment.observations.order_by("-at", "-pk").first()
    seen = (status.healthy, status.manifest_digest, status.model_digest, status.message)
    if newest and (newest.healthy, newest.manifest_digest, newest.model_digest, newest.message) == seen:
        return
    Observation.objects.create(
        deployment=deployment,
        at=timezone.now(),
        healthy=status.healthy,
        manifest_digest=status.manifest_digest,
        model_digest=status.model_digest,
        message=status.message,
    )
    append(
        "deployment.observed",
        actor=Actor.system(),
        subject=f"deployment:{deployment.pk}",
        data={
            "healthy": status.healthy,
            "manifest": status.manifest_digest,
            "model_digest": status.model_digest,
            "message": status.message[:REASON],
        },
    )
