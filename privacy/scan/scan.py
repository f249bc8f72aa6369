"""Scan a table for personal data: analyse the distinct values of each column, judge it, return the "pii" document."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.batch import Batch
from privacy.scan.cells import distinct, non_null, type_name
from privacy.scan.columns import judge_part
from privacy.scan.engine import THRESHOLD, Engine
from privacy.scan.entities import name_tokens
from privacy.scan.groups import ColumnPart, Value
from privacy.scan.nothing_found import count
from privacy.scan.together import analyze_columns

Progress = Callable[[float, str], None]
CHUNK = 32_768
_READ = 0.1  # the share of the progress when all columns are read


class ScanError(ValueError):
    """A table that cannot be scanned as it stands."""

    code = "scan_error"


class ColumnNamePersonalError(ScanError):
    """A column's name is itself personal data: most likely the file has no header."""

    code = "column_name_personal"


def scan(
    table: Any,
    schema: Mapping[str, Any],
    *,
    engine: Engine,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _share, _message: None,
    dataset: str = "",
) -> dict[str, Any]:
    """Return the "pii" document of an Arrow table; the same table, schema and engine give the same bytes.

    ``complete`` is false when some cell was not analysed in full; ``problems`` names the columns. ``progress`` may
    raise Cancelled. Raises ColumnNamePersonalError when a header is personal data.
    """
    refuse_personal_names(table.column_names, engine)
    whole = TablePart()
    for start in range(0, max(table.num_rows, 1), CHUNK):
        rows = table.slice(start, CHUNK)

        def reported(share: float, message: str, start: int = start, rows: Any = rows) -> None:
            progress((start + share * rows.num_rows) / max(table.num_rows, 1), message)

        whole.merge(scan_part(rows, engine=engine, threshold=threshold, progress=reported, dataset=dataset))
    progress(1.0, "scanned")
    return document(whole, table.schema, schema, engine=engine, threshold=threshold, dataset=dataset)


@dataclass(slots=True)
class TablePart:
    """What was gathered of some rows of a table; parts are merged in any order, and hold no value of it."""

    rows: int = 0
    columns: dict[str, ColumnPart] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def merge(self, other: "TablePart") -> None:
        """Add what was gathered of other rows."""
        self.rows += other.rows
        for name, part in other.columns.items():
            self.columns.setdefault(name, ColumnPart(name)).merge(part)
        for name, problem in other.problems.items():
            self.problems[name] = min(problem, self.problems.get(name, problem))


def scan_part(
    table: Any,
    *,
    engine: Engine,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _share, _message: None,
    dataset: str = "",
    seconds: float = float("inf"),
) -> TablePart:
    """Scan some rows of a table (an Arrow table or record batch) in so many seconds, and gather what is found.

    ``dataset`` keys the hashes that count different values: parts that are merged have the same.
    """
    if not 0 < threshold <= 1:
        raise ScanError(f"The threshold of a scan is above 0 and at most 1, not {threshold}.")
    part, deadline = TablePart(rows=table.num_rows), time.monotonic() + seconds
    done = {name: index / table.num_columns for index, name in enumerate(table.column_names)}

    def report(name: str) -> None:
        progress(_READ + (1 - _READ) * done[name], f"scanning column {name}")

    values = {}
    for name in table.column_names:
        progress(_READ * done[name], f"reading column {name}")
        values[name] = distinct(table[name])
    texts = {name: texts for name, (texts, _cells) in values.items()}
    contexts = {name: engine.context(name_tokens(name)) for name in texts}
    batches = analyze_columns(engine, texts, contexts, threshold, deadline=deadline, report=report)
    for name, batch in batches.items():
        gathered = ColumnPart(name, non_null(table[name]))
        _gather(gathered, batch, *values[name], key=dataset.encode())
        part.columns[name] = gathered
        problem = batch.problem or next((one.problem for one in batch.analyses.values() if one.problem), "")
        if problem:
            part.problems[name] = problem
    return part


def document(
    whole: TablePart,
    types: Any,
    schema: Mapping[str, Any],
    *,
    engine: Engine,
    threshold: float = THRESHOLD,
    dataset: str = "",
) -> dict[str, Any]:
    """Return the "pii" document of all parts of a table; ``types`` is its Arrow schema."""
    problems = _missing(types.names, schema)
    columns = []
    for name in types.names:
        part = whole.columns.get(name, ColumnPart(name))
        kind = types.field(name).type
        told = kind if isinstance(kind, str) else type_name(kind)
        verdict = judge_part(part).document()
        columns.append({"name": name, "declared": declared(name, schema), "type": told, **verdict})
        if name in whole.problems:
            message = f"Column {name!r}: {whole.problems[name]}."
            problems.append({"column": name, "code": "cell_not_analysed", "message": message})
    if not whole.rows:
        message = "The table holds no rows, so nothing was scanned."
        problems.append({"column": "", "code": "no_rows", "message": message})
    return {
        "engine": engine.describe(),
        "threshold": f"{threshold:g}",
        "dataset": dataset,
        "rows": whole.rows,
        "complete": not problems,
        "columns": columns,
        "problems": problems,
    }


def declared(name: str, schema: Mapping[str, Any]) -> str:
    """Return what a schema declares a column to be; one that it does not mention is "undeclared"."""
    if name == schema.get("target"):
        return "target"
    for kind, key in (("identifier", "identifiers"), ("text", "text"), ("ignore", "ignore")):
        if name in schema.get(key, ()):
            return kind
    if any(name == feature["name"] for feature in schema.get("features", ())):
        return "feature"
    return "sensitive" if any(name == one["column"] for one in schema.get("sensitive", ())) else "undeclared"


def _missing(present: Sequence[str], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name the declared columns that the table lacks: what is not there was not scanned."""
    names = [one["name"] for one in schema.get("features", ())] + [one["column"] for one in schema.get("sensitive", ())]
    for key in ("identifiers", "text"):
        names += schema.get(key, ())
    absent = sorted(set(names) - set(present))
    return [
        {"column": name, "code": "column_missing", "message": f"The schema declares {name!r}, which the table lacks."}
        for name in absent
    ]


def refuse_personal_names(names: Sequence[str], engine: Engine) -> None:
    """Raise ColumnNamePersonalError where a header is a value."""
    for index, name in enumerate(names, 1):
        for hit in engine.analyze(name).hits:
            if hit.entity in {"EMAIL_ADDRESS", "US_SSN", "CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER"}:
                raise ColumnNamePersonalError(
                    f"The name of column {index} holds a value of kind {hit.entity}; the file seems to have no header."
                )


def _gather(gathered: ColumnPart, batch: Batch, texts: Any, cells: Any, *, key: bytes) -> None:
    """Gather what was found in the distinct values of a column."""
    import numpy as np

    rows = np.array(sorted(batch.analyses), np.int64)
    found = zip(texts.take(rows).to_pylist(), cells[rows].tolist(), rows.tolist(), strict=True)
    gathered.gather((Value(text, number, batch.analyses[row].hits) for text, number, row in found), key)
    nothing = np.ones(len(texts), bool)
    nothing[rows] = False
    count(gathered, texts, cells, nothing, key=key, characters=batch.characters)
