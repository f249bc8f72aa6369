"""Scan a table for personal data: analyse the distinct values of each column, judge it, return the "pii" document."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from privacy.scan.cells import distinct_texts, non_null
from privacy.scan.columns import Value, judge
from privacy.scan.engine import THRESHOLD, Analysis, Engine
from privacy.scan.entities import name_tokens

Progress = Callable[[float, str], None]
STEP = 500


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
    if not 0 < threshold <= 1:
        raise ScanError(f"The threshold of a scan is above 0 and at most 1, not {threshold}.")
    _refuse_personal_names(table.column_names, engine)
    columns, problems = [], _missing(table, schema)
    for index, name in enumerate(table.column_names):
        share = index / max(table.num_columns, 1)
        analyse = partial(engine.analyze, context=engine.context(name_tokens(name)), threshold=threshold)
        values, problem = _analysed(table[name], analyse, partial(progress, share, f"scanning column {name}"))
        verdict = judge(name, values, non_null(table[name])).document()
        kind = table.schema.field(name).type
        kind = getattr(kind, "value_type", kind)
        columns.append({"name": name, "declared": declared(name, schema), "type": str(kind), **verdict})
        if problem:
            problems.append({"column": name, "code": "cell_not_analysed", "message": f"Column {name!r}: {problem}."})
    if not table.num_rows:
        problems.append(
            {"column": "", "code": "no_rows", "message": "The table holds no rows, so nothing was scanned."}
        )
    progress(1.0, "scanned")
    return {
        "engine": engine.describe(),
        "threshold": f"{threshold:g}",
        "dataset": dataset,
        "rows": table.num_rows,
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


def _missing(table: Any, schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name the declared columns that the table lacks: what is not there was not scanned."""
    names = [one["name"] for one in schema.get("features", ())] + [one["column"] for one in schema.get("sensitive", ())]
    for key in ("identifiers", "text"):
        names += schema.get(key, ())
    absent = sorted(set(names) - set(table.column_names))
    return [
        {"column": name, "code": "column_missing", "message": f"The schema declares {name!r}, which the table lacks."}
        for name in absent
    ]


def _refuse_personal_names(names: list[str], engine: Engine) -> None:
    for index, name in enumerate(names, 1):
        for hit in engine.analyze(name).hits:
            if hit.entity in {"EMAIL_ADDRESS", "US_SSN", "CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER"}:
                raise ColumnNamePersonalError(
                    f"The name of column {index} holds a value of kind {hit.entity}; the file seems to have no header."
                )


def _analysed(column: Any, analyse: Callable[[str], Analysis], report: Callable[[], None]) -> tuple[list[Value], str]:
    values, problem = [], ""
    for number, (text, cells) in enumerate(distinct_texts(column)):
        if number % STEP == 0:
            report()
        analysis = analyse(text)
        problem = problem or analysis.problem
        values.append(Value(text, cells, analysis.hits))
    return values, problem
