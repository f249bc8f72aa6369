"""JSON lines as a table: one object a line, columns in the order of their first appearance."""

import json
from typing import Any

from privacy.scan.read_error import DatasetReadError


def json_table(name: str, text: str, *, first_line: int = 1) -> Any:
    """Return the table of lines, the first of which is ``first_line`` of its file.

    Raises DatasetReadError naming the line or the column that is wrong.
    """
    import pyarrow as pa

    rows = [_row(name, number, line) for number, line in enumerate(text.split("\n"), first_line) if line.strip()]
    columns: dict[str, None] = {}
    for row in rows:
        columns.update(dict.fromkeys(row))
    arrays = {}
    for column in columns:
        try:
            arrays[column] = pa.array([row.get(column) for row in rows])
        except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
            raise DatasetReadError(
                "mixed_types", f"{name}: the values of column {column!r} are not all of one type that a table can hold."
            ) from error
    return pa.table(arrays)


def _row(name: str, number: int, line: str) -> dict[str, Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            raise DatasetReadError("duplicate_columns", f"{name}: line {number} holds a key more than once.")
        return found

    def refuse(constant: str) -> Any:
        raise DatasetReadError("unreadable", f"{name}: line {number} holds {constant}, which is not JSON.")

    try:
        row = json.loads(line, object_pairs_hook=pairs, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise DatasetReadError(
            "unreadable", f"{name}: line {number}, column {error.colno} is not JSON ({error.msg})."
        ) from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, DatasetReadError):
            raise
        raise DatasetReadError("unreadable", f"{name}: line {number} is JSON beyond the limits of a table.") from error
    if not isinstance(row, dict):
        raise DatasetReadError("unreadable", f"{name}: line {number} is not a JSON object.")
    return row
