"""Put the last approved manifest back: act, then record; no gate, approval, checkpoint or broker is waited for."""

import logging

from django.db import transaction

from governance.models import PromotionRequest
from governance.promotion.alias import intend, move_alias
from governance.promotion.deploy import create_deployment, end_quietly, move_deployment, observe, serve
from governance.promotion.request import NotPermittedError, require_role
from governance.promotion.watching import baseline_of, start_monitor
from governance.rules.states import DeploymentState
from registry.models import Actor, Artifact, Deployment, Environment, ModelVersion, Role

logger = logging.getLogger(__name__)
OPERATORS = frozenset({Role.ENGINEER, Role.VALIDATOR, Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER, Role.ADMINISTRATOR})
RUNNING = frozenset({DeploymentState.LIVE, DeploymentState.UNDER_REVIEW})


class NothingToReturnToError(LookupError):
    """There is no earlier approved manifest; stop instead."""

    code = "nothing_to_roll_back_to"


class NotRunningError(ValueError):
    """The deployment does not run in our record."""

    code = "not_running"


def require_operator(actor: Actor, deployment: Deployment, what: str) -> None:
    """Raise NotPermittedError unless the actor operates deployments (a role, or Probity's own watch)."""
    if actor.role == "system" and actor.principal.owner_id is None and actor.auth == "task":
        return
    require_role(actor, deployment.environment.project, OPERATORS, what)


def previous_of(deployment: Deployment) -> Deployment:
    """Return the newest earlier deployment whose manifest went live by approval and whose version is not retired.

    A manifest that was rolled back or stopped there is not returned to, whenever else it served.
    """
    there = Deployment.objects.filter(environment=deployment.environment, model=deployment.model)
    failed = there.filter(state__in=[DeploymentState.ROLLED_BACK, DeploymentState.STOPPED])
    earlier = (
        there.filter(
            state=DeploymentState.SUPERSEDED,
            live_at__isnull=False,
            created_at__lt=deployment.created_at,
            manifest__champion__retirement__isnull=True,
        )
        .exclude(manifest=deployment.manifest)
        .exclude(manifest__in=failed.values("manifest"))
        .select_related("environment", "model", "manifest__champion")
    )
    found = earlier.order_by("-live_at").first()
    if found is None:
        raise NothingToReturnToError(f"no earlier approved manifest of {deployment.model} in {deployment.environment}")
    return found


def roll_back(deployment: Deployment, *, actor: Actor, reason: str) -> Deployment:
    """Serve the last approved manifest again and end this deployment; returns the new deployment.

    Raises NothingToReturnToError, NotRunningError or NotPermittedError; a BackendError leaves this one running.
    """
    require_operator(actor, deployment, "roll back")
    successor = _successor(deployment, actor)
    serve(successor)
    try:
        _swap(deployment, successor, actor, reason, baseline=_baseline(successor))
    except (NotRunningError, NothingToReturnToError):
        give_up(successor, actor=actor, reason="somebody else ended what it was to replace")
        raise
    end_quietly(deployment)
    move_alias(successor.environment, successor.model, actor=actor)
    observe(successor)
    return Deployment.objects.get(pk=successor.pk)


@transaction.atomic
def _successor(deployment: Deployment, actor: Actor) -> Deployment:
    """Return the one deployment that is to replace this one, whoever else rolls it back at the same time."""
    Environment.objects.select_for_update(no_key=True).get(pk=deployment.environment_id)  # first, as all who swap do
    of_this = Deployment.objects.select_for_update(of=("self",)).select_related("environment", "model", "manifest")
    locked = of_this.get(pk=deployment.pk)
    if locked.state not in RUNNING:
        raise NotRunningError(f"the deployment is {locked.state}; there is nothing to roll back")
    target = previous_of(locked)
    waiting = locked.successors.filter(state=DeploymentState.PENDING, manifest=target.manifest)
    known = waiting.select_related("environment", "model", "manifest__champion").first()
    return known or create_deployment(source=target, actor=actor, previous=locked)


def _baseline(successor: Deployment) -> Artifact | None:
    """Return what batches are compared with, or None: the way back does not wait for rows that may be gone."""
    try:
        return baseline_of(successor)
    except Exception as error:  # noqa: BLE001 - without it the drift of every batch is for people to look at
        logger.warning("deployment %s has no baseline: %s", successor.pk, type(error).__name__)
        return None


def give_up(successor: Deployment, *, actor: Actor, reason: str) -> bool:
    """End a deployment that was to serve and came too late; say whether it had not been taken over by then."""
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=successor.pk)
        if locked.state != DeploymentState.PENDING:
            return False
        move_deployment(locked, DeploymentState.FAILED, actor=actor, reason=reason)
    end_quietly(successor)
    return True


@transaction.atomic
def _swap(
    deployment: Deployment, successor: Deployment, actor: Actor, reason: str, *, baseline: Artifact | None
) -> None:
    Environment.objects.select_for_update(no_key=True).get(pk=deployment.environment_id)
    current = Deployment.objects.select_for_update().get(pk=deployment.pk)
    waiting = Deployment.objects.select_for_update().get(pk=successor.pk)
    if current.state not in RUNNING or waiting.state != DeploymentState.PENDING:
        raise NotRunningError(f"somebody else ended the deployment or its successor: it is {current.state}")
    champion = ModelVersion.objects.select_for_update(no_key=True).get(manifests=successor.manifest_id)
    if hasattr(champion, "retirement"):
        raise NothingToReturnToError(f"{champion} was retired meanwhile")
    move_deployment(current, DeploymentState.ROLLED_BACK, actor=actor, reason=reason)
    move_deployment(waiting, DeploymentState.LIVE, actor=actor, reason=reason)
    intend(successor.environment, successor.model, champion, actor=actor)
    start_monitor(waiting, PromotionRequest.objects.get(pk=successor.promotion_id), baseline=baseline)


__all__ = ["NotPermittedError", "NotRunningError", "NothingToReturnToError", "give_up", "previous_of", "roll_back"]
