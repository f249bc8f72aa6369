"""Bring what is outside in line with our record: endpoints, aliases, runs that ended; and judge again what has aged."""

import logging

from django.db import transaction
from django.utils import timezone

from governance.models import PromotionRequest, Waiver
from governance.promotion.advance import lock
from governance.promotion.alias import move_alias, observed
from governance.promotion.assess import mark_failed
from governance.promotion.deploy import end_serving, observe, serve
from governance.promotion.judge import evaluation_now, settle
from governance.promotion.release import mark_release_failed
from governance.promotion.rollback import RUNNING
from governance.rules.evaluate import BLOCKED
from governance.rules.policy import OnBreach
from governance.rules.states import DeploymentState, PromotionState
from governance.rules.watching import Alarm
from governance.watch import act_on
from registry.backends.base import BackendError
from registry.models import Actor, Deployment, Run, RunKind, RunStatus

logger = logging.getLogger(__name__)
JUDGED = (PromotionState.AWAITING_DECISION, PromotionState.APPROVED)


def reconcile() -> dict[str, int]:
    """Do one cycle of everything; a part that fails is logged and does not keep the others from being done."""
    parts = {
        "runs": ended_runs,
        "served": desired_endpoints,
        "stopped": undesired_endpoints,
        "aliases": aliases,
        "judged": judge_again,
        "waived": ended_waivers,
    }
    done = {}
    for name, part in parts.items():
        try:
            done[name] = part()
        except BackendError as error:
            logger.warning("reconciling %s failed: %s", name, error)
            done[name] = -1
    return done


def ended_runs() -> int:
    """Tell promotions of runs that ended without success while nobody listened."""
    ended = Run.objects.filter(status__in=[RunStatus.FAILED, RunStatus.CANCELLED])
    waiting = {
        RunKind.ASSESS: (mark_failed, ["OPEN", "COLLECTING", "MEASURING"]),
        RunKind.RELEASE: (mark_release_failed, ["RELEASING"]),
    }
    told = 0
    for kind, (tell, states) in waiting.items():
        for promotion in PromotionRequest.objects.filter(state__in=states):
            newest = Run.objects.filter(kind=kind, subject=f"promotion:{promotion.pk}").order_by("-created_at").first()
            if newest and ended.filter(pk=newest.pk).exists():
                tell(newest)
                told += 1
    return told


def desired_endpoints() -> int:
    """Serve again what should serve and does not."""
    mended = 0
    live = Deployment.objects.filter(desired=True, state__in=RUNNING)
    for deployment in live.select_related("environment", "model", "manifest__champion"):
        with transaction.atomic():
            status = observe(deployment)
        if not status.healthy or status.manifest_digest != deployment.manifest_id:
            serve(deployment)
            with transaction.atomic():
                observe(deployment)
            mended += 1
    return mended


def undesired_endpoints() -> int:
    """Stop what still runs and should not."""
    stopped = 0
    over = Deployment.objects.exclude(state__in=[*RUNNING, DeploymentState.PENDING]).exclude(handle={})
    for deployment in over:
        end_serving(deployment)
        Deployment.objects.filter(pk=deployment.pk).update(handle={})
        stopped += 1
    return stopped


def aliases() -> int:
    """Put back every alias that somebody moved outside of a promotion; both facts are recorded."""
    moved = 0
    for deployment in Deployment.objects.filter(desired=True).select_related(
        "environment", "model", "manifest__champion"
    ):
        champion = deployment.manifest.champion
        wanted = champion.source.get("mlflow_digest", "") if champion else ""
        if wanted and observed(deployment.environment, deployment.model) != wanted:
            move_alias(deployment.environment, deployment.model, actor=Actor.system())
            moved += 1
    return moved


def ended_waivers() -> int:
    """Judge what is live again without the waivers that have ended; what would not go out now is put under review."""
    ended = Waiver.objects.filter(granted_by__isnull=False, ends_at__lte=timezone.now()).values("manifest_digest")
    found = 0
    for deployment in Deployment.objects.filter(state=DeploymentState.LIVE, manifest__in=ended):
        promotion = PromotionRequest.objects.get(pk=deployment.promotion_id)
        if evaluation_now(promotion, timezone.now())["verdict"] == BLOCKED:
            alarm = Alarm(
                "waiver/ended", OnBreach.REVIEW, "a waiver ended, and without it the version would not go out"
            )
            act_on(deployment, [alarm])
            found += 1
    return found


def judge_again() -> int:
    """Judge open promotions again: evidence ages, waivers and approvals end."""
    changed = 0
    for pk in PromotionRequest.objects.filter(state__in=JUDGED).values_list("pk", flat=True):
        with transaction.atomic():
            promotion = lock(pk)
            before = (promotion.state, promotion.evaluation_digest)
            if promotion.state in JUDGED:
                settle(promotion, actor=Actor.system())
            changed += before != (promotion.state, promotion.evaluation_digest)
    return changed
