"""Evaluate and authorise a promotion from what is recorded, with the pure rules, and keep each changed result."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import Approval, Decision, Evaluation, Evidence, PromotionRequest, Revocation, Waiver
from governance.promotion.advance import move
from governance.rules.approvals import Approval as GivenApproval
from governance.rules.approvals import People
from governance.rules.approvals import Revocation as GivenRevocation
from governance.rules.authorise import AUTHORISED, authorise
from governance.rules.evaluate import BLOCKED, BLOCKING, evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.states import PromotionState
from registry.artifacts import read_document
from registry.canonical import canonical, digest
from registry.ledger.append import append, moment
from registry.models import Actor, Artifact, Identity, IdentityKind, VersionPerson


def newest_evidence(promotion: PromotionRequest) -> dict[str, Evidence]:
    """Return the newest measurement of each check that the promotion cites."""
    cited = promotion.evidence.select_related("check_run").order_by("check_run__measured_at", "pk")
    return {evidence.check_run.check_name: evidence for evidence in cited}


def reports_of(promotion: PromotionRequest) -> list[ReportEvidence]:
    """Return every report that the promotion cites, with when it was measured; the rules choose which counts.

    A report whose bytes were purged is none: what it said can no longer be shown.
    """
    cited = promotion.evidence.select_related("check_run").order_by("pk")
    purged = set(
        Artifact.objects.filter(pk__in=cited.values("check_run__report_digest"), purged_at__isnull=False).values_list(
            "pk", flat=True
        )
    )
    return [
        ReportEvidence(
            document=read_document(evidence.check_run.report_digest),
            measured_at=evidence.check_run.measured_at,
            isolation=evidence.check_run.isolation,
        )
        for evidence in cited
        if evidence.check_run.report_digest not in purged
    ]


def waivers_of(promotion: PromotionRequest) -> list[dict[str, Any]]:
    """Return the granted waivers of the manifest, as the rules take them."""
    granted = Waiver.objects.filter(manifest_digest=promotion.manifest_id, granted_by__isnull=False).order_by("pk")
    return [
        {
            "id": str(waiver.pk),
            "manifest": waiver.manifest_digest,
            "key": waiver.key,
            "requested_by": str(waiver.requested_by_id),
            "granted_by": str(waiver.granted_by_id),
            "granted_at": moment(waiver.granted_at or waiver.created_at),
            "ends_at": moment(waiver.ends_at),
            "roles_held": waiver.roles_held,
        }
        for waiver in granted
    ]


def evaluation_now(promotion: PromotionRequest, now: datetime) -> Mapping[str, Any]:
    """Return the evaluation document as the rules give it now; nothing is recorded."""
    judged = evaluate(
        policy=promotion.policy.document,
        manifest=promotion.manifest.document,
        reports=reports_of(promotion),
        waivers=waivers_of(promotion),
        now=now,
        assurance=promotion.version.assurance,
    )
    return judged.document()


def record_evaluation(promotion: PromotionRequest, *, actor: Actor, now: datetime | None = None) -> Evaluation:
    """Evaluate a locked promotion and keep the result when it differs from the one there is.

    Approvals bound to the earlier result are stale from then on; the ledger says so.
    """
    judged_at = now or timezone.now()
    document = evaluation_now(promotion, judged_at)
    identity = digest(document)
    current = promotion.evaluations.filter(digest=identity).first()
    if current is not None and promotion.evaluation_digest == identity:
        return current
    evaluation = Evaluation(
        promotion=promotion,
        digest=identity,
        manifest_digest=promotion.manifest_id,
        policy_digest=promotion.policy_id,
        verdict=document["verdict"],
        document_text=canonical(document).decode(),
    )
    evaluation.full_clean()
    evaluation.save()
    _append_stale(promotion, identity, actor)
    if promotion.state == PromotionState.APPROVED:  # that was for the earlier one; the database refuses it for another
        move(promotion, PromotionState.AWAITING_DECISION, actor=actor, detail="the evaluation has changed")
    promotion.evaluation_digest = identity
    promotion.save(update_fields=["evaluation_digest"])
    append(
        "evaluation.recorded",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        policy=promotion.policy_id,
        evidence=sorted({item["report"] for item in document["items"] if item["report"]}),
        data={
            "manifest": promotion.manifest_id,
            "evaluation": identity,
            "verdict": evaluation.verdict,
            "judged_at": moment(judged_at),
        },
    )
    return evaluation


def _append_stale(promotion: PromotionRequest, evaluation: str, actor: Actor) -> None:
    bound = promotion.approvals.filter(action="approve", revocation__isnull=True)
    for approval in bound.filter(evaluation_digest=promotion.evaluation_digest).exclude(evaluation_digest=evaluation):
        append(
            "approval.stale",
            actor=actor,
            subject=f"promotion:{promotion.pk}",
            policy=promotion.policy_id,
            data={"approval": str(approval.pk), "why": "the evaluation it was bound to has changed"},
        )


def _persons_of(member: VersionPerson) -> frozenset[str]:
    """Return the ids of who is meant: the principal, or everybody who is known by the identity (also since later)."""
    if member.principal:
        found = [member.principal]
    else:
        known = Identity.objects.filter(value=member.identity.casefold()).exclude(kind=IdentityKind.DJANGO)
        found = [identity.principal for identity in known.select_related("principal__owner")]
    return frozenset(str(one.pk) for principal in found for one in (principal, principal.accountable()))


def people_of(promotion: PromotionRequest) -> People:
    """Return who had a hand in what is asked for, as opaque ids; identities nobody is known by stay unmapped."""
    members = VersionPerson.objects.filter(version=promotion.version).select_related("principal__owner")
    by_part: dict[str, set[str]] = {"trainer": set(), "author": set(), "committer": set(), "registrar": set()}
    unmapped = []
    for member in members:
        persons = _persons_of(member)
        by_part[member.part] |= persons
        if not persons:
            unmapped.append(f"{member.part}:{digest(member.identity.casefold())[:16]}")
    requesters = {str(promotion.requester_id), str(promotion.requester.accountable().pk)}
    if promotion.on_behalf_of:
        requesters |= {str(promotion.on_behalf_of.pk), str(promotion.on_behalf_of.accountable().pk)}
    return People(
        requester=frozenset(requesters),
        trainers=frozenset(by_part["trainer"] | by_part["registrar"]),
        authors=frozenset(by_part["author"]),
        committers=frozenset(by_part["committer"]),
        unmapped=frozenset(unmapped),
    )


def approval_of(approval: Approval) -> GivenApproval:
    """Return an approval as the rules take it."""
    return GivenApproval(
        id=str(approval.pk),
        principal=str(approval.principal_id),
        roles_held=frozenset(approval.roles_held),
        stage=approval.stage,
        manifest=approval.manifest_digest,
        policy=approval.policy_digest,
        evaluation=approval.evaluation_digest,
        action=approval.action,
        acknowledged=frozenset(approval.acknowledged),
        at=approval.created_at,
    )


def decision_now(promotion: PromotionRequest, evaluation: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Return the decision document as the rules give it now; nothing is recorded."""
    revoked = Revocation.objects.filter(approval__promotion=promotion)
    judged = authorise(
        policy=promotion.policy.document,
        evaluation=evaluation,
        approvals=[approval_of(approval) for approval in promotion.approvals.order_by("created_at", "pk")],
        revocations=[
            GivenRevocation(approval=str(item.approval_id), principal=str(item.principal_id), at=item.created_at)
            for item in revoked
        ],
        people=people_of(promotion),
        now=now,
    )
    return judged.document()


def record_decision(promotion: PromotionRequest, *, actor: Actor, now: datetime | None = None) -> Decision:
    """Authorise a locked promotion by its current evaluation, and keep the result when it differs."""
    evaluation = promotion.evaluations.filter(digest=promotion.evaluation_digest).order_by("-created_at").first()
    if evaluation is None:
        raise LookupError(f"promotion {promotion.pk} has no evaluation {promotion.evaluation_digest!r}")
    judged_at = now or timezone.now()
    document = decision_now(promotion, evaluation.document, judged_at)
    identity = digest(document)
    newest = promotion.decisions.order_by("-created_at").first()
    if newest is not None and newest.digest == identity:
        return newest
    decision = Decision(
        promotion=promotion,
        digest=identity,
        manifest_digest=promotion.manifest_id,
        policy_digest=promotion.policy_id,
        evaluation_digest=promotion.evaluation_digest,
        verdict=document["verdict"],
        document_text=canonical(document).decode(),
    )
    decision.full_clean()
    decision.save()
    append(
        "decision.recorded",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        policy=promotion.policy_id,
        data={
            "manifest": promotion.manifest_id,
            "evaluation": promotion.evaluation_digest,
            "decision": identity,
            "verdict": decision.verdict,
            "judged_at": moment(judged_at),
        },
    )
    return decision


@transaction.atomic
def settle(promotion: PromotionRequest, *, actor: Actor) -> PromotionRequest:
    """Put a locked promotion where its evaluation and decision say: BLOCKED, AWAITING_DECISION, APPROVED, REJECTED."""
    evaluation = record_evaluation(promotion, actor=actor)
    if evaluation.verdict == BLOCKED:
        return move(promotion, PromotionState.BLOCKED, actor=actor, detail=_blocking(evaluation.document))
    if promotion.state != PromotionState.APPROVED:
        move(promotion, PromotionState.AWAITING_DECISION, actor=actor)
    decision = record_decision(promotion, actor=actor)
    if decision.verdict == AUTHORISED:
        return move(promotion, PromotionState.APPROVED, actor=actor)
    if promotion.state == PromotionState.APPROVED:
        return move(
            promotion, PromotionState.AWAITING_DECISION, actor=actor, detail="the authorisation no longer holds"
        )
    return promotion


def _blocking(document: Mapping[str, Any]) -> str:
    keys = [item["key"] for item in document["items"] if item["outcome"] in BLOCKING and not item["waiver"]]
    return f"blocked by {len(keys)}: {', '.join(keys)}"


__all__ = ["newest_evidence", "record_decision", "record_evaluation", "reports_of", "settle"]
