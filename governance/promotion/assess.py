"""Collect, measure and evaluate one promotion: the body of its run, which can stop anywhere and be taken up again."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import PromotionRequest
from governance.promotion.advance import lock, move
from governance.promotion.collect import collect
from governance.promotion.judge import newest_evidence, settle
from governance.promotion.measure import cite, measure
from governance.promotion.request import REQUESTERS, require_role, start_assessment
from governance.promotion.ruling import newer_policy
from governance.promotion.subject import subject_of
from governance.rules.policy import Policy, read_policy
from governance.rules.states import PromotionState
from registry.models import Actor, Role, Run, RunStatus
from registry.run import Lease

MEASURABLE = frozenset(
    {
        PromotionState.OPEN,
        PromotionState.COLLECTING,
        PromotionState.MEASURING,
        PromotionState.BLOCKED,
        PromotionState.AWAITING_DECISION,
        PromotionState.APPROVED,
        PromotionState.ERROR,
    }
)
RENEW_BEFORE = timedelta(hours=1)


def _promotion_of(run: Run) -> str:
    return run.subject.partition(":")[2]


@transaction.atomic
def _enter(promotion_id: str, state: PromotionState, lease: Lease) -> PromotionRequest | None:
    lease.lock()
    promotion = lock(promotion_id)
    if PromotionState(promotion.state) not in MEASURABLE:
        return None
    newer = newer_policy(promotion) if state == PromotionState.COLLECTING else None
    promotion.policy = newer or promotion.policy
    entered = move(promotion, state, actor=Actor.system())
    if newer:
        promotion.save(update_fields=["policy"])  # a run that is taken up again is COLLECTING already
    return entered


def _aged(promotion: PromotionRequest, policy: Policy) -> frozenset[str]:
    """Return the checks whose newest measurement is, or is about to be, older than the policy allows."""
    ages = {rule.check: rule.max_age_days for rule in policy.checks}
    now = timezone.now() + RENEW_BEFORE
    return frozenset(
        name
        for name, evidence in newest_evidence(promotion).items()
        if ages.get(name) and now - evidence.check_run.measured_at > timedelta(days=ages[name])
    )


def assess(run: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of an ASSESS run; returns the verdict."""
    promotion = _enter(_promotion_of(run), PromotionState.COLLECTING, lease)
    if promotion is None:
        return {"skipped": "the promotion has ended"}
    policy = read_policy(promotion.policy.document)
    rules = [(rule.check, dict(rule.parameters)) for rule in policy.checks]
    aged = _aged(promotion, policy)
    collected = collect(subject_of(promotion), rules, lambda share, message: lease.progress(share / 2, message))
    promotion = _enter(str(promotion.pk), PromotionState.MEASURING, lease)
    if promotion is None:
        return {"skipped": "the promotion has ended"}
    for index, one in enumerate(collected):
        lease.beat(0.5 + index / len(collected) / 2, f"measuring {one.check}")
        made = measure(one, manifest=promotion.manifest_id, run=run, lease=lease, renew=one.check in aged)
        cite(promotion, made, lease)
    return _finish(str(promotion.pk), lease)


@transaction.atomic
def _finish(promotion_id: str, lease: Lease) -> dict[str, Any]:
    lease.lock()
    promotion = lock(promotion_id)
    if promotion.state != PromotionState.MEASURING:
        return {"skipped": f"the promotion is {promotion.state}"}
    promotion = settle(promotion, actor=Actor.system())
    return {"state": promotion.state, "evaluation": promotion.evaluation_digest}


@transaction.atomic
def remeasure(promotion: PromotionRequest, *, actor: Actor) -> Run:
    """Queue the measurement again (after an error, or when evidence has aged)."""
    require_role(actor, promotion.project, REQUESTERS | {Role.VALIDATOR}, "measure again")
    return start_assessment(promotion, actor=actor)


@transaction.atomic
def mark_failed(run: Run) -> None:
    """Put a promotion whose assessment ended without success into ERROR, from which it can be resumed."""
    if run.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
        return
    promotion = lock(_promotion_of(run))
    if promotion.state in {PromotionState.OPEN, PromotionState.COLLECTING, PromotionState.MEASURING}:
        move(
            promotion,
            PromotionState.ERROR,
            actor=Actor.system(),
            detail=f"{run.error_code}: {run.error}"[:300],
            recorded=run.error_code,
        )
