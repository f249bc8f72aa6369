"""What the reports of a promotion say besides numbers: findings to read, problems, and how often this was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.models import CheckRun, PromotionRequest
from governance.promotion.judge import newest_evidence
from governance.web.numbers import reworded
from governance.web.plots import Plot, plots_of
from governance.web.refusals import sentence_of
from governance.web.wording import Badge, badge, title_of
from registry.artifacts import read_document
from registry.blobs import BlobError
from registry.canonical import CanonicalError

LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class FindingText:
    """One finding: where, what, and its small facts. Values in it were masked by the check that found them."""

    place: str
    message: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """One report: how its check ended, when, how isolated, and its findings."""

    check: str
    title: str
    version: str
    status: Badge
    reason: str
    findings: tuple[FindingText, ...]
    plots: tuple[Plot, ...]
    measured_at: datetime
    isolation: str
    attempt: int
    digest: str


def _detail(value: Any) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ", ".join(str(one) for one in value)
    return ""


def _finding(found: Mapping[str, Any]) -> FindingText:
    named = ((str(name).replace("_", " "), _detail(value)) for name, value in (found.get("data") or {}).items())
    details = tuple((name, text[:LONGEST_DETAIL]) for name, text in named if text)
    return FindingText(str(found.get("place", "")), reworded(str(found.get("message", ""))), details)


def summary_of(made: CheckRun) -> ReportSummary:
    """Return the summary of a report; one that cannot be read says so and has no findings."""
    try:
        document = read_document(made.report_digest)
        status, reason = badge(document["status"]), str(document["reason"])
        findings = tuple(_finding(one) for one in document["findings"])
        plots = plots_of(document["evidence"])
    except (BlobError, CanonicalError, KeyError, TypeError) as error:
        status, findings, plots = badge("UNREADABLE"), (), ()
        reason = f"The report cannot be read. {sentence_of(str(error))}"
    return ReportSummary(
        check=made.check_name,
        title=title_of(made.check_name),
        version=made.check_version,
        status=status,
        reason=reason,
        findings=findings,
        plots=plots,
        measured_at=made.measured_at,
        isolation=made.isolation,
        attempt=made.attempt,
        digest=made.report_digest,
    )


def reports_of(promotion: PromotionRequest) -> tuple[ReportSummary, ...]:
    """Return the newest report of each check, by name."""
    newest = newest_evidence(promotion)
    return tuple(summary_of(newest[name].check_run) for name in sorted(newest))


def attempt_of(promotion: PromotionRequest) -> int:
    """Return which number this has among the requests of its model on the same evaluation rows; 1 is the first."""
    rows = promotion.manifest.document["evaluation_set"]
    return PromotionRequest.objects.filter(
        model=promotion.model,
        manifest__document_text__contains=f'"evaluation_set":"{rows}"',
        created_at__lte=promotion.created_at,
    ).count()
