"""A sketch of a table's columns: what stays of the rows when only drift is to be measured, as a canonical document.

Numeric columns keep the counts up to at most 1,024 edges (see ``summary``), and how many rows are at the edges
themselves; count, missing, least, greatest, mean and standard deviation. Categorical columns keep the counts of their
1,024 heaviest categories and how many there are. Edges are written as the shortest text that reads back as the same
number, so that what is equal in the rows is equal in the sketch. A sketch is made in one pass over parts of a table,
in memory that does not grow with their number. The values of a small sample remain readable in its sketch: a sketch is
an input to protect like its rows, and no part of a report.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from monitoring.statistics.columns import (
    MISSING,
    ColumnError,
    InfiniteValueError,
    MissingColumnError,
    NotNumericError,
    coded,
    column,
    is_numeric,
)
from monitoring.statistics.moments import Moments, moments
from monitoring.statistics.summary import Points, condense, merge, summarise
from monitoring.statistics.tally import Tally
from registry.canonical import decimal_string

FORMAT = "sketch/2"
PORTION = 1 << 18
SLICE = 1 << 20
WATCHED = {"score": "numeric", "prediction": "categorical", "label": "categorical"}


class UnknownKindError(ColumnError):
    """A kind of column other than numeric and categorical."""

    code = "sketch_unknown_kind"


class _Gathered(Protocol):
    """What is kept of one column while its parts come by."""

    def add(self, table: Any, name: str) -> None:
        """Take in one part."""

    def document(self) -> dict[str, Any]:
        """Return what the sketch says of the column."""


def columns_of(schema: Mapping[str, Any], table: Any) -> dict[str, str]:
    """Return what to sketch: the schema's features, and score, prediction and label where the table has them."""
    features = {item["name"]: item["kind"] for item in schema["features"]}
    return features | {name: kind for name, kind in WATCHED.items() if name in table.column_names}


def sketch_table(table: Any, columns: Mapping[str, str], *, lenient: bool = False) -> dict[str, Any]:
    """Return the sketch of the named columns (name: "numeric" or "categorical").

    Raises a ColumnError for a column that is absent, or numeric by declaration and not in fact. ``lenient`` is for what
    arrives from production: such columns are then left out or marked "unreadable", and the drift check reports them.
    """
    starts = range(0, max(table.num_rows, 1), SLICE)
    return _sketch((table.slice(start, SLICE) for start in starts), columns, lenient=lenient)


def sketch_batches(batches: Iterable[Any], columns: Mapping[str, str], *, lenient: bool = False) -> dict[str, Any]:
    """Return the sketch of a stream of record batches, as ``sketch_table`` does, holding few of them at a time."""
    return _sketch(_portions(batches), columns, lenient=lenient)


def _portions(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield tables of PORTION rows or a little more."""
    import pyarrow as pa

    held: list[Any] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= PORTION:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _sketch(parts: Iterable[Any], columns: Mapping[str, str], *, lenient: bool) -> dict[str, Any]:
    gathered: dict[str, _Gathered] = {}
    rows = 0
    for place, table in enumerate(parts):
        rows += table.num_rows
        for name, kind in columns.items():
            if not place and (name in table.column_names or not lenient):
                gathered[name] = _begin(table, name, kind, lenient=lenient)
            if name in gathered:
                gathered[name].add(table, name)
    found = [{"name": name, **one.document()} for name, one in gathered.items()]
    return {"format": FORMAT, "rows": rows, "columns": found}


def _begin(table: Any, name: str, kind: str, *, lenient: bool) -> _Gathered:
    if name not in table.column_names:
        raise MissingColumnError(f"The table has no column {name!r}; it has: {', '.join(table.column_names)}.")
    if kind == "categorical":
        return _Categories()
    if kind != "numeric":
        raise UnknownKindError(f"Column {name!r} is declared {kind!r}; a sketch knows numeric and categorical.")
    if is_numeric(table, name):
        return _Numbers()
    seen = str(table.schema.field(name).type)
    if not lenient:
        raise NotNumericError(f"Column {name!r} must hold numbers; it holds {seen}.")
    return _Unreadable(seen)


class _Unreadable:
    """A column that must be numeric and is not."""

    def __init__(self, seen: str) -> None:
        self.seen = seen

    def add(self, table: Any, name: str) -> None:
        """Leave it unread."""

    def document(self) -> dict[str, Any]:
        """Return which type it has."""
        return {"kind": "unreadable", "type": self.seen}


class _Categories:
    """Counts by category."""

    def __init__(self) -> None:
        self.tally, self.missing = Tally(), 0

    def add(self, table: Any, name: str) -> None:
        """Count the categories of one part."""
        import numpy as np

        found = coded(table, name)
        counts = np.bincount(found.codes, minlength=len(found.names)).tolist()
        named = {text: count for text, count in zip(found.names, counts, strict=True) if count}
        self.missing += named.pop(MISSING, 0)
        self.tally.add(named)

    def document(self) -> dict[str, Any]:
        """Return the heaviest categories; the rows of all others are ``n`` less theirs."""
        kept = sorted(self.tally.heaviest())
        return {
            "kind": "categorical",
            "n": self.tally.rows,
            "missing": self.missing,
            "distinct": self.tally.distinct,
            "categories": [{"value": name, "count": count} for name, count in kept],
        }


def _text(moment: float) -> str:
    """Return a moment as text; what is beyond the largest number is said to be infinite, or no number at all."""
    return decimal_string(moment) if math.isfinite(moment) else repr(moment)


class _Numbers:
    """Points and moments of the parts so far."""

    def __init__(self) -> None:
        self.missing, self.moments = 0, Moments()
        self.digits: list[Points | None] = []

    def add(self, table: Any, name: str) -> None:
        """Take in the numbers of one part; raises InfiniteValueError."""
        import numpy as np

        values = np.asarray(column(table, name).cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)
        found = moments(values)
        if math.isnan(found.least):
            present = values[~np.isnan(values)]
            self.missing += len(values) - len(present)
            values, found = present, moments(present)
        if not len(values):
            return
        if math.isinf(found.least) or math.isinf(found.greatest):
            raise InfiniteValueError(f"Column {name!r} holds {int(np.isinf(values).sum())} infinite values.")
        self.moments = self.moments.joined(found)
        self._carry(summarise(values, found.least, found.greatest))

    def _carry(self, points: Points) -> None:
        """Merge equal numbers of parts, as a counter carries."""
        for place, other in enumerate(self.digits):
            if other is None:
                self.digits[place] = points
                return
            points, self.digits[place] = merge([other, points]), None
        self.digits.append(points)

    def document(self) -> dict[str, Any]:
        """Return the column's points and moments."""
        base = {"kind": "numeric", "n": self.moments.n, "missing": self.missing}
        parts = [one for one in self.digits if one is not None]
        if not parts:
            return {**base, "exact": True, "edges": [], "counts": []}
        points = condense(merge(parts))
        found = {
            **base,
            "min": repr(self.moments.least),
            "max": repr(self.moments.greatest),
            "mean": _text(self.moments.mean),
            "deviation": _text(math.sqrt(self.moments.squares / self.moments.n)),
            "exact": points.exact,
            "edges": [repr(edge) for edge in points.edges.tolist()],
            "counts": points.counts.tolist(),
        }
        return found if points.exact else {**found, "at": points.at.tolist()}
