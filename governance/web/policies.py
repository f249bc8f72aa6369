"""Which policy applies where; what is proposed beside what applies now; and the second person's word on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.access.permissions import POLICY_MAKERS, require_one_of
from governance.models import Policy, PolicyAssignment
from governance.policies.assign import confirm
from governance.web.actors import Member, members_only
from governance.web.refusals import Refusal, refusal_of

CONTEXT_LINES = 2
MOST = 50
MOST_LINES = 1000
TONES = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed assignment: what applies now, line by line what would change, and whether this member may confirm."""

    assignment: PolicyAssignment
    present: PolicyAssignment | None
    lines: tuple[tuple[str, str], ...]
    may_confirm: bool


def to_confirm(member: Member) -> list[PolicyAssignment]:
    """Return what somebody else proposed, and this member may confirm, the oldest first."""
    return [one for one in _proposed(member) if _may_confirm(one, member)]


def _proposed(member: Member) -> QuerySet[PolicyAssignment]:
    return _assignments(member).filter(effective_at__isnull=True).order_by("created_at")[:MOST]


def _may_confirm(one: PolicyAssignment, member: Member) -> bool:
    return member.holds(one.project_id, POLICY_MAKERS) and member.principal.accountable().pk != one.proposed_by_id


def _assignments(member: Member) -> QuerySet[PolicyAssignment]:
    rows = PolicyAssignment.objects.filter(project__in=member.projects)
    return rows.select_related("project", "environment", "policy", "proposed_by", "confirmed_by")


def _proposal(one: PolicyAssignment, member: Member) -> Proposal:
    present = _in_force(one, member)
    lines = tuple(_difference(present.policy, one.policy)) if present else ()
    return Proposal(one, present, lines, _may_confirm(one, member))


def _in_force(one: PolicyAssignment, member: Member) -> PolicyAssignment | None:
    rows = _assignments(member).filter(environment=one.environment, tier=one.tier, effective_at__lte=timezone.now())
    return rows.order_by("-effective_at").first()


def _difference(before: Policy, after: Policy) -> Iterator[tuple[str, str]]:
    """Yield (tone, line) of what one policy's text has that the other's has not."""
    pair = before.source.splitlines(), after.source.splitlines()
    if max(map(len, pair)) > MOST_LINES:
        yield "place", f"One of the two has more than {MOST_LINES} lines: they are not compared here."
        return
    lines = unified_diff(*pair, str(before), str(after), lineterm="", n=CONTEXT_LINES)
    yield from ((TONES.get(line[:1], ""), line) for line in lines)


def _applying(member: Member) -> list[PolicyAssignment]:
    newest: dict[tuple[UUID, str], PolicyAssignment] = {}
    rows = _assignments(member).filter(effective_at__lte=timezone.now())
    for one in rows.order_by("environment__name", "tier", "effective_at"):
        newest[one.environment_id, one.tier] = one
    return list(newest.values())


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """List what applies and what is proposed."""
    return _page(request, member)


def _page(request: HttpRequest, member: Member, refusal: Refusal | None = None) -> HttpResponse:
    context = {
        "proposals": [_proposal(one, member) for one in _proposed(member)],
        "applying": _applying(member),
        "refusal": refusal,
    }
    return render(request, "governance/policies.html", context, status=refusal.status if refusal else 200)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, digest: str) -> HttpResponse:
    """Show the text of a policy, and where it applies or applied in the member's projects."""
    policy = get_object_or_404(Policy.objects.all() if member.projects else Policy.objects.none(), pk=digest)
    context = {"policy": policy, "assignments": _assignments(member).filter(policy=policy).order_by("-created_at")}
    return render(request, "governance/policy.html", context)


@members_only
def act(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Confirm a proposed assignment; what is refused is shown on the page."""
    assignment = get_object_or_404(_assignments(member), pk=pk)
    if request.method != "POST":
        return redirect("web:policies")
    try:
        require_one_of(member.principal, assignment.project, POLICY_MAKERS, "confirm the assignment of a policy")
        confirm(assignment, actor=member.actor(assignment.project, sorted(POLICY_MAKERS)))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return _page(request, member, refusal)
    messages.success(request, f"{assignment.policy} applies to the {assignment.tier} tier in {assignment.environment}.")
    return redirect("web:policies")
