"""Reports as evidence: which of them speak for a check of a policy about this manifest, and the newest of those."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.rules.moments import MomentError, days_after, in_future, read_moment
from governance.rules.policy import CheckRule, WatchRule
from registry.canonical import digest


@dataclass(frozen=True, slots=True)
class ReportEvidence:
    """A report's deterministic document, with when it was measured and how the model was isolated meanwhile."""

    document: Mapping[str, Any]
    measured_at: datetime
    isolation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The report that counts for a check, or why none does. ``ages_at`` is when it will be too old."""

    report: ReportEvidence | None
    digest: str | None
    problem: str = ""
    aged: bool = False
    ages_at: datetime | None = None


def seed_of(manifest: str, check: str, inputs: Mapping[str, str]) -> int:
    """Return the seed of a measurement, H(manifest, check, inputs) in 32 bits: it ties a report to a manifest."""
    return int(digest({"manifest": manifest, "check": check, "inputs": dict(inputs)})[:8], 16)


def _mismatch(rule: CheckRule | WatchRule, document: Mapping[str, Any], manifest: str) -> str:
    """Say why a report of the check does not speak for the rule, or nothing."""
    if document.get("parameters") != dict(rule.parameters):
        return "it was measured with other parameters than the policy sets"
    inputs = document.get("inputs")
    if not isinstance(inputs, Mapping) or document.get("seed") != seed_of(manifest, rule.check, inputs):
        return "its seed does not follow from this manifest and its inputs"
    return ""


def newest_report(
    rule: CheckRule | WatchRule,
    reports: Sequence[ReportEvidence],
    *,
    manifest: str,
    now: datetime,
    present: datetime | None = None,
) -> Found:
    """Return the newest report that speaks for the rule; where that is too old, or there is none, why.

    ``present`` is when what a report rests on must not have ended (now, where it is not given).
    """
    of_check = [report for report in reports if report.document.get("check") == rule.check]
    if not of_check:
        return Found(None, None, f"there is no report of the check {rule.check}")
    fitting = [report for report in of_check if not _mismatch(rule, report.document, manifest)]
    if not fitting:
        last = max(of_check, key=_recency)
        return Found(
            None, None, f"no report of the check {rule.check} counts: {_mismatch(rule, last.document, manifest)}"
        )
    report = max(fitting, key=_recency)
    identity, measured_at = digest(report.document), _measured_at(report)
    if in_future(measured_at, now):
        return Found(report, identity, f"the report says it was measured at {measured_at.isoformat()}, in the future")
    if isinstance(rule, WatchRule):
        return Found(report, identity)
    ages_at, why = days_after(measured_at, rule.max_age_days), ""
    if now > ages_at:
        why = f"the report is of {measured_at.isoformat()}; the policy allows {rule.max_age_days} days"
    try:
        valid_until = _valid_until(report)
    except MomentError as error:
        return Found(report, identity, str(error))
    if not why and valid_until and (present or now) >= valid_until:
        why = f"the report rests on what ended at {valid_until.isoformat()}; measure again"
    return Found(report, identity, why, aged=bool(why), ages_at=None if why else min(ages_at, valid_until or ages_at))


def _measured_at(report: ReportEvidence) -> datetime:
    return read_moment(report.measured_at, f"measured_at of the report of {report.document.get('check')}")


def _valid_until(report: ReportEvidence) -> datetime | None:
    """Return when something ends that the measurement rests on, such as a verdict lowered for a time."""
    evidence = report.document.get("evidence")
    until = evidence.get("valid_until") if isinstance(evidence, Mapping) else None
    name = f"valid_until of the report of {report.document.get('check')}"
    return None if until is None else read_moment(until, name)


def ends_of(reports: Iterable[ReportEvidence]) -> Iterator[datetime]:
    """Yield when that ends which reports rest on; what is no moment is an error wherever the report is judged."""
    for report in reports:
        with suppress(MomentError):
            if until := _valid_until(report):
                yield until


def _recency(report: ReportEvidence) -> tuple[datetime, str]:
    return _measured_at(report), digest(report.document)
