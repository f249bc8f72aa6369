"""Verdicts on columns of the shapes that real tables have, beside what the columns were made as."""

from dataclasses import dataclass
from typing import Any

from measuring import HERE, Row
from pii_accuracy_spans import peer

from privacy.scan.engine import Engine, build_engine
from privacy.scan.scan import document, scan_part

PEER = HERE / "peers" / "pii_columns.py"
SEED = 5
AIM = 0.9
NEITHER = frozenset({"POSTAL_CODE"})  # narrows people down and names nobody: neither right nor wrong here


@dataclass(slots=True)
class Count:
    """How verdicts and the truth meet."""

    found: int = 0
    false: int = 0
    missed: int = 0
    clean: int = 0

    @property
    def precision(self) -> float:
        """Return the share of the columns called personal that are."""
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        """Return the share of the personal columns that were called so."""
        return self.found / max(self.found + self.missed, 1)


def measure(half: str, rows: int, errors: int) -> tuple[list[Row], list[str]]:
    """Return precision and recall beside the aim, with headers and with headers that say nothing."""
    engine, columns = build_engine(), made(half, rows)
    seen = " (seen)" if half == "seen" else ""
    found, notes = [], []
    for named in (True, False):
        count, wrong = judged(engine, columns, named=named)
        name = f"columns {'named' if named else 'x'}"
        for what, value in (("precision", count.precision), ("recall", count.recall)):
            found.append(Row(f"{name} {what}{seen}", value, AIM, "share", value / AIM, None, "the aim"))
        total = count.found + count.false + count.missed + count.clean
        notes.append(f"{name}, {half}: {count.false} falsely personal and {count.missed} missed of {total} columns")
        notes += [f"  {one}" for one in wrong[:errors]]
    return found, notes


def judged(engine: Engine, columns: list[dict[str, Any]], *, named: bool) -> tuple[Count, list[str]]:
    """Judge each column under one of its headers, or under none that says anything."""
    count, wrong = Count(), []
    for number, one in enumerate(columns):
        if one["named_only"] and not named:
            continue
        header = one["headers"][number % len(one["headers"])] if named else f"column_{number}"
        column = verdict(engine, header, one["values"])
        personal = column["verdict"] != "CLEAN" and column["label"] not in NEITHER
        right = personal == one["personal"]
        count.found += personal and right
        count.false += personal and not right
        count.missed += not personal and not right
        count.clean += not personal and right
        if not right:
            wrong.append(f"{one['kind']} as {header}: {column['rule']}")
    return count, wrong


def verdict(engine: Engine, header: str, values: list[Any]) -> dict[str, Any]:
    """Return the part of the report that tells of one column."""
    import pyarrow as pa

    table = pa.table({header: values})
    (column,) = document(scan_part(table, engine=engine), table.schema, {}, engine=engine)["columns"]
    return dict(column)


def made(half: str, rows: int) -> list[dict[str, Any]]:
    """Have the columns of one half made."""
    columns: list[dict[str, Any]] = peer({"rows": rows, "seed": SEED, "half": half}, PEER)
    return columns
