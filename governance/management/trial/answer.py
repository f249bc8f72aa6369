"""The answer to a trial as one JSON document: verdict with every number, groups, columns, scan, what was not seen."""

from typing import Any

from governance.exports.verify import verify
from governance.management.trial.numbers import numbers
from governance.management.trial.walk import CLEAN, Walked
from registry.artifacts import read_table

CAVEATS = {
    True: (
        "Only predictions were handed in: what needs a model or its training rows could not be measured, and says so.",
        "Nothing was approved: a verdict is not a decision.",
    ),
    False: (
        "The model is a baseline that was trained here on 60 % of the rows; it is not yours.",
        "Nothing was approved: a verdict is not a decision.",
    ),
}


def answer(walked: Walked) -> dict[str, Any]:
    """Return the document; raises ReferenceGroupError when a named reference group does not exist."""
    prepared, policy, document = walked.prepared, walked.stage.policy, walked.evaluation.document
    question = prepared.question
    found = verify()
    return {
        "file": question.file.name,
        "rows": prepared.table.num_rows,
        "rows_skipped": prepared.skipped,
        "target": question.target,
        "positive": question.positive,
        "positive_rows": prepared.labels.count(str(question.positive)),
        "labels": len(set(prepared.labels)),
        "seed": question.seed,
        "columns": _columns(walked),
        "scan": _scan(walked.scan),
        "version": {
            "kind": walked.version.kind,
            "digest": walked.version.digest,
            "features": list(walked.features),
            "evaluated_on_rows": walked.evaluation_rows,
        },
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "state": walked.promotion.state,
        "verdict": document["verdict"],
        "evaluation": walked.evaluation.digest,
        "items": document["items"],
        "checks": {
            name: {"status": report["status"], "reason": report["reason"], "findings": report["findings"]}
            for name, report in walked.reports.items()
        },
        "measurements": [
            {"check": name, **one} for name, report in walked.reports.items() for one in report["measurements"]
        ],
        **numbers_of(walked),
        "ledger": {"entries": found.entries, "valid": not found.faults},
        "caveats": list(CAVEATS[question.handed_in]),
    }


def numbers_of(walked: Walked) -> dict[str, Any]:
    """Return the numbers of all rows, of the groups and of these within the controls, by the judged predictions."""
    judged = [
        report["inputs"]["predictions"] for report in walked.reports.values() if "predictions" in report["inputs"]
    ]
    if not judged:
        return {"whole": None, "groups": [], "conditional": []}
    return numbers(read_table(judged[0]), walked.prepared.question)


def _columns(walked: Walked) -> dict[str, Any]:
    columns = walked.prepared.columns
    why = dict(columns.why)
    if not walked.prepared.question.handed_in:
        candidates = {name for name, _ in columns.features} - set(walked.features)
        why |= dict.fromkeys(sorted(candidates), "personal data was found in it")
    return {"features": list(walked.features), "not_features": why}


def _scan(document: dict[str, Any]) -> dict[str, Any]:
    personal = [
        {"column": one["name"], "verdict": one["verdict"], "label": one["label"], "why": one["rule"]}
        for one in document["columns"]
        if one["verdict"] != CLEAN
    ]
    return {"complete": document["complete"], "columns": len(document["columns"]), "personal": personal}
