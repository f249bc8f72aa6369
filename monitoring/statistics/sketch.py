"""A sketch of a table's columns: what stays of the rows when only drift is to be measured, as a canonical document.

Numeric columns keep the counts between at most 1,024 edges (value by value where there are no more distinct values than
that; else between quantiles, with the values of both tails one by one), count, missing, least, greatest, mean and
standard deviation; categorical columns keep the counts of their categories. The values of a small sample remain
readable in its sketch: a sketch is an input to protect like its rows, and no part of a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, ColumnError, MissingColumnError, is_numeric, numbers, texts
from registry.canonical import decimal_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "sketch/1"
LARGEST_EDGE_COUNT = 1024
QUANTILES, TAIL = 896, 32
JUMP = 2 / LARGEST_EDGE_COUNT  # a value with a larger share than this is kept as a jump
LARGEST_CATEGORY_COUNT = 1024
WATCHED = {"score": "numeric", "prediction": "categorical", "label": "categorical"}


class UnknownKindError(ColumnError):
    """A kind of column other than numeric and categorical."""

    code = "sketch_unknown_kind"


def columns_of(schema: Mapping[str, Any], table: Any) -> dict[str, str]:
    """Return what to sketch: the schema's features, and score, prediction and label where the table has them."""
    features = {item["name"]: item["kind"] for item in schema["features"]}
    return features | {name: kind for name, kind in WATCHED.items() if name in table.column_names}


def sketch_table(table: Any, columns: Mapping[str, str], *, lenient: bool = False) -> dict[str, Any]:
    """Return the sketch of the named columns (name: "numeric" or "categorical").

    Raises a ColumnError for a column that is absent, or numeric by declaration and not in fact. ``lenient`` is for what
    arrives from production: such columns are then left out or marked "unreadable", and the drift check reports them.
    """
    found = []
    for name, kind in columns.items():
        if name not in table.column_names:
            if lenient:
                continue
            raise MissingColumnError(f"The table has no column {name!r}; it has: {', '.join(table.column_names)}.")
        found.append(_column(table, name, kind, lenient=lenient))
    return {"format": FORMAT, "rows": table.num_rows, "columns": found}


def _column(table: Any, name: str, kind: str, *, lenient: bool) -> dict[str, Any]:
    if kind == "categorical":
        return {"name": name, "kind": kind, **_categories(texts(table, name))}
    if kind != "numeric":
        raise UnknownKindError(f"Column {name!r} is declared {kind!r}; a sketch knows numeric and categorical.")
    if lenient and not is_numeric(table, name):
        return {"name": name, "kind": "unreadable", "type": str(table.schema.field(name).type)}
    return {"name": name, "kind": kind, **_numeric(numbers(table, name))}


def _categories(values: NDArray[Any]) -> dict[str, Any]:
    import numpy as np

    names, counts = np.unique(values.astype(str), return_counts=True)
    found = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    missing = found.pop(MISSING, 0)
    kept = sorted(found) if len(found) <= LARGEST_CATEGORY_COUNT else []
    return {
        "n": sum(found.values()),
        "missing": missing,
        "distinct": len(found),
        "categories": [{"value": name, "count": found[name]} for name in kept],
    }


def _numeric(values: NDArray[np.float64]) -> dict[str, Any]:
    import numpy as np

    present = values[~np.isnan(values)]
    base = {"n": len(present), "missing": len(values) - len(present)}
    if not len(present):
        return {**base, "exact": True, "edges": [], "counts": []}
    distinct, counts = np.unique(present, return_counts=True)
    exact = len(distinct) <= LARGEST_EDGE_COUNT
    if not exact:
        distinct, counts = _condense(distinct, counts)
    return {
        **base,
        "min": decimal_string(float(present.min())),
        "max": decimal_string(float(present.max())),
        "mean": decimal_string(float(present.mean())),
        "deviation": decimal_string(float(present.std())),
        "exact": exact,
        "edges": [decimal_string(float(edge)) for edge in distinct],
        "counts": [int(count) for count in counts],
    }


def _condense(distinct: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return edges at quantiles and in the tails, and the count of values up to each edge and above the one before.

    A value heavier than a quantile is an edge together with its predecessor, so that its jump is kept exactly.
    """
    import numpy as np

    up_to = np.cumsum(counts)
    wanted = np.linspace(0, up_to[-1], QUANTILES + 1)[1:]
    heavy = np.flatnonzero(counts > up_to[-1] * JUMP)
    tails = np.concatenate([np.arange(TAIL), len(distinct) - 1 - np.arange(TAIL)])
    places = np.unique(np.concatenate([tails, np.searchsorted(up_to, wanted), heavy, np.maximum(heavy - 1, 0)]))
    return distinct[places], np.diff(up_to[places], prepend=0)
