"""The page of a dataset version: its scan, the verdict on every column, and the words of persons on them."""

from collections import deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.access.permissions import OPERATORS, REGISTRARS, require_one_of
from governance.web.actors import Member, members_only
from governance.web.columns import WORDS, columns_of, entity_names
from governance.web.forms import ReasonForm, read
from governance.web.refusals import Refusal, refusal_of
from governance.web.wording import badge
from governance.web.words import reason_text
from privacy import verdict_rules
from privacy.examine import start_scan
from privacy.models import ColumnVerdict, DatasetScan
from privacy.verdicts import (
    ASKERS,
    GRANTERS,
    LONGEST_DAYS,
    REVIEWERS,
    VerdictRefusedError,
    give_word,
    grant_lowering,
    judged_report,
    newest_scan,
    request_lowering,
    words_on,
)
from registry.ledger.read import entries
from registry.models import Actor, DatasetVersion, Run, RunKind
from registry.run import cancel

A_PAGE = 100
MOST = 50
SCANNERS = REGISTRARS | OPERATORS
Deed = Callable[[QueryDict, DatasetVersion, Actor], str]


class WordForm(ReasonForm):
    """A verdict on a column, with its reason; a lowering also has a last day."""

    column = forms.CharField(max_length=300, strip=False)
    verdict = forms.ChoiceField(choices=list(WORDS.items()))
    label = forms.CharField(max_length=80, required=False)
    until = forms.DateField(required=False)


def find(member: Member, pk: UUID) -> DatasetVersion:
    """Return a dataset version that the member may see."""
    seen = DatasetVersion.objects.filter(dataset__project__in=member.projects)
    return get_object_or_404(
        seen.select_related("dataset__project", "registered_by", "parent__dataset", "content"), pk=pk
    )


def scan_runs(version: DatasetVersion) -> Any:
    """Return the runs that scanned a version, the newest first."""
    return Run.objects.filter(kind=RunKind.SCAN, subject=f"dataset_version:{version.pk}").order_by("-created_at")


def _word(row: ColumnVerdict, report: dict[str, Any], version: DatasetVersion, member: Member) -> dict[str, Any]:
    [word] = [one for one in words_on(version) if one.id == str(row.pk)]
    lowers = row.action == verdict_rules.LOWER
    parties = {row.given_by_id, version.registered_by_id}
    may = lowers and row.granted_by_id is None and member.holds(version.dataset.project_id, GRANTERS)
    return {
        "row": row,
        "verdict": WORDS[row.verdict],
        "reason": reason_text(row.reason),
        "why_not": verdict_rules.why_not(word, report, timezone.now()),
        "grant": may and member.principal.pk not in parties,
    }


def _scan_context(version: DatasetVersion, member: Member, scan: DatasetScan | None, page: str) -> dict[str, Any]:
    if scan is None:
        return {"scan": None, "words": []}
    report = judged_report(scan)
    columns = columns_of(report)
    rows = version.column_verdicts.select_related("given_by", "granted_by", "reason").order_by("-created_at")
    return {
        "scan": scan,
        "report": report,
        "page": Paginator(columns, A_PAGE).get_page(page),
        "personal": sum(one.verdict.code != "CLEAN" for one in columns),
        "words": [_word(row, report, version, member) for row in rows[:MOST]],
    }


def dataset_page(
    request: HttpRequest,
    member: Member,
    version: DatasetVersion,
    *,
    refusal: Refusal | None = None,
    kept: QueryDict | None = None,
) -> HttpResponse:
    """Render the page; after a refusal with its sentence, its status and what the person had written."""
    runs = list(scan_runs(version)[:MOST])
    run = runs[0] if runs else None
    project = version.dataset.project_id
    context = {
        "version": version,
        "run": run,
        "run_state": badge(run.status) if run else None,
        "busy": run is not None and run.status not in Run.ENDED,
        "percent": round(100 * run.progress) if run else 0,
        "runs": [(one, badge(one.status)) for one in runs],
        "scans": version.scans.order_by("-created_at")[:MOST],
        "children": version.children.select_related("dataset").order_by("created_at")[:MOST],
        "may_scan": member.holds(project, SCANNERS),
        "may_word": member.holds(project, REVIEWERS),
        "may_ask": member.holds(project, ASKERS),
        "verdicts": WORDS,
        "entities": entity_names(),
        "longest": LONGEST_DAYS,
        "entries": list(deque(entries(subject=f"dataset_version:{version.pk}"), maxlen=MOST)),
        "refusal": refusal,
        "kept": kept or QueryDict(),
        **_scan_context(version, member, newest_scan(version), request.GET.get("page", "1")),
    }
    return render(request, "governance/dataset.html", context, status=refusal.status if refusal else 200)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show a dataset version."""
    return dataset_page(request, member, find(member, pk))


@require_safe
@members_only
def progress(_request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Say how far the newest scan is, for the page that waits for it."""
    run = scan_runs(find(member, pk)).first()
    if run is None:
        raise Http404
    return JsonResponse({"state": run.status, "percent": round(100 * run.progress), "message": run.message})


def _scan(_posted: QueryDict, version: DatasetVersion, actor: Actor) -> str:
    require_one_of(actor.principal, version.dataset.project, SCANNERS, "scan a dataset")
    start_scan(version, actor=actor)
    return "The scan is queued."


def _cancel(_posted: QueryDict, version: DatasetVersion, actor: Actor) -> str:
    require_one_of(actor.principal, version.dataset.project, SCANNERS, "cancel a scan")
    run = scan_runs(version).exclude(status__in=Run.ENDED).first()
    if run is None:
        raise VerdictRefusedError("No scan goes on.", "not_running")
    cancel(run, actor=actor)
    return "The scan is asked to stop; what it has done is kept for the next one."


def _newest(version: DatasetVersion) -> DatasetScan:
    scan = newest_scan(version)
    if scan is None:
        raise VerdictRefusedError("The dataset was not scanned yet.")
    return scan


def _give(posted: QueryDict, version: DatasetVersion, actor: Actor) -> str:
    said = read(WordForm(posted))
    give_word(
        _newest(version),
        column=said["column"],
        verdict=said["verdict"],
        label="" if said["verdict"] == "CLEAN" else said["label"],
        reason=said["reason"],
        actor=actor,
    )
    return "Your word is recorded."


def _lower(posted: QueryDict, version: DatasetVersion, actor: Actor) -> str:
    said = read(WordForm(posted))
    if said["until"] is None:
        raise ValidationError("Say the last day on which the verdict is lowered.")
    request_lowering(
        _newest(version),
        column=said["column"],
        verdict=said["verdict"],
        reason=said["reason"],
        ends_at=datetime.combine(said["until"], time(23, 59), tzinfo=UTC),
        actor=actor,
    )
    return "The lowering is asked for; another person must grant it."


def _grant(posted: QueryDict, version: DatasetVersion, actor: Actor) -> str:
    try:
        pk = UUID(posted.get("word", ""))
    except ValueError:
        raise ValidationError("The form names no word.") from None
    grant_lowering(get_object_or_404(version.column_verdicts.select_related("scan"), pk=pk), actor=actor)
    return "The lowering is granted."


DEEDS: dict[str, tuple[Deed, Collection[Any]]] = {
    "scan": (_scan, sorted(SCANNERS)),
    "cancel": (_cancel, sorted(SCANNERS)),
    "word": (_give, sorted(REVIEWERS)),
    "lower": (_lower, sorted(ASKERS)),
    "grant": (_grant, sorted(GRANTERS)),
}


@members_only
def act(request: HttpRequest, member: Member, pk: UUID, deed: str) -> HttpResponse:
    """Do one of the deeds; what is refused is shown on the page, with what was written."""
    version = find(member, pk)
    if deed not in DEEDS:
        raise Http404
    if request.method != "POST":
        return redirect("web:dataset", pk=pk)
    do, roles = DEEDS[deed]
    try:
        said = do(request.POST, version, member.actor(version.dataset.project, roles))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return dataset_page(request, member, find(member, pk), refusal=refusal, kept=request.POST)
    messages.success(request, said)
    return redirect("web:dataset", pk=pk)
