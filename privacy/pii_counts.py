"""What scans of datasets say in numbers: columns by what they hold, cells by entity; in all, and for each role."""

from collections.abc import Mapping, Sequence
from typing import Any

from privacy.scan.columns import CLEAN
from privacy.scan.entities import is_direct
from privacy.special_categories import category_of
from registry.checks import Measurement, Status, measured

COLUMNS: Mapping[str, str] = {
    "pii.direct_columns": "Columns that are or contain a direct identifier of a person.",
    "pii.personal_columns": "Columns that are or contain personal data, direct or indirect.",
    "pii.quasi_columns": "Columns that hold indirect identifiers only, or are declared as quasi-identifiers.",
    "pii.special_columns": "Columns with a special category of personal data (GDPR Art. 9), by finding or name.",
    "pii.unnamed_text_columns": "Free-text columns that were scanned without a name model.",
}
METRICS: Mapping[str, str] = {
    **COLUMNS,
    "pii.columns": "Columns by verdict: IS personal data, CONTAINS some, or CLEAN.",
    "pii.entities": "Cells in which an entity was found, by entity.",
    "pii.cells_share": "Largest share of a column's cells in which one entity was found, by column.",
}
VERDICTS = ("IS", "CONTAINS", CLEAN)
_WITHOUT_MODEL = "none"
Scans = Mapping[str, Mapping[str, Any]]


def measurements(scans: Scans, risks: Scans) -> tuple[Measurement, ...]:
    """Return the numbers of complete scans by role; ``risks`` names the quasi-identifiers that a role declares."""
    counts = _columns(scans, risks, "")
    for role in scans:
        own = {role: risks[role]} if role in risks else {}
        counts += _columns({role: scans[role]}, own, f"role={role}")
    columns = [one for scan in scans.values() for one in scan["columns"]]
    return (*counts, *_verdicts(columns), *_entities(columns), *_shares(columns))


def not_computable(roles: Sequence[str], reason: str) -> tuple[Measurement, ...]:
    """Return the counts of columns, in all and for each role, as what could not be computed."""
    return tuple(
        Measurement(metric, status=Status.NOT_COMPUTABLE, reason=reason, group=group)
        for group in ("", *(f"role={role}" for role in roles))
        for metric in COLUMNS
    )


def is_personal(column: Mapping[str, Any]) -> bool:
    """Say whether a column of a scan holds personal data."""
    return bool(column["verdict"] != CLEAN)


def holds_direct(column: Mapping[str, Any]) -> bool:
    """Say whether what was found in a column, or what a person says it is, names a person."""
    return any(is_direct(label) for label in (*column["entities"], *filter(None, [column["label"]])))


def texts_without_model(scan: Mapping[str, Any]) -> set[str]:
    """Return the columns of free text that were scanned without a name model."""
    if scan["engine"]["ner"] != _WITHOUT_MODEL:
        return set()
    return {one["name"] for one in scan["columns"] if one["declared"] == "text" or one["verdict"] == "CONTAINS"}


def special(column: Mapping[str, Any]) -> str:
    """Return the special category that a column holds, or nothing."""
    return category_of(column["name"], [*column["entities"], *filter(None, [column["label"]])])


def _columns(scans: Scans, risks: Scans, group: str) -> list[Measurement]:
    """Count columns; one that several roles have counts once, as the worst that it is in any of them."""
    columns = [one for scan in scans.values() for one in scan["columns"]]
    declared = {name for risk in risks.values() for name in risk["quasi_identifiers"]}
    personal = {one["name"] for one in columns if is_personal(one)}
    direct = {one["name"] for one in columns if is_personal(one) and holds_direct(one)}
    found = {
        "pii.direct_columns": direct,
        "pii.personal_columns": personal,
        "pii.quasi_columns": (personal | declared) - direct,
        "pii.special_columns": {one["name"] for one in columns if special(one)},
        "pii.unnamed_text_columns": set().union(*map(texts_without_model, scans.values())),
    }
    of = len({one["name"] for one in columns})
    return [measured(metric, len(found[metric]), n=of, group=group, unit="columns") for metric in COLUMNS]


def _verdicts(columns: Sequence[Mapping[str, Any]]) -> list[Measurement]:
    """Count columns by verdict; one with several counts under the worst."""
    worst: dict[str, int] = {}
    for one in columns:
        rank = VERDICTS.index(one["verdict"])
        worst[one["name"]] = min(rank, worst.get(one["name"], rank))
    ranks = list(worst.values())
    return [
        measured("pii.columns", ranks.count(rank), n=len(ranks), group=f"verdict={verdict}", unit="columns")
        for rank, verdict in enumerate(VERDICTS)
    ]


def _entities(columns: Sequence[Mapping[str, Any]]) -> list[Measurement]:
    found: dict[str, list[int]] = {}
    for one in columns:
        for label, tally in one["entities"].items():
            total = found.setdefault(label, [0, 0])
            total[0] += tally["cells"]
            total[1] += one["cells"]
    return [
        measured("pii.entities", cells, n=of, group=f"entity={label}", unit="cells")
        for label, (cells, of) in sorted(found.items())
    ]


def _shares(columns: Sequence[Mapping[str, Any]]) -> list[Measurement]:
    """Return one share per column: over several roles, the largest."""
    shares: dict[str, tuple[float, int]] = {}
    for one in columns:
        most = max((tally["cells"] for tally in one["entities"].values()), default=0)
        share = (most / one["cells"] if one["cells"] else 0.0, one["cells"])
        shares[one["name"]] = max(share, shares.get(one["name"], share))
    return [
        measured("pii.cells_share", share, n=cells, group=f"column={name}")
        for name, (share, cells) in sorted(shares.items())
    ]
