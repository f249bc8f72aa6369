"""Nothing serves: act, then record."""

import logging

from django.db import transaction

from governance.promotion.alias import intend, move_alias
from governance.promotion.deploy import end_serving, move_deployment
from governance.promotion.rollback import RUNNING, NotRunningError, require_operator
from governance.rules.states import DeploymentState
from registry.models import Actor, Deployment, Environment

logger = logging.getLogger(__name__)


def stop(deployment: Deployment, *, actor: Actor, reason: str) -> Deployment:
    """Stop serving, then record it. A backend that does not answer does not keep the record from saying stopped:

    the reconciler goes on stopping what runs and is not desired.
    """
    require_operator(actor, deployment, "stop")
    if deployment.state not in RUNNING:
        raise NotRunningError(f"the deployment is {deployment.state}; there is nothing to stop")
    try:
        end_serving(deployment)
    except Exception as error:  # noqa: BLE001 - whatever a backend raises, the record says that nothing is to serve
        code = getattr(error, "code", type(error).__name__)
        logger.warning("deployment %s could not be stopped yet: %s", deployment.pk, code)
        reason = f"{reason} (its backend did not answer yet: {code})"
    with transaction.atomic():
        Environment.objects.select_for_update(no_key=True).get(pk=deployment.environment_id)
        current = Deployment.objects.select_for_update().get(pk=deployment.pk)
        if current.state not in RUNNING:
            raise NotRunningError(f"somebody else ended the deployment: it is {current.state}")
        move_deployment(current, DeploymentState.STOPPED, actor=actor, reason=reason)
        intend(current.environment, current.model, None, actor=actor)
    move_alias(current.environment, current.model, actor=actor)
    return current
