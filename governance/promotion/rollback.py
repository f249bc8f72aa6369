"""Put the last approved manifest back: act, then record; no gate, approval, checkpoint or broker is waited for."""

import logging

from django.db import transaction

from governance.models import PromotionRequest
from governance.promotion.alias import intend, move_alias
from governance.promotion.deploy import create_deployment, end_serving, move_deployment, observe, serve
from governance.promotion.request import NotPermittedError, require_role
from governance.promotion.watching import start_monitor
from governance.rules.states import DeploymentState
from registry.backends.base import BackendError
from registry.models import Actor, Deployment, Environment, Role

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
    """Return the newest earlier deployment whose manifest went live by approval and whose version is not retired."""
    earlier = (
        Deployment.objects.filter(
            environment=deployment.environment,
            model=deployment.model,
            state=DeploymentState.SUPERSEDED,
            live_at__isnull=False,
            created_at__lt=deployment.created_at,
            manifest__champion__retirement__isnull=True,
        )
        .exclude(manifest=deployment.manifest)
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
    deployment = Deployment.objects.select_related("environment", "model", "manifest").get(pk=deployment.pk)
    if deployment.state not in RUNNING:
        raise NotRunningError(f"the deployment is {deployment.state}; there is nothing to roll back")
    target = previous_of(deployment)
    with transaction.atomic():
        successor = _pending_successor(deployment, target) or create_deployment(
            source=target, actor=actor, previous=deployment
        )
    serve(successor)
    try:
        _swap(deployment, successor, actor, reason)
    except NotRunningError:
        _give_up(successor, actor)
        raise
    _end_quietly(deployment)
    move_alias(successor.environment, successor.model, actor=actor)
    with transaction.atomic():
        observe(successor)
    return Deployment.objects.get(pk=successor.pk)


def _pending_successor(deployment: Deployment, target: Deployment) -> Deployment | None:
    return (
        deployment.successors.filter(state=DeploymentState.PENDING, manifest=target.manifest)
        .select_related("environment", "model", "manifest__champion")
        .first()
    )


def _give_up(successor: Deployment, actor: Actor) -> None:
    """End a successor that came too late, unless whoever came first took over with the very same one."""
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=successor.pk)
        if locked.state != DeploymentState.PENDING:
            return
        move_deployment(
            locked, DeploymentState.FAILED, actor=actor, reason="somebody else ended what it was to replace"
        )
    _end_quietly(successor)


@transaction.atomic
def _swap(deployment: Deployment, successor: Deployment, actor: Actor, reason: str) -> None:
    Environment.objects.select_for_update().get(pk=deployment.environment_id)
    current = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if current.state not in RUNNING:
        raise NotRunningError(f"somebody else ended the deployment: it is {current.state}")
    move_deployment(current, DeploymentState.ROLLED_BACK, actor=actor, reason=reason)
    move_deployment(successor, DeploymentState.LIVE, actor=actor, reason=reason)
    intend(successor.environment, successor.model, successor.manifest.champion, actor=actor)
    start_monitor(successor, PromotionRequest.objects.get(pk=successor.promotion_id))


def _end_quietly(deployment: Deployment) -> None:
    """Stop an endpoint that is over; the reconciler tries again when its backend does not answer now."""
    try:
        end_serving(deployment)
    except BackendError as error:
        logger.warning("deployment %s could not be stopped yet: %s", deployment.pk, error)


__all__ = ["NotPermittedError", "NotRunningError", "NothingToReturnToError", "previous_of", "roll_back"]
