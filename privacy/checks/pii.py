"""Personal data in the datasets of a model version.

Asks how many columns of the declared datasets are, or contain, personal data. It reads the scans of the datasets
(one document per role, made by the scanner over every distinct value of every column) and reports:

| metric | what it counts | groups |
|---|---|---|
| `pii.direct_columns` | columns that are or contain a direct identifier (name, e-mail, phone, card, IBAN, ...) | role |
| `pii.personal_columns` | columns with any personal data, indirect ones (address, birth date, IP) too | role |
| `pii.quasi_columns` | columns with indirect identifiers only, or declared as quasi-identifiers | role |
| `pii.special_columns` | columns with a special category (GDPR Art. 9), by finding or by the name | role |
| `pii.unnamed_text_columns` | free-text columns that were scanned without a name model | role |
| `pii.columns` | columns by verdict | `verdict=IS`, `verdict=CONTAINS`, `verdict=CLEAN` |
| `pii.entities` | cells in which an entity was found | `entity=EMAIL_ADDRESS` |
| `pii.cells_share` | the largest share of a column's cells that one entity was found in | `column=email` |
| `pii.k_anonymity` | rows in the smallest class that agrees in all quasi-identifiers | role |
| `pii.unique_rows` | the share of rows that agree with no other row | role |
| `pii.l_diversity` | the least number of values that the column takes within a class | `column=diagnosis` |

Where the group is a role, the number is given for all roles together and for each of them (`role=train`), so that a
policy can limit what is trained on otherwise than what is evaluated on:

    - {metric: pii.direct_columns, group: role=train, max: 0}
    - {metric: pii.direct_columns, group: role=evaluate, max: 2}

The last three are measured where a dataset's schema declares `quasi_identifiers` (age, sex and postal code, say, by
which together somebody may be found again); a policy that limits them refuses a dataset that declares none.
Confidential are the target and the sensitive attributes that are not quasi-identifiers themselves. Several roles give
the worst of their numbers.

Parameter `roles`: the dataset roles to look at, by default `["train"]`. A scan that is missing, empty or not complete
is NOT_COMPUTABLE, whatever it found so far. A count over several roles counts a column once.

A verdict that a reviewer confirmed or raised counts as they said; one that was lowered with a second person's consent
counts as lowered until the end of that waiver, at which the measurement is too old (`valid_until` in its evidence).

What it cannot see: names and places are found by lists and cues unless a name model is installed, which
`pii.unnamed_text_columns` counts; the scan speaks of the declared data, and that the model saw no other is a matter of
provenance. The findings show masked values only.
"""

from collections.abc import Mapping
from typing import Any

from privacy import pii_counts, risk_report
from privacy.scan.columns import CLEAN
from registry.checks import Check, Context, Finding, Inputs, Need, Outcome, ParameterError, Status

ROLES = ("train", "evaluate", "reference", "calibrate")
_HOW = {"IS": "is personal data", "CONTAINS": "contains personal data", "CLEAN": "counts as clean"}


class PiiCheck:
    """Counts the columns of the datasets that hold personal data."""

    name = "pii"
    version = "2"
    metrics: Mapping[str, str] = {**pii_counts.METRICS, **risk_report.METRICS}

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """Ask for the scan of each role, and for the risk where quasi-identifiers are declared."""
        roles = _roles(parameters)
        scans = tuple(Need(name=_need(role), kind="pii", role=role) for role in roles)
        return (*scans, *(Need(name=f"risk_{role}", kind="risk", role=role, optional=True) for role in roles))

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Count; a scan that does not speak of every cell is not computable."""
        roles = _roles(context.parameters)
        scans = {role: inputs.document(_need(role)) for role in roles if inputs.has(_need(role))}
        columns = [(role, one) for role, scan in scans.items() for one in scan.get("columns", ())]
        findings = tuple(_finding(role, one) for role, one in columns if one["verdict"] != CLEAN or "words" in one)
        evidence: dict[str, Any] = {"scans": {role: _evidence(scan) for role, scan in scans.items()}}
        if ends := [scan["valid_until"] for scan in scans.values() if "valid_until" in scan]:
            evidence["valid_until"] = min(ends)
        gaps = [finding for role in roles for finding in _gaps(role, scans.get(role))]
        if gaps:
            reason = " ".join(gap.message for gap in gaps)
            return Outcome(
                measurements=pii_counts.not_computable(roles, reason),
                findings=(*gaps, *findings),
                status=Status.NOT_COMPUTABLE,
                reason=reason,
                evidence=evidence,
            )
        risks = {role: inputs.document(f"risk_{role}") for role in roles if inputs.has(f"risk_{role}")}
        texts = set[str]().union(*map(pii_counts.texts_without_model, scans.values()))
        notes = tuple(_unnamed(name) for name in sorted(texts))
        special = tuple(_special(role, one) for role, one in columns if pii_counts.special(one))
        return Outcome(
            measurements=(*pii_counts.measurements(scans, risks), *risk_report.measurements(risks)),
            findings=(*findings, *special, *notes, *risk_report.findings(risks)),
            evidence={**evidence, "risks": risks} if risks else evidence,
        )


def _need(role: str) -> str:
    return f"pii_{role}"


def _roles(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    unknown = sorted(set(parameters) - {"roles"})
    if unknown:
        raise ParameterError(f"The check pii knows no parameter {unknown[0]!r}; it knows 'roles'.")
    roles = parameters.get("roles", ["train"])
    if not isinstance(roles, list | tuple) or not roles or len(set(map(str, roles))) != len(roles):
        raise ParameterError(f"The parameter roles of the check pii is a list of different roles, not {roles!r}.")
    for role in roles:
        if role not in ROLES:
            raise ParameterError(f"The check pii knows no dataset role {role!r}; it knows {', '.join(ROLES)}.")
    return tuple(roles)


def _gaps(role: str, scan: Mapping[str, Any] | None) -> list[Finding]:
    """Return why a scan does not speak of every cell, or nothing."""
    if scan is None:
        return [Finding("scan_missing", f"The {role} dataset was not scanned.", role)]
    found = [
        Finding("scan_incomplete", f"The {role} dataset: {one['message']}", f"{role}.{one['column']}")
        for one in scan.get("problems", ())
    ]
    if not scan.get("columns") or not scan.get("rows"):
        found.append(Finding("scan_empty", f"The scan of the {role} dataset covers no columns or no rows.", role))
    if scan.get("complete") is not True and not found:
        found.append(Finding("scan_incomplete", f"The scan of the {role} dataset is not complete.", role))
    return found


def _finding(role: str, column: Mapping[str, Any]) -> Finding:
    """Describe one column: what was found, how often, as masked values."""
    parts = [f"{label} in {tally['cells']} of {column['cells']} cells" for label, tally in _sorted(column)]
    previews = f" (such as {', '.join(column['previews'])})" if column["previews"] else ""
    said = f", by the word of a person (the scan says {column['found']['verdict']})" if "words" in column else ""
    kind = "clean" if column["verdict"] == CLEAN else "direct" if pii_counts.holds_direct(column) else "indirect"
    return Finding(
        code="column_said_clean" if kind == "clean" else f"column_{column['verdict'].lower()}_{kind}",
        message=f"Column {column['name']!r} of the {role} dataset {_HOW[column['verdict']]}{said}: "
        f"{'; '.join(parts) or 'nothing was found'}{previews}.",
        place=f"{role}.{column['name']}",
        data={
            "column": column["name"],
            "role": role,
            "verdict": column["verdict"],
            "label": column["label"],
            "declared": column["declared"],
            "entities": {label: tally["cells"] for label, tally in _sorted(column)},
            "previews": list(column["previews"]),
        },
    )


def _sorted(column: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(column["entities"].items(), key=lambda item: (-item[1]["cells"], item[0]))


def _special(role: str, column: Mapping[str, Any]) -> Finding:
    return Finding(
        "column_is_special",
        f"Column {column['name']!r} of the {role} dataset holds a special category of personal data "
        f"({pii_counts.special(column)}), by its name or by what was found in it.",
        f"{role}.{column['name']}",
        {"column": column["name"], "role": role, "category": pii_counts.special(column)},
    )


def _unnamed(name: str) -> Finding:
    return Finding(
        "text_without_name_model",
        f"Column {name!r} is free text that was scanned without a name model: names outside the lists may remain.",
        name,
    )


def _evidence(scan: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the counts from which the numbers follow."""
    kept = ("name", "declared", "verdict", "label", "cells", "entities", "rule", "found", "words")
    return {
        "engine": dict(scan.get("engine", {})),
        "dataset": scan.get("dataset", ""),
        "rows": scan.get("rows"),
        "columns": [{key: one[key] for key in kept if key in one} for one in scan.get("columns", ())],
    }


check: Check = PiiCheck()
