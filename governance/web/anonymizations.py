"""The page of one anonymisation: its progress, and then what it made, what that cost, and what the new scan says."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from governance.access.permissions import OPERATORS, REGISTRARS, require_one_of
from governance.web.actors import Member, members_only
from governance.web.refusals import Refusal, refusal_of
from governance.web.wording import badge
from privacy.models import Anonymization
from privacy.scan.columns import CLEAN
from registry.artifacts import read_document
from registry.blobs import BlobError
from registry.models import DatasetVersion, Run, RunKind
from registry.run import cancel

WIDTH = 120.0
CANCELLERS = REGISTRARS | OPERATORS
MEASURES = {"kolmogorov_smirnov": "Kolmogorov-Smirnov", "total_variation": "total variation of frequencies"}


def _find(member: Member, pk: UUID) -> Run:
    rows = Run.objects.filter(kind=RunKind.ANONYMIZE, project__in=member.projects)
    return get_object_or_404(rows.select_related("project", "requested_by"), pk=pk)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show one anonymisation."""
    return _page(request, member, _find(member, pk))


def _page(request: HttpRequest, member: Member, run: Run, refusal: Refusal | None = None) -> HttpResponse:
    source = DatasetVersion.objects.select_related("dataset").get(pk=run.subject.partition(":")[2])
    made = None
    if version := run.result.get("dataset_version"):
        rows = Anonymization.objects.filter(source=source, result_id=version, recipe_id=run.result["recipe"])
        made = rows.select_related("result__dataset", "recipe").first()
    context = {
        "run": run,
        "state": badge(run.status),
        "busy": run.status not in Run.ENDED,
        "percent": round(100 * run.progress),
        "source": source,
        "made": made,
        "may_cancel": member.holds(run.project_id, CANCELLERS),
        "refusal": refusal,
        **(_result(made) if made else {}),
    }
    return render(request, "governance/anonymization.html", context, status=refusal.status if refusal else 200)


@require_safe
@members_only
def progress(_request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Say how far it is, for the page that waits for it."""
    run = _find(member, pk)
    return JsonResponse({"state": run.status, "percent": round(100 * run.progress), "message": run.message})


@require_POST
@members_only
def stop(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Ask it to stop; nothing of it is kept."""
    run = _find(member, pk)
    try:
        require_one_of(member.principal, run.project, CANCELLERS, "cancel an anonymisation")
    except PermissionError as error:
        return _page(request, member, run, refusal_of(error))
    cancel(run, actor=member.actor(run.project, sorted(CANCELLERS)))
    messages.success(request, "The run is asked to stop; nothing of it is kept.")
    return redirect("web:anonymization", pk=pk)


def _result(made: Anonymization) -> dict[str, Any]:
    """Return what the report tells, and the verdicts of the scan of what was made."""
    try:
        report = read_document(made.report_id) if made.report_id else None
    except BlobError:
        report = None
    scan = made.result.scans.order_by("-created_at").first()
    found = read_document(scan.report_id)["columns"] if scan else []
    return {
        "report": report,
        "columns": [_column(one) for one in report["columns"]] if report else [],
        "model": report["model"] if report else None,
        "scan": scan,
        "left": [one["name"] for one in found if one["verdict"] != CLEAN],
        "scanned": len(found),
    }


def _column(one: dict[str, Any]) -> dict[str, Any]:
    """Return a column with the width of the bar of its distance."""
    distance = float(one.get("distance", 1))
    return {**one, "measure": MEASURES.get(one.get("measure", ""), ""), "width": round(WIDTH * distance, 1)}
