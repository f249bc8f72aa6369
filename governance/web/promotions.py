"""The page of one promotion: what is asked for, what was measured, how it is judged, and what may be done now."""

from collections import deque
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from governance.models import Evaluation, PromotionRequest, Waiver
from governance.promotion.expire import waiting_since
from governance.rules.expiry import WAITING, waits_until
from governance.rules.policy import Policy, read_policy
from governance.rules.states import PromotionState
from governance.rules.waivers import WAIVABLE
from governance.web.actors import Member, members_only
from governance.web.evidence import attempt_of, reports_of
from governance.web.inbox import seen_by
from governance.web.items import sections_of
from governance.web.numbers import reworded
from governance.web.permits import REVOCABLE, may_grant, may_operate, permits_of
from governance.web.refusals import Refusal
from governance.web.steps import steps_of
from governance.web.wording import badge
from governance.web.words import current_decision, reason_text, stages_of, words_of
from registry.ledger.read import Entry, entries
from registry.models import Deployment, ReleaseManifest, Run

BUSY = frozenset({PromotionState.OPEN, PromotionState.COLLECTING, PromotionState.MEASURING, PromotionState.RELEASING})
MOST_ENTRIES = 100


def find(member: Member, pk: UUID) -> PromotionRequest:
    """Return a promotion that the member may see; what it may not see does not exist for it."""
    return get_object_or_404(seen_by(member), pk=pk)


def newest_run(promotion: PromotionRequest) -> Run | None:
    """Return the newest run of a promotion."""
    return Run.objects.filter(subject=f"promotion:{promotion.pk}").order_by("-created_at").first()


def current_evaluation(promotion: PromotionRequest) -> Evaluation | None:
    """Return the evaluation that the promotion stands on now."""
    if not promotion.evaluation_digest:
        return None
    return promotion.evaluations.filter(digest=promotion.evaluation_digest).order_by("-created_at").first()


def _entries(promotion: PromotionRequest) -> list[Entry]:
    return list(deque(entries(subject=f"promotion:{promotion.pk}"), maxlen=MOST_ENTRIES))


def _request_context(promotion: PromotionRequest) -> dict[str, Any]:
    document = promotion.manifest.document
    incumbent = document["incumbent"]
    before = ReleaseManifest.objects.filter(pk=incumbent).select_related("champion__model").first()
    return {
        "manifest": document,
        "threshold": document["rule"]["threshold"],
        "incumbent": before.champion if before else None,
        "incumbent_digest": incumbent,
        "attempt": attempt_of(promotion),
    }


def _judgement_context(promotion: PromotionRequest, policy: Policy, member: Member) -> dict[str, Any]:
    evaluation = current_evaluation(promotion)
    document = evaluation.document if evaluation else None
    sections = sections_of(document) if document else ()
    items = document["items"] if document else []
    decision = current_decision(promotion)
    return {
        "evaluation": evaluation,
        "verdict": badge(evaluation.verdict) if evaluation else None,
        "sections": sections,
        "to_acknowledge": [row for one in sections for row in one.rows if row.acknowledge],
        "waivable": [
            one["key"]
            for one in items
            if one["outcome"] in WAIVABLE and one["metric"] in policy.waivers.allowed and not one["waiver"]
        ],
        "waivers": [_waiver(one, promotion, member, policy) for one in _waivers(promotion)],
        "reports": reports_of(promotion),
        "words": words_of(promotion, policy),
        "stages": stages_of(promotion, policy),
        "decision": decision,
        "decision_badge": badge(decision["verdict"]) if decision else None,
    }


def _waivers(promotion: PromotionRequest) -> Any:
    people = ("requested_by", "granted_by", "reason")
    return Waiver.objects.filter(manifest_digest=promotion.manifest_id).select_related(*people).order_by("created_at")


def _waiver(one: Waiver, promotion: PromotionRequest, member: Member, policy: Policy) -> dict[str, Any]:
    own = one.promotion_id == promotion.pk
    return {"row": one, "reason": reason_text(one.reason), "grant": own and may_grant(one, promotion, member, policy)}


def promotion_page(
    request: HttpRequest,
    member: Member,
    promotion: PromotionRequest,
    *,
    refusal: Refusal | None = None,
    kept: QueryDict | None = None,
) -> HttpResponse:
    """Render the page; after a refusal with its sentence, its status and what the person had written."""
    policy = read_policy(promotion.policy.document)
    run = newest_run(promotion)
    deployments = Deployment.objects.filter(promotion_id=promotion.pk).select_related("environment", "manifest")
    context = {
        "promotion": promotion,
        "state": badge(promotion.state),
        "detail": reworded(promotion.detail),
        "expires_at": waits_until(policy, waiting_since(promotion)) if promotion.state in WAITING else None,
        "steps": steps_of(promotion.state, evaluated=bool(promotion.evaluation_digest)),
        "policy": policy,
        "waiver_role": policy.waivers.role.replace("_", " "),
        "permits": permits_of(promotion, member, policy),
        "revocable": promotion.state in REVOCABLE,
        "me": str(member.principal.pk),
        "busy": promotion.state in BUSY,
        "run": run,
        "run_state": badge(run.status) if run else None,
        "percent": round(100 * run.progress) if run else 0,
        "deployments": [
            (one, badge(one.state), may_operate(one, member)) for one in deployments.order_by("-created_at")
        ],
        "entries": _entries(promotion),
        "refusal": refusal,
        "kept": kept or QueryDict(),
        "kept_keys": kept.getlist("acknowledged") if kept and _still(kept, promotion) else [],
        **_request_context(promotion),
        **_judgement_context(promotion, policy, member),
    }
    return render(request, "governance/promotion.html", context, status=refusal.status if refusal else 200)


def _still(kept: QueryDict, promotion: PromotionRequest) -> bool:
    """Say whether what was ticked was ticked on the present evaluation; otherwise it must be ticked again."""
    return bool(kept.get("evaluation") == promotion.evaluation_digest)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show a promotion."""
    return promotion_page(request, member, find(member, pk))


@require_safe
@members_only
def progress(_request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Say how far the run is, for the page that waits for it."""
    promotion = seen_by(member).filter(pk=pk).first()
    if promotion is None:
        raise Http404
    run = newest_run(promotion)
    return JsonResponse(
        {
            "state": promotion.state,
            "busy": promotion.state in BUSY,
            "percent": round(100 * run.progress) if run else 0,
            "message": run.message if run else "",
        }
    )
