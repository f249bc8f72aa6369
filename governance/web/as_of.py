"""The page of time travel: what an environment was to serve at a moment, and what was seen running."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.exports.as_of import AsOf, FutureMomentError, as_of
from governance.rules.moments import MomentError
from governance.web.actors import Member, members_only
from governance.web.refusals import Refusal
from registry.models import Environment


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask for an environment of the member's projects and a moment with its offset, and answer."""
    seen = Environment.objects.filter(project__in=member.projects).select_related("project").order_by("project", "name")
    chosen = next((one for one in seen if str(one.pk) == _uuid(request.GET.get("environment", ""))), None)
    at = request.GET.get("at", "").strip()
    found: AsOf | None = None
    refusal: Refusal | None = None
    if chosen and at:
        try:
            found = as_of(chosen, at)
        except (MomentError, FutureMomentError) as error:
            refusal = Refusal(code=error.code, sentence=str(error), status=400)
    context = {
        "environments": seen,
        "chosen": chosen,
        "at": at or timezone.now().strftime("%Y-%m-%dT%H:%MZ"),
        "found": found,
        "refusal": refusal,
    }
    return render(request, "governance/as_of.html", context, status=refusal.status if refusal else 200)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
