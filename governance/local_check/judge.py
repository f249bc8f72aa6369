"""Judge local reports by a policy with the gate's own rules, and say in one document what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from governance.local_check.subject import Subject
from governance.management.trial.numbers import numbers
from governance.rules.evaluate import evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.items import REQUIREMENTS
from governance.rules.policy import read_policy
from monitoring.statistics.columns import ColumnError
from registry.canonical import digest
from registry.checks import Report

OF_THE_SERVICE = "What the policy requires of the release itself (requires.*) is judged by the service."


def judged(
    subject: Subject, policy: Mapping[str, Any], reports: Sequence[Report], predictions: Any, left_out: Sequence[str]
) -> dict[str, Any]:
    """Return the answer: verdict, items, groups, reports; with checks ``left_out`` the verdict is PARTIAL at best."""
    now = datetime.now(UTC)
    evidence = [ReportEvidence(document=report.document(), measured_at=now) for report in reports]
    evaluation = evaluate(policy=policy, manifest=subject.manifest, reports=evidence, now=now)
    kept = [item for item in evaluation.items if item.check != REQUIREMENTS and item.check not in left_out]
    evaluation = replace(evaluation, items=tuple(kept))
    rules, prepared = read_policy(policy), subject.prepared
    return {
        "file": prepared.question.file.name,
        "rows": prepared.table.num_rows,
        "rows_skipped": prepared.skipped,
        "policy": {"name": rules.name, "version": rules.version, "digest": digest(policy)},
        "version": subject.version,
        "evaluation_set": subject.evaluation.digest,
        "verdict": evaluation.verdict if not left_out or evaluation.verdict == "BLOCKED" else "PARTIAL",
        "left_out": list(left_out),
        "items": [item.document() for item in evaluation.items],
        **_numbers(predictions, subject),
        "reports": [report.document() for report in reports],
        "caveats": [OF_THE_SERVICE, "Nothing is recorded, and nothing is approved: a verdict is not a decision."],
    }


def _numbers(predictions: Any, subject: Subject) -> dict[str, Any]:
    try:
        found = numbers(predictions, subject.prepared.question) if predictions is not None else {}
    except ColumnError:  # the checks have said what is wrong with them
        found = {}
    return {"whole": None, "groups": [], "conditional": []} | found
