"""The page of one deployment: what is wanted, what is seen running, what watching found; roll back, stop, clear."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from governance.promotion.rollback import OPERATORS, roll_back
from governance.promotion.stop import stop
from governance.watch import clear_review
from governance.web.actors import Member, members_only
from governance.web.forms import read_reason
from governance.web.numbers import reworded
from governance.web.permits import may_clear, may_operate
from governance.web.refusals import Refusal, refusal_of
from governance.web.wording import badge
from monitoring.models import Batch, Monitor
from registry.ledger.read import entries
from registry.models import Actor, Deployment, Observation

MOST = 20
HOUR = 3600
Deed = Callable[[Deployment, Actor, str], str]


def find(member: Member, pk: UUID) -> Deployment:
    """Return a deployment that the member may see."""
    seen = Deployment.objects.filter(environment__project__in=member.projects)
    return get_object_or_404(
        seen.select_related("environment__project", "model", "manifest__champion__model", "previous"), pk=pk
    )


def gap_of(deployment: Deployment, seen: Observation | None) -> tuple[bool, str]:
    """Say whether what is seen running is what is wanted, and how it differs."""
    if seen is None:
        return False, "Nobody has looked yet at what is running."
    runs = seen.healthy and seen.manifest_digest == deployment.manifest_id
    if deployment.desired and runs:
        return True, "What is wanted is what runs."
    if not deployment.desired and not seen.healthy:
        return True, "Nothing is wanted, and nothing runs."
    if not deployment.desired:
        return False, "Nothing is wanted any more, but something was still seen running."
    if not seen.healthy:
        return False, "It is wanted, but does not answer in good health."
    return False, f"Another manifest answers: {seen.manifest_digest[:12] or 'it does not say which'}."


def _watching(deployment: Deployment) -> dict[str, Any]:
    monitor = Monitor.objects.filter(deployment=deployment).first()
    batches = Batch.objects.filter(monitor=monitor).order_by("-created_at")[:MOST] if monitor else []
    return {
        "monitor": monitor,
        "hours": (monitor.every_seconds / HOUR, monitor.overdue_seconds / HOUR) if monitor else None,
        "batches": [(one, badge(one.verdict or "PENDING")) for one in batches],
        "alerts": [
            (one, reworded(one.message)) for one in deployment.alerts.order_by("resolved_at", "-created_at")[:MOST]
        ],
    }


def deployment_page(
    request: HttpRequest,
    member: Member,
    deployment: Deployment,
    *,
    refusal: Refusal | None = None,
    kept: QueryDict | None = None,
) -> HttpResponse:
    """Render the page; after a refusal with its sentence and status."""
    observations = list(deployment.observations.order_by("-at", "-pk")[:MOST])
    as_wanted, gap = gap_of(deployment, observations[0] if observations else None)
    context = {
        "deployment": deployment,
        "state": badge(deployment.state),
        "observations": observations,
        "as_wanted": as_wanted,
        "gap": gap,
        "operate": may_operate(deployment, member),
        "clear": may_clear(deployment, member),
        "successors": deployment.successors.order_by("created_at"),
        "entries": list(entries(subject=f"deployment:{deployment.pk}")),
        "refusal": refusal,
        "kept": kept or QueryDict(),
        **_watching(deployment),
    }
    return render(request, "governance/deployment.html", context, status=refusal.status if refusal else 200)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show a deployment."""
    return deployment_page(request, member, find(member, pk))


def _roll_back(deployment: Deployment, actor: Actor, reason: str) -> str:
    successor = roll_back(deployment, actor=actor, reason=reason)
    return f"Rolled back: {successor.manifest.champion or 'the earlier manifest'} serves again."


def _stop(deployment: Deployment, actor: Actor, reason: str) -> str:
    stop(deployment, actor=actor, reason=reason)
    return "It is stopped; nothing serves."


def _clear(deployment: Deployment, actor: Actor, reason: str) -> str:
    clear_review(deployment, actor=actor, reason=reason)
    return "The review is cleared and its alerts are resolved."


DEEDS: dict[str, Deed] = {"roll-back": _roll_back, "stop": _stop, "clear": _clear}


@members_only
def act(request: HttpRequest, member: Member, pk: UUID, deed: str) -> HttpResponse:
    """Roll back, stop or clear; what is refused is shown on the page."""
    deployment = find(member, pk)
    if deed not in DEEDS:
        raise Http404
    if request.method != "POST":
        return redirect("web:deployment", pk=pk)
    try:
        said = DEEDS[deed](
            deployment, member.actor(deployment.environment.project, sorted(OPERATORS)), read_reason(request.POST)
        )
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return deployment_page(request, member, find(member, pk), refusal=refusal, kept=request.POST)
    messages.success(request, said)
    return redirect("web:deployment", pk=pk)
