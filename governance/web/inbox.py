"""The front page: what waits for the signed-in person, then what happened lately and what is live."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance.access.subjects import title_of
from governance.models import PromotionRequest, Waiver
from governance.promotion.release import RELEASERS
from governance.promotion.rollback import OPERATORS, RUNNING
from governance.rules.policy import read_policy
from governance.rules.states import PromotionState
from governance.web.actors import Member, members_only
from governance.web.holds import to_lift
from governance.web.permits import TO_DECIDE, may_grant, why_not_decide
from governance.web.policies import to_confirm
from governance.web.wording import Badge, badge
from monitoring.models import Alert
from registry.models import Deployment

MOST_WAITING = 50
MOST_RECENT = 15


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for this person: what to do, on what, since when."""

    verb: str
    title: str
    url: str
    since: datetime
    state: Badge


def seen_by(member: Member) -> QuerySet[PromotionRequest]:
    """Return the promotions that a member may see, newest first."""
    return (
        PromotionRequest.objects.filter(project__in=member.projects)
        .select_related("project", "environment", "model", "version__model", "manifest", "policy", "requester")
        .order_by("-created_at")
    )


def _task(verb: str, promotion: PromotionRequest) -> Task:
    url = reverse("web:promotion", args=[promotion.pk])
    return Task(verb, str(promotion), url, promotion.updated_at, badge(promotion.state))


def _decisions(member: Member) -> Iterator[Task]:
    for promotion in seen_by(member).filter(state=PromotionState.AWAITING_DECISION)[:MOST_WAITING]:
        if not why_not_decide(promotion, member):
            yield _task("Decide", promotion)


def _releases(member: Member) -> Iterator[Task]:
    for promotion in seen_by(member).filter(state=PromotionState.APPROVED)[:MOST_WAITING]:
        if member.holds(promotion.project_id, RELEASERS):
            yield _task("Release", promotion)


def _waivers(member: Member) -> Iterator[Task]:
    open_ones = Waiver.objects.filter(
        granted_by__isnull=True, promotion__project__in=member.projects, promotion__state__in=TO_DECIDE
    ).order_by("created_at")
    for waiver in open_ones[:MOST_WAITING]:
        promotion = seen_by(member).get(pk=waiver.promotion_id)
        if may_grant(waiver, promotion, member, read_policy(promotion.policy.document)):
            yield _task("Consider a waiver", promotion)


def _seconds(member: Member) -> Iterator[Task]:
    """Yield what another person proposed or asked for, and waits for a second one."""
    for what in to_confirm(member)[:MOST_WAITING]:
        yield Task("Confirm a policy", str(what), reverse("web:policies"), what.created_at, badge("PENDING"))
    for hold in to_lift(member)[:MOST_WAITING]:
        yield Task("Lift a hold", title_of(hold.subject), reverse("web:holds"), hold.created_at, badge("PENDING"))


def alerts_of(member: Member) -> list[Alert]:
    """Return the open alerts on which the member may act, newest first."""
    found = Alert.objects.filter(resolved_at__isnull=True, deployment__environment__project__in=member.projects)
    listed = found.select_related("deployment__environment", "deployment__model").order_by("-created_at")
    return [one for one in listed if member.holds(one.deployment.environment.project_id, OPERATORS)][:MOST_WAITING]


def _live(member: Member) -> list[tuple[Deployment, Badge]]:
    running = Deployment.objects.filter(environment__project__in=member.projects, state__in=RUNNING)
    listed = running.select_related("environment", "model", "manifest__champion__model").order_by("-live_at")
    return [(one, badge(one.state)) for one in listed[:MOST_WAITING]]


@members_only
def inbox(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the front page."""
    mine = [one for one in seen_by(member).filter(state__in=PromotionRequest.OPEN_STATES) if _asked(one, member)]
    recent = seen_by(member)[:MOST_RECENT]
    context = {
        "tasks": [*_decisions(member), *_waivers(member), *_releases(member), *_seconds(member)],
        "alerts": alerts_of(member),
        "mine": [(one, badge(one.state)) for one in mine[:MOST_WAITING]],
        "recent": [(one, badge(one.state)) for one in recent],
        "live": _live(member),
    }
    return render(request, "governance/inbox.html", context)


def _asked(promotion: PromotionRequest, member: Member) -> bool:
    return member.principal.pk in {promotion.requester_id, promotion.on_behalf_of_id}
