"""Release what was approved: judge again under a lock, deploy by digest, take over, move the alias."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import PromotionRequest
from governance.promotion.advance import lock, move
from governance.promotion.alias import intend, move_alias
from governance.promotion.deploy import create_deployment, end_quietly, move_deployment, observe, serve
from governance.promotion.judge import decision_now, evaluation_now, settle
from governance.promotion.request import require_role
from governance.promotion.ruling import newer_policy
from governance.promotion.watching import baseline_of, start_monitor
from governance.rules.authorise import AUTHORISED
from governance.rules.states import DeploymentState, PromotionState
from registry import run
from registry.canonical import digest
from registry.models import Actor, Artifact, Deployment, Environment, ModelVersion, Role, Run, RunKind, RunStatus
from registry.run import Lease

RELEASE = "governance.tasks.release"
RELEASERS = frozenset({Role.REQUESTER, Role.ENGINEER})


class NotReleasableError(ValueError):
    """The promotion is not (or no longer) approved."""

    code = "not_approved"


@transaction.atomic
def start_release(promotion: PromotionRequest, *, actor: Actor) -> Run:
    """Begin the release of an approved promotion; raises NotReleasableError, saying what its state is now."""
    locked = lock(promotion.pk)
    require_role(actor, locked.project, RELEASERS, "release")
    if locked.state == PromotionState.APPROVED:
        if newer := newer_policy(locked):
            raise NotReleasableError(f"{newer} has come to rule this request; it is measured under that policy first")
        settle(locked, actor=actor)
    if locked.state != PromotionState.APPROVED:
        raise NotReleasableError(f"the promotion is {locked.state}, not APPROVED; nothing was released")
    move(locked, PromotionState.RELEASING, actor=actor)
    create_deployment(source=locked, actor=actor, previous=incumbent_of(locked))
    return run.start(
        kind=RunKind.RELEASE,
        task=RELEASE,
        project=locked.project,
        subject=f"promotion:{locked.pk}",
        key=f"promotion:{locked.pk}",
        actor=actor,
    )


def incumbent_of(promotion: PromotionRequest) -> Deployment | None:
    """Return what the environment wants to serve of the model now."""
    return Deployment.objects.filter(environment=promotion.environment, model=promotion.model, desired=True).first()


def _pending(promotion: PromotionRequest) -> Deployment:
    return (
        Deployment.objects.select_for_update(of=("self",))
        .select_related("environment", "model", "manifest__champion")
        .filter(promotion_id=promotion.pk, state__in=[DeploymentState.PENDING, DeploymentState.LIVE])
        .latest("created_at")
    )


def objections(promotion: PromotionRequest) -> tuple[str, ...]:
    """Return why an approved promotion may not go out after all, judged again from everything recorded; () if it may.

    A release asks this of a locked promotion, the gate of any; nothing is written.
    """
    incumbent = incumbent_of(promotion)
    if (incumbent.manifest_id if incumbent else None) != promotion.manifest.document["incumbent"]:
        return ("what the environment serves has changed since the request",)
    if hasattr(promotion.version, "retirement"):
        return ("the version was retired",)
    if newer := newer_policy(promotion):
        return (f"{newer} has come to rule this request since the approval",)
    now = timezone.now()
    evaluation = evaluation_now(promotion, now)
    if digest(evaluation) != promotion.evaluation_digest:
        return ("evidence, waivers or policy have changed since the approval",)
    decision = decision_now(promotion, evaluation, now)
    if decision["verdict"] == AUTHORISED:
        return ()
    return (f"the decision is now {decision['verdict']}", *decision["reasons"])


@transaction.atomic
def _still_authorised(promotion_id: str, lease: Lease) -> PromotionRequest | None:
    """Lock environment, then promotion, and judge again; what is no longer authorised ends as RELEASE_FAILED."""
    lease.lock()
    where = PromotionRequest.objects.values_list("environment", flat=True).get(pk=promotion_id)
    Environment.objects.select_for_update(no_key=True).get(pk=where)
    promotion = lock(promotion_id)
    if promotion.state != PromotionState.RELEASING:
        return None
    ModelVersion.objects.select_for_update(no_key=True).get(pk=promotion.version_id)  # nobody retires it meanwhile
    why = next(iter(objections(promotion)), "")
    if not why:
        return promotion
    move_deployment(_pending(promotion), DeploymentState.FAILED, actor=Actor.system(), reason=why)
    move(promotion, PromotionState.RELEASE_FAILED, actor=Actor.system(), detail=why)
    return None


def release(run_: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of a RELEASE run: it can stop anywhere and be taken up again."""
    promotion = _still_authorised(run_.subject.partition(":")[2], lease)
    if promotion is None:
        return _finish_interrupted(run_)
    with transaction.atomic():
        deployment = _pending(promotion)
    lease.beat(0.3, "deploying")
    serve(deployment)
    lease.beat(0.7, "taking over")
    if not _take_over(str(promotion.pk), lease, baseline_of(deployment)):
        end_quietly(deployment)
        return _report(run_)
    _conclude(deployment)
    return _report(run_)


def _conclude(deployment: Deployment) -> None:
    """Do outside what the record says since the take-over; a predecessor that does not answer is left to reconcile."""
    if deployment.previous:
        end_quietly(deployment.previous)
    move_alias(deployment.environment, deployment.model, actor=Actor.system())
    observe(deployment)


@transaction.atomic
def _take_over(promotion_id: str, lease: Lease, baseline: Artifact | None) -> bool:
    """Make the new deployment the desired one and end the incumbent's, in one step of our record."""
    promotion = _still_authorised(promotion_id, lease)
    if promotion is None:
        return False
    deployment, incumbent = _pending(promotion), incumbent_of(promotion)
    if incumbent:
        incumbent = Deployment.objects.select_for_update().get(pk=incumbent.pk)
        move_deployment(incumbent, DeploymentState.SUPERSEDED, actor=Actor.system(), reason="a newer release")
    move_deployment(deployment, DeploymentState.LIVE, actor=Actor.system())
    move(promotion, PromotionState.RELEASED, actor=Actor.system())
    intend(deployment.environment, deployment.model, deployment.manifest.champion, actor=Actor.system())
    start_monitor(deployment, promotion, baseline=baseline)
    _supersede_others(promotion)
    return True


def _supersede_others(released: PromotionRequest) -> None:
    """Open requests of the same model compare with what was served before: they must be asked for again."""
    others = (
        PromotionRequest.objects.filter(
            environment=released.environment, model=released.model, state__in=PromotionRequest.OPEN_STATES
        )
        .exclude(pk=released.pk)
        .exclude(state=PromotionState.RELEASING)
    )
    for found in others:
        other = lock(found.pk)
        if other.state in PromotionRequest.OPEN_STATES and other.state != PromotionState.RELEASING:
            move(other, PromotionState.SUPERSEDED, actor=Actor.system(), detail="another version was released")


def _finish_interrupted(run_: Run) -> dict[str, Any]:
    """Do what an earlier attempt may have left after its take-over: both effects outside are idempotent."""
    deployment = Deployment.objects.filter(promotion_id=run_.subject.partition(":")[2]).order_by("created_at").first()
    if deployment and deployment.state == DeploymentState.LIVE:
        _conclude(deployment)
    elif deployment and deployment.state == DeploymentState.FAILED:
        end_quietly(deployment)
    return _report(run_)


def _report(run_: Run) -> dict[str, Any]:
    promotion = PromotionRequest.objects.get(pk=run_.subject.partition(":")[2])
    return {"state": promotion.state, "detail": promotion.detail}


def mark_release_failed(run_: Run) -> None:
    """Record a release that ended without success, then stop what it may have started."""
    if run_.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
        for deployment in _record_failure(run_):
            end_quietly(deployment)


@transaction.atomic
def _record_failure(run_: Run) -> list[Deployment]:
    promotion = lock(run_.subject.partition(":")[2])
    if promotion.state != PromotionState.RELEASING:
        return []
    of_this = Deployment.objects.select_for_update().filter(promotion_id=promotion.pk)
    waiting = list(of_this.filter(state=DeploymentState.PENDING))
    for deployment in waiting:
        move_deployment(deployment, DeploymentState.FAILED, actor=Actor.system(), reason=run_.error_code)
    said = f"{run_.error_code}: {run_.error}"[:300]
    move(promotion, PromotionState.RELEASE_FAILED, actor=Actor.system(), detail=said, recorded=run_.error_code)
    return waiting
