"""Personal data in the datasets of a model version.

Asks how many columns of the declared datasets are, or contain, personal data. It reads the scans of the datasets
(one document per role, made by the scanner over every distinct value of every column) and reports:

| metric | what it counts | group |
|---|---|---|
| `pii.direct_columns` | columns that are or contain a direct identifier (name, e-mail, phone, SSN, card, IBAN, ...) | |
| `pii.personal_columns` | columns with any personal data, indirect ones (address, birth date, IP address) included | |
| `pii.entities` | cells in which an entity was found | `entity=EMAIL_ADDRESS` |
| `pii.cells_share` | the largest share of a column's cells that one entity was found in | `column=email` |
| `pii.unnamed_text_columns` | free-text columns that were scanned without a name model | |
| `pii.k_anonymity` | rows in the smallest class that agrees in all quasi-identifiers | |
| `pii.unique_rows` | the share of rows that agree with no other row | |
| `pii.l_diversity` | the least number of values that the column takes within a class | `column=diagnosis` |

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

from collections.abc import Mapping, Sequence
from typing import Any

from privacy import risk_report
from privacy.scan.columns import CLEAN
from privacy.scan.entities import is_direct
from registry.checks import (
    Check,
    Context,
    Finding,
    Inputs,
    Measurement,
    Need,
    Outcome,
    ParameterError,
    Status,
    measured,
)

ROLES = ("train", "evaluate", "reference", "calibrate")
_WITHOUT_MODEL = "none"
_HOW = {"IS": "is personal data", "CONTAINS": "contains personal data", "CLEAN": "counts as clean"}
_WHOLE_METRICS = ("pii.direct_columns", "pii.personal_columns", "pii.unnamed_text_columns")


class PiiCheck:
    """Counts the columns of the datasets that hold personal data."""

    name = "pii"
    version = "1"
    metrics: Mapping[str, str] = {
        "pii.direct_columns": "Columns that are or contain a direct identifier of a person.",
        "pii.personal_columns": "Columns that are or contain personal data, direct or indirect.",
        "pii.entities": "Cells in which an entity was found, by entity.",
        "pii.cells_share": "Largest share of a column's cells in which one entity was found, by column.",
        "pii.unnamed_text_columns": "Free-text columns that were scanned without a name model.",
        **risk_report.METRICS,
    }

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
                measurements=tuple(
                    Measurement(metric, status=Status.NOT_COMPUTABLE, reason=reason) for metric in _WHOLE_METRICS
                ),
                findings=(*gaps, *findings),
                status=Status.NOT_COMPUTABLE,
                reason=reason,
                evidence=evidence,
            )
        texts = [
            one["name"] for role, one in columns if scans[role]["engine"]["ner"] == _WITHOUT_MODEL and _is_text(one)
        ]
        risks = {role: inputs.document(f"risk_{role}") for role in roles if inputs.has(f"risk_{role}")}
        counts = (*_counts([one for _role, one in columns], texts), *_entities(columns), *_shares(columns))
        notes = tuple(_unnamed(name) for name in sorted(set(texts)))
        return Outcome(
            measurements=(*counts, *risk_report.measurements(risks)),
            findings=(*findings, *notes, *risk_report.findings(risks)),
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
    kind = "clean" if column["verdict"] == CLEAN else "direct" if _direct(column) else "indirect"
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


def _direct(column: Mapping[str, Any]) -> bool:
    return any(is_direct(label) for label in (*column["entities"], *filter(None, [column["label"]])))


def _is_text(column: Mapping[str, Any]) -> bool:
    return bool(column["declared"] == "text" or column["verdict"] == "CONTAINS")


def _unnamed(name: str) -> Finding:
    return Finding(
        "text_without_name_model",
        f"Column {name!r} is free text that was scanned without a name model: names outside the lists may remain.",
        name,
    )


def _counts(columns: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> tuple[Measurement, ...]:
    names = {one["name"] for one in columns}
    personal = {one["name"] for one in columns if one["verdict"] != CLEAN}
    direct = {one["name"] for one in columns if one["verdict"] != CLEAN and _direct(one)}
    counts = (len(direct), len(personal), len(set(texts)))
    return tuple(
        measured(metric, count, n=len(names), unit="columns")
        for metric, count in zip(_WHOLE_METRICS, counts, strict=True)
    )


def _entities(columns: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Measurement]:
    found: dict[str, list[int]] = {}
    for _role, one in columns:
        for label, tally in one["entities"].items():
            total = found.setdefault(label, [0, 0])
            total[0] += tally["cells"]
            total[1] += one["cells"]
    return [
        measured("pii.entities", cells, n=of, group=f"entity={label}", unit="cells")
        for label, (cells, of) in sorted(found.items())
    ]


def _shares(columns: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Measurement]:
    """Return one share per column: over several roles, the largest."""
    shares: dict[str, tuple[float, int]] = {}
    for _role, one in columns:
        most = max((tally["cells"] for tally in one["entities"].values()), default=0)
        share = (most / one["cells"] if one["cells"] else 0.0, one["cells"])
        shares[one["name"]] = max(share, shares.get(one["name"], share))
    return [
        measured("pii.cells_share", share, n=cells, group=f"column={name}")
        for name, (share, cells) in sorted(shares.items())
    ]


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
