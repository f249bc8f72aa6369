"""What is done on a promotion's page: parse the form, call the use case, say in a sentence what came of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from governance.models import PromotionRequest
from governance.promotion.approve import approve, reject, request_changes, revoke, withdraw
from governance.promotion.assess import remeasure
from governance.promotion.release import start_release
from governance.promotion.waive import grant_waiver, request_waiver
from governance.web.actors import Member, members_only
from governance.web.forms import DecisionForm, ReasonForm, WaiverForm, problem_of
from governance.web.promotions import find, promotion_page
from governance.web.refusals import refusal_of
from registry.models import Actor

Deed = Callable[[QueryDict, PromotionRequest, Actor], str]


def _read(form: Any) -> dict[str, Any]:
    if not form.is_valid():
        raise ValidationError(problem_of(form))
    found: dict[str, Any] = form.cleaned_data
    return found


def _id(posted: QueryDict, name: str) -> UUID:
    try:
        return UUID(posted.get(name, ""))
    except ValueError:
        raise ValidationError(f"The form names no {name}.") from None


def _decide(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    said = _read(DecisionForm(posted))
    named = {"actor": actor, "reason": said["reason"], "evaluation_digest": said["evaluation"]}
    if said["action"] == "approve":
        approve(promotion, acknowledged=said["acknowledged"], **named)
        return "Your approval is recorded."
    if said["action"] == "reject":
        reject(promotion, **named)
        return "Your rejection is recorded. Another request must be made."
    request_changes(promotion, **named)
    return "That you ask for changes is recorded."


def _revoke(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    approval = get_object_or_404(promotion.approvals, pk=_id(posted, "approval"))
    revoke(approval, actor=actor, reason=_read(ReasonForm(posted))["reason"])
    return "Your approval no longer counts."


def _withdraw(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    withdraw(promotion, actor=actor, reason=_read(ReasonForm(posted))["reason"])
    return "The request is withdrawn."


def _measure(_posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    remeasure(promotion, actor=actor)
    return "It will be measured again."


def _release(_posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    start_release(promotion, actor=actor)
    return "The release has begun."


def _ask_waiver(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    form = WaiverForm(posted)
    said = _read(form)
    request_waiver(promotion, key=said["key"], ends_at=form.ends_at(), reason=said["reason"], actor=actor)
    return "The waiver is asked for; another person must grant it."


def _grant_waiver(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    waiver = get_object_or_404(promotion.waivers, pk=_id(posted, "waiver"))
    grant_waiver(waiver, actor=actor)
    return "The waiver is granted."


DEEDS: dict[str, Deed] = {
    "decide": _decide,
    "revoke": _revoke,
    "withdraw": _withdraw,
    "measure": _measure,
    "release": _release,
    "ask-waiver": _ask_waiver,
    "grant-waiver": _grant_waiver,
}


@members_only
def act(request: HttpRequest, member: Member, pk: UUID, deed: str) -> HttpResponse:
    """Do one of the deeds; what is refused is shown on the page, with the reason and the text that was written."""
    promotion = find(member, pk)
    if deed not in DEEDS:
        raise Http404
    if request.method != "POST":
        return redirect("web:promotion", pk=pk)
    try:
        said = DEEDS[deed](request.POST, promotion, member.actor(promotion.project))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return promotion_page(request, member, find(member, pk), refusal=refusal, kept=request.POST)
    messages.success(request, said)
    return redirect("web:promotion", pk=pk)
