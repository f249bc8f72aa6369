"""The pages of a batch: what was judged of it, how far each feature has moved, and the two distributions of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from governance.rules.reading import is_decimal_text
from governance.web.actors import Member, members_only
from governance.web.deployments import find
from governance.web.numbers import reworded, shown
from governance.web.plots import plots_of
from governance.web.refusals import sentence_of
from governance.web.wording import badge
from monitoring.models import Batch
from monitoring.statistics.drift_pictures import categories_picture, shape_picture
from registry.artifacts import read_document
from registry.blobs import BlobError
from registry.canonical import CanonicalError, parse

CHECK = "drift"
FEATURE = "feature="
A_PAGE = 50
UNREADABLE = (BlobError, CanonicalError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: its place among all, its numbers by metric as text, and whether the check found that it drifted."""

    place: int
    name: str
    numbers: Mapping[str, str]
    drifted: bool
    refused: str

    @property
    def psi(self) -> str:
        """The population stability index with its interval."""
        return self.numbers.get("drift.psi", "")

    @property
    def effect(self) -> str:
        """The Kolmogorov-Smirnov distance, or the total variation of categories."""
        return self.numbers.get("drift.ks") or self.numbers.get("drift.total_variation", "")

    @property
    def missing(self) -> str:
        """The change of the share of rows without a value."""
        return self.numbers.get("drift.missing_change", "")

    @property
    def p_value(self) -> str:
        """The corrected p-value."""
        return self.numbers.get("drift.p_value", "")


def _spoken(measurement: Mapping[str, Any]) -> str:
    parts = [str(measurement.get(part)) for part in ("value", "lower", "upper")]
    value, lower, upper = (shown(part) if is_decimal_text(part) else "" for part in parts)
    if not value:
        return f"none: {measurement.get('reason') or 'no reason is given'}"
    return f"{value} ({lower} to {upper})" if lower and upper else value


def features_of(report: Mapping[str, Any]) -> list[Feature]:
    """Return the features of a report of drift, in its order."""
    numbers: dict[str, dict[str, str]] = {}
    for one in report["measurements"]:
        if one["group"].startswith(FEATURE):
            numbers.setdefault(one["group"].removeprefix(FEATURE), {})[one["metric"]] = _spoken(one)
    findings = [(one["code"], str(one["place"]).removeprefix(FEATURE), one["message"]) for one in report["findings"]]
    drifted = {name for code, name, _ in findings if code == "feature_drifted"}
    refused = {name: reworded(message) for code, name, message in findings if code == "not_comparable"}
    return [
        Feature(place, name, held, name in drifted or name in refused, refused.get(name, ""))
        for place, (name, held) in enumerate(numbers.items())
    ]


def _report(batch: Batch) -> Mapping[str, Any] | None:
    """Return the report of drift that the batch was judged by; None where there is none."""
    items = parse(batch.evaluation_text)["items"] if batch.evaluation_text else []
    digests = [one["report"] for one in items if one["check"] == CHECK and one["report"]]
    return read_document(digests[0]) if digests else None


def _read(batch: Batch) -> tuple[Mapping[str, Any] | None, list[Feature], str]:
    """Return the report, its features, and why there are none."""
    try:
        report = _report(batch)
        features = features_of(report) if report else []
    except UNREADABLE as error:
        return None, [], f"The report cannot be read. {sentence_of(str(error))}"
    if report is None:
        return None, [], "Drift was not measured on this batch."
    return report, features, "" if features else str(report["reason"])


def _batch(member: Member, pk: UUID, batch: UUID) -> Batch:
    return get_object_or_404(Batch.objects.select_related("monitor"), pk=batch, monitor__deployment=find(member, pk))


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID, batch: UUID) -> HttpResponse:
    """Show what was judged of a batch, and every feature: what drifted first."""
    deployment, found = find(member, pk), _batch(member, pk, batch)
    report, features, problem = _read(found)
    features.sort(key=lambda one: (not one.drifted, one.place))
    pages = Paginator(features, A_PAGE)
    context = {
        "deployment": deployment,
        "batch": found,
        "verdict": badge(found.verdict or "PENDING"),
        "items": [(one, badge(one["outcome"]), reworded(one["reason"])) for one in _items(found)],
        "page": pages.get_page(request.GET.get("page")),
        "drifted": sum(one.drifted for one in features),
        "findings": [reworded(one["message"]) for one in (report["findings"] if report else ()) if not one["place"]],
        "plots": plots_of(report["evidence"]) if report else (),
        "problem": problem,
    }
    return render(request, "governance/batch.html", context)


def _items(batch: Batch) -> list[Mapping[str, Any]]:
    return list(parse(batch.evaluation_text)["items"]) if batch.evaluation_text else []


@require_safe
@members_only
def feature(request: HttpRequest, member: Member, pk: UUID, batch: UUID, place: int) -> HttpResponse:
    """Show one feature: both distributions over each other, and every number of it."""
    deployment, found = find(member, pk), _batch(member, pk, batch)
    report, features, _ = _read(found)
    if report is None or place >= len(features):
        raise Http404
    one = features[place]
    metrics = [(name.removeprefix("drift.").replace("_", " "), text) for name, text in one.numbers.items()]
    context = {
        "deployment": deployment,
        "batch": found,
        "feature": one,
        "metrics": metrics,
        "plots": plots_of({"plots": _pictures(report, one.name)}),
        "findings": [reworded(each["message"]) for each in report["findings"] if each["place"] == FEATURE + one.name],
    }
    return render(request, "governance/feature.html", context)


def _pictures(report: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Draw a feature from the counts in the report; names of categories are taken from the baseline's sketch."""
    cells = next((one for one in report["evidence"]["cells"] if one["feature"] == name), None)
    if cells is None:
        return []
    if cells["shape"]:
        return [shape_picture(name, cells["shape"])]
    try:
        baseline = read_document(report["inputs"]["baseline"])
        column = next(one for one in baseline["columns"] if one["name"] == name)
        names = [str(column["categories"][each]["value"]) for each in cells["categories"]]
    except (*UNREADABLE, IndexError, StopIteration):
        names = []
    return [categories_picture(name, names, cells["baseline"], cells["current"], lumped=cells["lumped"])]
