"""Legal holds: what is kept from being erased, since when and why; place one, ask for its end, lift it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from governance.access.permissions import AUDITORS, POLICY_MAKERS
from governance.access.subjects import project_of, title_of
from governance.models import LegalHold
from governance.retention.hold import HoldSubjectError, lift_hold, place_hold, request_lift
from governance.web.actors import Member, members_only
from governance.web.forms import read_reason
from governance.web.refusals import Refusal, refusal_of
from governance.web.words import reason_text
from registry.models import Actor, Project

MOST = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, what it is on, why it was placed, and what this member is offered: to ask for its end, or to lift it."""

    hold: LegalHold
    title: str
    reason: str
    may_ask: bool
    may_lift: bool


def to_lift(member: Member) -> list[LegalHold]:
    """Return the holds whose end somebody else asked for, and that this member may lift."""
    asked = LegalHold.objects.filter(lifted_at__isnull=True, lift_asked_by__isnull=False, project__in=member.projects)
    found = asked.exclude(lift_asked_by=member.principal).order_by("created_at")[:MOST]
    return [one for one in found if member.holds(one.project_id, POLICY_MAKERS)]


def holds_of(member: Member) -> list[Held]:
    """Return holds of the member's projects: first those whose end is asked for, then in force, then lifted."""
    rows = LegalHold.objects.filter(project__in=member.projects).order_by(
        F("lifted_at").desc(nulls_first=True), F("lift_asked_by").asc(nulls_last=True), "-created_at"
    )
    people = "placed_by", "lift_asked_by", "lifted_by"
    return [_held(one, member) for one in rows.select_related("project", "reason", *people)[:MOST]]


def _held(hold: LegalHold, member: Member) -> Held:
    may = hold.lifted_at is None and member.holds(hold.project_id, POLICY_MAKERS)
    asked = hold.lift_asked_by_id
    told = member.holds(hold.project_id, AUDITORS)
    return Held(
        hold,
        title_of(hold.subject),
        reason_text(hold.reason) if told else "(the reason is for officers and auditors)",
        may_ask=may and asked is None,
        may_lift=may and asked not in {None, member.principal.pk},
    )


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """List the holds."""
    return _page(request, member)


def _page(
    request: HttpRequest, member: Member, *, refusal: Refusal | None = None, kept: QueryDict | None = None
) -> HttpResponse:
    context = {
        "holds": holds_of(member),
        "projects": [
            one
            for one in Project.objects.filter(pk__in=member.projects).order_by("slug")
            if member.holds(one.pk, POLICY_MAKERS)
        ],
        "refusal": refusal,
        "kept": kept or QueryDict(),
        "on": (kept or request.GET).get("subject", ""),
    }
    return render(request, "governance/holds.html", context, status=refusal.status if refusal else 200)


def _ask(hold: LegalHold, actor: Actor, posted: QueryDict) -> str:
    request_lift(hold, reason=read_reason(posted), actor=actor)
    return "The end of the hold is asked for; another person lifts it."


def _lift(hold: LegalHold, actor: Actor, _posted: QueryDict) -> str:
    lift_hold(hold, actor=actor)
    return "The hold is lifted."


DEEDS: dict[str, Callable[[LegalHold, Actor, QueryDict], str]] = {"request-lift": _ask, "lift": _lift}


def _subject(posted: QueryDict, member: Member) -> str:
    subject = posted.get("subject", "").strip() or f"project:{posted.get('project', '')}"
    if project_of(subject) not in member.projects:
        raise HoldSubjectError(f"{subject[:120]!r} is nothing that you can see; a hold is on «noun:id».")
    return subject


@members_only
def place(request: HttpRequest, member: Member) -> HttpResponse:
    """Place a hold on a subject, or on all of a project; what is refused is shown on the page."""
    if request.method != "POST":
        return redirect("web:holds")
    try:
        subject = _subject(request.POST, member)
        place_hold(subject, reason=read_reason(request.POST), actor=Actor(member.principal, "", "session"))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return _page(request, member, refusal=refusal, kept=request.POST)
    messages.success(request, f"Nothing that is said of the {title_of(subject)} is erased while the hold is in force.")
    return redirect("web:holds")


@members_only
def act(request: HttpRequest, member: Member, pk: UUID, deed: str) -> HttpResponse:
    """Ask for the end of a hold, or lift it; what is refused is shown on the page."""
    hold = get_object_or_404(LegalHold.objects.filter(project__in=member.projects).select_related("project"), pk=pk)
    if deed not in DEEDS:
        raise Http404
    if request.method != "POST":
        return redirect("web:holds")
    try:
        said = DEEDS[deed](hold, Actor(member.principal, "", "session"), request.POST)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return _page(request, member, refusal=refusal)
    messages.success(request, said)
    return redirect("web:holds")
