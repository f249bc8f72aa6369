"""What is done on a promotion's page: parse the form, call the use case, say in a sentence what came of it."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from governance.models import PromotionRequest
from governance.promotion.approve import approve, reject, request_changes, revoke, withdraw
from governance.promotion.assess import remeasure
from governance.promotion.release import RELEASERS, start_release
from governance.promotion.request import REQUESTERS
from governance.promotion.waive import grant_waiver, request_waiver
from governance.rules.policy import read_policy
from governance.web.actors import Member, members_only
from governance.web.forms import DecisionForm, ReasonForm, WaiverForm, read
from governance.web.promotions import find, promotion_page
from governance.web.refusals import refusal_of
from registry.models import Actor, Role

Deed = Callable[[QueryDict, PromotionRequest, Actor], str]


def _id(posted: QueryDict, name: str) -> UUID:
    try:
        return UUID(posted.get(name, ""))
    except ValueError:
        raise ValidationError(f"The form names no {name}.") from None


def _decide(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    said = read(DecisionForm(posted))
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
    revoke(approval, actor=actor, reason=read(ReasonForm(posted))["reason"])
    return "Your approval no longer counts."


def _withdraw(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    withdraw(promotion, actor=actor, reason=read(ReasonForm(posted))["reason"])
    return "The request is withdrawn."


def _measure(_posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    remeasure(promotion, actor=actor)
    return "It will be measured again."


def _release(_posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    start_release(promotion, actor=actor)
    return "The release has begun."


def _ask_waiver(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    form = WaiverForm(posted)
    said = read(form)
    request_waiver(promotion, key=said["key"], ends_at=form.ends_at(), reason=said["reason"], actor=actor)
    return "The waiver is asked for; another person must grant it."


def _grant_waiver(posted: QueryDict, promotion: PromotionRequest, actor: Actor) -> str:
    waiver = get_object_or_404(promotion.waivers, pk=_id(posted, "waiver"))
    grant_waiver(waiver, actor=actor)
    return "The waiver is granted."


DEEDS: dict[str, tuple[Deed, Collection[Any]]] = {
    "decide": (_decide, ()),
    "revoke": (_revoke, ()),
    "withdraw": (_withdraw, sorted(REQUESTERS)),
    "measure": (_measure, [*sorted(REQUESTERS), Role.VALIDATOR]),
    "release": (_release, sorted(RELEASERS)),
    "ask-waiver": (_ask_waiver, sorted(REQUESTERS)),
    "grant-waiver": (_grant_waiver, ()),
}


def _roles(deed: str, promotion: PromotionRequest) -> Collection[Any]:
    """Return the roles in which a deed is done; those of officers are the policy's."""
    policy = read_policy(promotion.policy.document)
    if deed == "grant-waiver":
        return [policy.waivers.role]
    return DEEDS[deed][1] or [stage.role for stage in policy.approval.stages]


@members_only
def act(request: HttpRequest, member: Member, pk: UUID, deed: str) -> HttpResponse:
    """Do one of the deeds; what is refused is shown on the page, with the reason and the text that was written."""
    promotion = find(member, pk)
    if deed not in DEEDS:
        raise Http404
    if request.method != "POST":
        return redirect("web:promotion", pk=pk)
    try:
        said = DEEDS[deed][0](request.POST, promotion, member.actor(promotion.project, _roles(deed, promotion)))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return promotion_page(request, member, find(member, pk), refusal=refusal, kept=request.POST)
    messages.success(request, said)
    return redirect("web:promotion", pk=pk)
