"""The dataset versions of one's projects: how large each is, where it came from, and whether it was searched."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.web.actors import Member, members_only
from governance.web.wording import Badge
from privacy.models import DatasetScan
from registry.models import DatasetVersion

A_PAGE = 50
STATES = {
    None: Badge("UNKNOWN", "Not scanned", "idle"),
    True: Badge("SCANNED", "Scanned", "good"),
    False: Badge("INCOMPLETE", "Scan not complete", "bad"),
}


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """List the dataset versions, the newest first."""
    rows = (
        DatasetVersion.objects.filter(dataset__project__in=member.projects)
        .select_related("dataset__project", "parent__dataset")
        .order_by("-created_at", "pk")
    )
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page", "1"))
    scans = DatasetScan.objects.filter(dataset_version__in=list(page)).order_by("created_at")
    complete = dict(scans.values_list("dataset_version_id", "complete"))  # the newest of each comes last
    shown = [(version, STATES[complete.get(version.pk)]) for version in page]
    return render(request, "governance/datasets.html", {"page": page, "versions": shown})
