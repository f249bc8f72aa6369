"""An officer's word: approve, reject, ask for changes; take an approval back; withdraw a request."""

from collections.abc import Collection

from django.db import transaction

from governance.models import Approval, PromotionRequest, Revocation
from governance.promotion.advance import lock, move
from governance.promotion.judge import people_of, record_decision, settle
from governance.promotion.request import NotPermittedError
from governance.promotion.ruling import newer_policy
from governance.rules.approvals import BY_A_PERSON
from governance.rules.policy import Stage, read_policy
from governance.rules.states import PromotionState
from registry.ledger.append import append, moment
from registry.models import Actor, Commitment, PrincipalKind

SHORTEST_REASON = 10


class DecisionRefusedError(PermissionError):
    """This person may not decide on this promotion; ``code`` says why."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


class StaleEvaluationError(ValueError):
    """What the officer looked at is not what would be decided on."""

    code = "stale_evaluation"


class ReasonMissingError(ValueError):
    """A decision without a reason."""

    code = "reason_missing"


class NotAcknowledgedError(ValueError):
    """An item that must be accepted singly was not."""

    code = "not_acknowledged"


def _reason(text: str) -> Commitment:
    if len(text.strip()) < SHORTEST_REASON:
        raise ReasonMissingError(f"a decision needs a reason of at least {SHORTEST_REASON} characters")
    return Commitment.of(text.strip())


def may_decide(promotion: PromotionRequest, actor: Actor) -> frozenset[str]:
    """Return the roles that the actor holds for a stage of the policy; raises DecisionRefusedError."""
    if actor.auth not in BY_A_PERSON or actor.principal.kind != PrincipalKind.PERSON:
        raise DecisionRefusedError(
            "a decision is a signed-in person's; a service or a command cannot give it", "not_a_person"
        )
    policy = read_policy(promotion.policy.document)
    if part := people_of(promotion).part_of(str(actor.principal.pk), policy.approval.separation):
        raise DecisionRefusedError(f"who is the {part} of what is asked for cannot decide on it", "own_request")
    held = actor.principal.roles(promotion.project)
    wanted = {stage.role for stage in policy.approval.stages}
    if not held & wanted:
        raise DecisionRefusedError(f"to decide takes one of the roles {', '.join(sorted(wanted))}", "not_permitted")
    return held


def _check_current(promotion: PromotionRequest, evaluation_digest: str) -> None:
    if promotion.state not in {PromotionState.AWAITING_DECISION, PromotionState.BLOCKED}:
        raise DecisionRefusedError(
            f"the promotion is {promotion.state}; there is nothing to decide", "nothing_to_decide"
        )
    if evaluation_digest != promotion.evaluation_digest:
        raise StaleEvaluationError(
            f"you looked at evaluation {evaluation_digest[:12]}, the current one is {promotion.evaluation_digest[:12]}"
        )


def _open_stage(promotion: PromotionRequest, held: frozenset[str]) -> Stage | None:
    """Return the first stage that the roles allow and that still lacks approvals, or else the first they allow."""
    stages = [one for one in read_policy(promotion.policy.document).approval.stages if one.role in held]
    newest = promotion.decisions.filter(evaluation_digest=promotion.evaluation_digest).order_by("-created_at").first()
    met = {one["name"] for one in newest.document["stages"] if one["met"]} if newest else set()
    return next((one for one in stages if one.name not in met), next(iter(stages), None))


def _give(  # noqa: PLR0917 - the facts of one approval
    promotion: PromotionRequest, action: str, actor: Actor, held: frozenset[str], reason: str, acknowledged: list[str]
) -> Approval:
    stage = _open_stage(promotion, held)
    approval = Approval(
        promotion=promotion,
        principal=actor.principal,
        action=action,
        stage=stage.name if stage else "",
        role=stage.role if stage else "",
        roles_held=sorted(held),
        auth=actor.auth,
        manifest_digest=promotion.manifest_id,
        policy_digest=promotion.policy_id,
        evaluation_digest=promotion.evaluation_digest,
        acknowledged=acknowledged,
        reason=_reason(reason),
    )
    approval.full_clean()
    approval.save()
    append(
        "approval.given",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        policy=promotion.policy_id,
        data={
            "approval": str(approval.pk),
            "action": action,
            "given_at": moment(approval.created_at),
            "stage": approval.stage,
            "roles": approval.roles_held,
            "manifest": promotion.manifest_id,
            "evaluation": promotion.evaluation_digest,
            "acknowledged": acknowledged,
            "reason": approval.reason_id,
        },
    )
    return approval


def approve(
    promotion: PromotionRequest,
    *,
    actor: Actor,
    reason: str,
    evaluation_digest: str,
    acknowledged: Collection[str] = (),
) -> Approval:
    """Approve the evaluation one looked at, acknowledging singly each item that the evaluation lists.

    It is judged again first, and what came of that is kept also when the approval is then refused as stale. Raises
    DecisionRefusedError, StaleEvaluationError, ReasonMissingError or NotAcknowledgedError.
    """
    with transaction.atomic():
        locked = lock(promotion.pk)
        may_decide(locked, actor)
        _check_current(locked, evaluation_digest)
        settle(locked, actor=actor)
    return _approve(promotion, actor, reason, evaluation_digest, acknowledged)


@transaction.atomic
def _approve(
    promotion: PromotionRequest, actor: Actor, reason: str, evaluation_digest: str, acknowledged: Collection[str]
) -> Approval:
    locked = lock(promotion.pk)
    actor.principal.keep_roles()
    held = may_decide(locked, actor)
    _check_current(locked, evaluation_digest)
    if newer := newer_policy(locked):
        raise StaleEvaluationError(f"{newer} has come to rule this request; it is measured under that policy first")
    if locked.state == PromotionState.BLOCKED:
        raise DecisionRefusedError(f"the promotion is blocked: {locked.detail}", "blocked")
    if promotion.approvals.filter(
        principal=actor.principal, action="approve", evaluation_digest=evaluation_digest, revocation__isnull=True
    ).exists():
        raise DecisionRefusedError(
            "one person counts once: you have approved this evaluation already", "already_approved"
        )
    evaluation = locked.evaluations.filter(digest=evaluation_digest).order_by("-created_at").first()
    wanted = set(evaluation.document["acknowledge"]) if evaluation else set()
    if left := wanted - set(acknowledged):
        raise NotAcknowledgedError(f"each of these must be accepted singly: {', '.join(sorted(left))}")
    if extra := set(acknowledged) - wanted:
        raise NotAcknowledgedError(f"there is nothing to accept in: {', '.join(sorted(extra))}")
    approval = _give(locked, "approve", actor, held, reason, sorted(acknowledged))
    settle(locked, actor=actor)
    return approval


@transaction.atomic
def reject(promotion: PromotionRequest, *, actor: Actor, reason: str, evaluation_digest: str) -> Approval:
    """Reject for good: another request must be made."""
    return _turn_down(promotion, "reject", PromotionState.REJECTED, actor, reason, evaluation_digest)


@transaction.atomic
def request_changes(promotion: PromotionRequest, *, actor: Actor, reason: str, evaluation_digest: str) -> Approval:
    """Ask for changes: this manifest does not go out as it is."""
    return _turn_down(promotion, "request_changes", PromotionState.CHANGES_REQUESTED, actor, reason, evaluation_digest)


def _turn_down(  # noqa: PLR0917 - one decision
    promotion: PromotionRequest, action: str, target: PromotionState, actor: Actor, reason: str, evaluation_digest: str
) -> Approval:
    locked = lock(promotion.pk)
    actor.principal.keep_roles()
    held = may_decide(locked, actor)
    _check_current(locked, evaluation_digest)
    approval = _give(locked, action, actor, held, reason, [])
    record_decision(locked, actor=actor)
    move(locked, target, actor=actor)
    return approval


@transaction.atomic
def revoke(approval: Approval, *, actor: Actor, reason: str) -> Revocation:
    """Take one's own approval back; what rested on it no longer stands, unless it went out already."""
    locked = lock(approval.promotion_id)
    if approval.principal_id != actor.principal.pk:
        raise DecisionRefusedError("an approval is taken back by the person who gave it", "not_yours")
    if locked.state not in {PromotionState.AWAITING_DECISION, PromotionState.APPROVED}:
        raise DecisionRefusedError(
            f"the promotion is {locked.state}; roll back or stop it instead", "nothing_to_decide"
        )
    revocation = Revocation(approval=approval, principal=actor.principal, reason=_reason(reason))
    revocation.full_clean()
    revocation.save()
    append(
        "approval.revoked",
        actor=actor,
        subject=f"promotion:{locked.pk}",
        policy=locked.policy_id,
        data={"approval": str(approval.pk), "reason": revocation.reason_id},
    )
    settle(locked, actor=actor)
    return revocation


@transaction.atomic
def withdraw(promotion: PromotionRequest, *, actor: Actor, reason: str) -> PromotionRequest:
    """Take one's own request back."""
    locked = lock(promotion.pk)
    if actor.principal.pk not in {locked.requester_id, locked.on_behalf_of_id, locked.requester.accountable().pk}:
        raise NotPermittedError("a request is withdrawn by the one who made it")
    return move(locked, PromotionState.WITHDRAWN, actor=actor, detail=f"reason {_reason(reason).digest}")
