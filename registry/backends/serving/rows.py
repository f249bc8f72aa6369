"""Judge the rows of a request before any model sees them: names the row and the field, never the value."""

import math
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 10_000
LONGEST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a request, and where."""

    code: str
    detail: str
    row: int | None = None
    field: str | None = None


def _value_problem(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        try:
            return "" if math.isfinite(value) else "is not a finite number"
        except OverflowError:
            return "is too large a number"
    if isinstance(value, str):
        return "" if len(value) <= LONGEST_TEXT else f"is longer than {LONGEST_TEXT} characters"
    return (
        f"is a JSON {'object' if isinstance(value, dict) else 'array'}; a number, text, true, false or null is expected"
    )


def _row_problem(index: int, row: Any, features: tuple[str, ...]) -> Problem | None:
    if not isinstance(row, dict):
        return Problem("row_not_object", f"Row {index} is not a JSON object.", index)
    for name in features:
        if name not in row:
            return Problem("missing_feature", f"Row {index} lacks the feature {name!r}.", index, name)
        if problem := _value_problem(row[name]):
            return Problem("bad_value", f"Row {index}: the feature {name!r} {problem}.", index, name)
    if unknown := sorted(set(row) - set(features)):
        name = unknown[0][:100]
        return Problem("unknown_field", f"Row {index} has the field {name!r}, which is not a feature.", index, name)
    return None


def rows_of(document: Any, features: tuple[str, ...]) -> list[dict[str, Any]] | Problem:
    """Return the rows of ``{"rows": [...]}``, or the first problem with them."""
    if not isinstance(document, dict) or set(document) != {"rows"} or not isinstance(document["rows"], list):
        return Problem("bad_request", 'The body must be a JSON object {"rows": [...]}.')
    rows = document["rows"]
    if not 0 < len(rows) <= MOST_ROWS:
        return Problem("row_count", f"The request has {len(rows)} rows; between 1 and {MOST_ROWS} are answered.")
    for index, row in enumerate(rows):
        if problem := _row_problem(index, row, features):
            return problem
    return rows
