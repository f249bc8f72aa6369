"""Bring what is outside in line with our record: endpoints, aliases, runs that ended; and judge again what has aged."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.models import PromotionRequest
from governance.promotion.advance import lock
from governance.promotion.alerts import is_open, is_settled, open_alerts, resolve_alerts
from governance.promotion.alias import put_back
from governance.promotion.assess import mark_failed
from governance.promotion.deploy import end_serving, observe, serve
from governance.promotion.expire import expire
from governance.promotion.judge import settle
from governance.promotion.rejudge import NOTICE, rejudge
from governance.promotion.release import mark_release_failed
from governance.promotion.request import start_assessment
from governance.promotion.rollback import RUNNING, give_up
from governance.promotion.ruling import newer_policy
from governance.rules.expiry import WAITING
from governance.rules.states import DeploymentState, PromotionState
from governance.watch import act_once, mark_unjudged
from monitoring.models import Batch
from registry.models import Actor, Deployment, Run, RunKind, RunStatus

logger = logging.getLogger(__name__)
JUDGED = (PromotionState.AWAITING_DECISION, PromotionState.APPROVED)
LONGEST_START = timedelta(minutes=30)
HANDLE_MAY_BE_LOST = timedelta(days=1)  # so long it is asked for what may have been started and not been written down
ENDED_BADLY = (RunStatus.FAILED, RunStatus.CANCELLED)


def reconcile() -> dict[str, int]:
    """Do one cycle of everything, and return how much each part changed."""
    parts = {
        "runs": ended_runs,
        "batches": unjudged_batches,
        "abandoned": abandoned_deployments,
        "served": desired_endpoints,
        "stopped": undesired_endpoints,
        "aliases": aliases,
        "ruled": newly_ruled,
        "judged": judge_again,
        "live": live_again,
    }
    return {name: part() for name, part in parts.items()}


def _each(rows: Iterable[Any], do: Callable[[Any], bool]) -> int:
    """Do something about every row; one that fails is logged and does not keep the others from being done."""
    done = 0
    for row in rows:
        try:
            done += do(row)
        except Exception:
            logger.exception("reconciling %s %s failed", type(row).__name__, row.pk)
    return done


def ended_runs() -> int:
    """Tell promotions of runs that ended without success while nobody listened."""
    waiting = {
        RunKind.ASSESS: (mark_failed, ["OPEN", "COLLECTING", "MEASURING"]),
        RunKind.RELEASE: (mark_release_failed, ["RELEASING"]),
    }

    def tell(kind: RunKind, promotion: PromotionRequest) -> bool:
        newest = Run.objects.filter(kind=kind, subject=f"promotion:{promotion.pk}").order_by("-created_at").first()
        if newest is None or newest.status not in ENDED_BADLY:
            return False
        waiting[kind][0](newest)
        return True

    told = 0
    for kind, (_, states) in waiting.items():
        told += _each(PromotionRequest.objects.filter(state__in=states), partial(tell, kind))
    return told


def unjudged_batches() -> int:
    """Open the alert about batches whose measurement ended badly while nobody listened."""
    silent = Batch.objects.filter(verdict="", run__status__in=ENDED_BADLY, alerts__isnull=True).select_related("run")

    def tell(batch: Batch) -> bool:
        if batch.run:
            mark_unjudged(batch.run)
        return batch.run is not None

    return _each(silent, tell)


def desired_endpoints() -> int:
    """Serve again what should serve and does not."""

    def mend(deployment: Deployment) -> bool:
        status = observe(deployment)
        if status.healthy and status.manifest_digest == deployment.manifest_id:
            return False
        serve(deployment)
        if Deployment.objects.get(pk=deployment.pk).state not in RUNNING:
            end_serving(deployment)  # it was stopped while it was mended
        observe(deployment)
        return True

    live = Deployment.objects.filter(desired=True, state__in=RUNNING)
    return _each(live.select_related("environment", "model", "manifest__champion"), mend)


def undesired_endpoints() -> int:
    """Stop what still runs and should not."""

    def end(deployment: Deployment) -> bool:
        end_serving(deployment)
        return bool(Deployment.objects.filter(pk=deployment.pk).exclude(handle={}).update(handle={}))

    over = Deployment.objects.exclude(state__in=[*RUNNING, DeploymentState.PENDING])
    return _each(over.filter(~Q(handle={}) | Q(ended_at__gte=timezone.now() - HANDLE_MAY_BE_LOST)), end)


def abandoned_deployments() -> int:
    """End what was to be served by somebody who is gone: a release has its run, a way back that died has nobody."""

    def end(deployment: Deployment) -> bool:
        promotion = PromotionRequest.objects.get(pk=deployment.promotion_id)
        if promotion.state == PromotionState.RELEASING:
            return False
        return give_up(deployment, actor=Actor.system(), reason="whoever was to take it over is gone")

    late = Deployment.objects.filter(state=DeploymentState.PENDING, created_at__lt=timezone.now() - LONGEST_START)
    return _each(late, end)


def aliases() -> int:
    """Put back every alias that points elsewhere than our record says, also at what was stopped; both are recorded."""
    tracked = Deployment.objects.filter(manifest__champion__source__has_key="mlflow_digest")
    newest: dict[tuple[Any, Any], Deployment] = {
        (one.environment_id, one.model_id): one for one in tracked.select_related("environment", "model__project")
    }
    system = Actor.system()
    return _each(newest.values(), lambda one: put_back(one.environment, one.model, actor=system))


def live_again() -> int:
    """Judge again what is live and ruled by another policy since, or let out by a waiver that ended; act on it.

    While a policy's grace runs, what would not meet it is only given notice of. What an officer resolved stays resolved
    until the evaluation changes.
    """

    def judge(deployment: Deployment) -> bool:
        findings = rejudge(deployment)
        announced = [finding.alarm for finding in findings if not finding.due]
        over = deployment.alerts.filter(key__startswith=NOTICE).exclude(key__in=[alarm.key for alarm in announced])
        changed = resolve_alerts(deployment, over, actor=Actor.system()) > 0
        for alarm in announced:
            if not is_settled(deployment, alarm) and not is_open(deployment, alarm):
                open_alerts(deployment, [alarm])
                changed = True
        for finding in findings:
            if finding.due and not is_settled(deployment, finding.alarm):
                changed = act_once(deployment, finding.alarm) or changed
        return changed

    running = Deployment.objects.filter(state__in=RUNNING)
    return _each(running.select_related("environment", "model"), judge)


def newly_ruled() -> int:
    """Measure open promotions again that another policy has come to rule; approvals under the earlier one go stale."""

    def measure_again(promotion: PromotionRequest) -> bool:
        if newer_policy(promotion) is None:
            return False
        start_assessment(promotion, actor=Actor.system())
        return True

    settled = PromotionRequest.objects.filter(state__in=[*JUDGED, PromotionState.BLOCKED])
    return _each(settled.select_related("project", "environment", "model"), measure_again)


def judge_again() -> int:
    """Judge open promotions again: evidence ages, waivers and approvals end; what waited too long expires."""

    @transaction.atomic
    def settle_again(found: PromotionRequest) -> bool:
        promotion = lock(found.pk)
        before = (promotion.state, promotion.evaluation_digest)
        if promotion.state in JUDGED:
            settle(promotion, actor=Actor.system())
        approved = before[1] if before[0] == PromotionState.APPROVED else ""
        expire(promotion, approved=approved, now=timezone.now())
        return before != (promotion.state, promotion.evaluation_digest)

    return _each(PromotionRequest.objects.filter(state__in=[*JUDGED, *WAITING]), settle_again)
