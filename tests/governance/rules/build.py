"""Small policies, reports, waivers and approvals for the tests of the rules."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from governance.rules.approvals import Approval, People
from governance.rules.authorise import Decision, authorise
from governance.rules.evaluate import Evaluation, evaluate
from governance.rules.evidence import ReportEvidence, seed_of
from registry.canonical import digest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MANIFEST: dict[str, Any] = {
    "model": "model-1",
    "members": [{"version": "a" * 64, "role": "champion", "share": "1"}],
    "serving": {"backend": "local"},
}
MANIFEST_DIGEST = digest(MANIFEST)

POLICY: dict[str, Any] = {
    "name": "small",
    "version": "1",
    "tier": "high",
    "requires": {"sandbox": False},
    "checks": [
        {
            "check": "performance",
            "max_age_days": 30,
            "limits": [{"metric": "performance.auc", "bound": "lower", "min": "0.6", "n_at_least": 100}],
        },
        {
            "check": "fairness",
            "parameters": {"replicates": 500},
            "max_age_days": 30,
            "limits": [
                {
                    "metric": "fairness.selection_rate_ratio",
                    "group": "*attributes",
                    "bound": "interval",
                    "min": "0.8",
                    "n_at_least": 20,
                }
            ],
        },
    ],
    "approval": {
        "stages": [
            {"name": "validation", "role": "validator", "quorum": 1},
            {"name": "compliance", "role": "compliance_officer", "quorum": 1},
        ],
        "valid_days": 14,
    },
    "waivers": {"allowed": ["fairness.selection_rate_ratio"], "max_days": 30, "role": "risk_officer"},
}


def policy(**changes: Any) -> dict[str, Any]:
    return deepcopy(POLICY) | changes


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return a copy with one place set ("checks.0.limits.0.min"); ``...`` takes the key out."""
    copy = deepcopy(document)
    *parents, last = place.split(".")
    found: Any = copy
    for part in parents:
        found = found[int(part)] if isinstance(found, list) else found.setdefault(part, {})
    key: Any = int(last) if isinstance(found, list) else last
    if value is ...:
        del found[key]
    else:
        found[key] = value
    return copy


def measurement(metric: str, value: str | None, **more: Any) -> dict[str, Any]:
    body = {"metric": metric, "value": value, "lower": None, "upper": None, "n": None, "group": "", "unit": ""}
    return body | {"status": "MEASURED", "reason": ""} | more


AUC = measurement("performance.auc", "0.74", lower="0.68", upper="0.8", n=177)
RATIO = measurement("fairness.selection_rate_ratio", "0.95", lower="0.85", upper="0.99", n=88, group="sex")


def report(check: str, *measurements: dict[str, Any], manifest: str = MANIFEST_DIGEST, **more: Any) -> dict[str, Any]:
    inputs = more.pop("inputs", {"predictions": "b" * 64})
    body = {
        "check": check,
        "version": "1",
        "inputs": inputs,
        "parameters": {"replicates": 500} if check == "fairness" else {},
        "seed": seed_of(manifest, check, inputs if isinstance(inputs, dict) else {}),
        "status": "MEASURED",
        "reason": "",
        "measurements": list(measurements),
        "findings": [],
        "evidence": {},
    }
    return body | more


def evidence(document: dict[str, Any], *, age: timedelta = timedelta(days=1), isolation: str = "") -> ReportEvidence:
    return ReportEvidence(document, NOW - age, isolation)


def good_reports() -> list[ReportEvidence]:
    return [evidence(report("performance", AUC)), evidence(report("fairness", RATIO))]


def judged(**changes: Any) -> Evaluation:
    given: dict[str, Any] = {"policy": POLICY, "manifest": MANIFEST, "reports": good_reports(), "now": NOW}
    return evaluate(**given | changes)


def only_fairness(*measurements: dict[str, Any], **more: Any) -> Evaluation:
    """Evaluate with a good performance and the given fairness."""
    return judged(reports=[evidence(report("performance", AUC)), evidence(report("fairness", *measurements))], **more)


KEY = "fairness/fairness.selection_rate_ratio/sex"


def waiver(**changes: Any) -> dict[str, Any]:
    return {
        "id": "w1",
        "manifest": MANIFEST_DIGEST,
        "key": KEY,
        "requested_by": "ann",
        "granted_by": "bob",
        "granted_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=10),
        "roles_held": ["risk_officer"],
    } | changes


ROLES = {"validation": "validator", "compliance": "compliance_officer"}


def approval(evaluation: dict[str, Any], principal: str, stage: str, /, **changes: Any) -> Approval:
    given: dict[str, Any] = {
        "id": f"{principal}-{stage}",
        "principal": principal,
        "roles_held": frozenset({ROLES.get(stage, "auditor")}),
        "stage": stage,
        "manifest": evaluation["manifest"],
        "policy": evaluation["policy"],
        "evaluation": digest(evaluation),
        "action": "approve",
        "acknowledged": frozenset(evaluation["acknowledge"]),
        "at": NOW - timedelta(hours=1),
    }
    return Approval(**given | changes)


def decided(evaluation: dict[str, Any], approvals: list[Approval], **changes: Any) -> Decision:
    given: dict[str, Any] = {
        "policy": POLICY,
        "evaluation": evaluation,
        "approvals": approvals,
        "people": People(),
        "now": NOW,
    }
    return authorise(**given | changes)
