"""How easily somebody is found again: k-anonymity, l-diversity and uniqueness over quasi-identifiers.

Rows that agree in every quasi-identifier are one class. k is the size of the smallest class (Sweeney, 2002); l is the
least number of different values that a confidential attribute takes in a class (distinct l-diversity, Machanavajjhala
et al., 2007); a row is unique where its class holds nothing else. NULL is a value like any other. All by Arrow's
grouping, without a loop over rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_COUNT = "count_all"


class RiskError(ValueError):
    """Columns over which no risk can be measured."""

    code = "risk_columns"


@dataclass(frozen=True, slots=True)
class Risk:
    """Counts over the classes of a table; ``diversity`` is l by confidential attribute."""

    quasi_identifiers: tuple[str, ...]
    rows: int
    classes: int
    k: int
    unique_rows: int
    diversity: Mapping[str, int]

    @property
    def uniqueness(self) -> float:
        """The share of rows that nobody else is like."""
        return self.unique_rows / self.rows

    def document(self) -> dict[str, Any]:
        """Return the counts as the check reads them."""
        return {
            "quasi_identifiers": list(self.quasi_identifiers),
            "rows": self.rows,
            "classes": self.classes,
            "k": self.k,
            "unique_rows": self.unique_rows,
            "diversity": dict(sorted(self.diversity.items())),
        }


def measure(table: Any, quasi_identifiers: Sequence[str], confidential: Sequence[str] = ()) -> Risk:
    """Return the risk in an Arrow table; raises RiskError where there is nothing to measure or no such column."""
    import pyarrow.compute as pc

    quasi, attributes = list(quasi_identifiers), list(confidential)
    _check(table, quasi, attributes)
    coded = _coded(table.select([*quasi, *attributes]), quasi)
    sizes = _sizes(coded, ["class"])[_COUNT]
    return Risk(
        quasi_identifiers=tuple(quasi),
        rows=table.num_rows,
        classes=len(sizes),
        k=int(pc.min(sizes).as_py()),
        unique_rows=int(pc.sum(pc.equal(sizes, 1)).as_py()),
        diversity={name: _diversity(coded, name) for name in attributes},
    )


def confidential_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the columns of a dataset's schema that quasi-identifiers must not give away: target and sensitive ones."""
    quasi = set(schema.get("quasi_identifiers", ()))
    names = [schema["target"], *(one["column"] for one in schema["sensitive"])]
    return sorted({name for name in names if name not in quasi})


def _check(table: Any, quasi: list[str], attributes: list[str]) -> None:
    if not quasi:
        raise RiskError("No quasi-identifiers are named, so that nothing can be measured.")
    if not table.num_rows:
        raise RiskError("The table holds no rows, so that nothing can be measured.")
    for name in [*quasi, *attributes]:
        if name not in table.column_names:
            raise RiskError(f"The table lacks the column {name!r} over which the risk is to be measured.")
    if both := sorted(set(quasi) & set(attributes)):
        raise RiskError(f"Column {both[0]!r} is a quasi-identifier and cannot be confidential as well.")


def _coded(table: Any, quasi: list[str]) -> Any:
    """Return each attribute as small numbers, one for each value, and the classes of the quasi-identifiers likewise.

    The classes are numbered by folding in one column after the other, so that no number outgrows rows times values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    classes: Any = None
    columns = {}
    for name in table.column_names:
        codes, values = _codes(table[name])
        if name not in quasi:
            columns[name] = codes
            continue
        if classes is None:
            classes = codes
            continue
        both = pc.add(pc.multiply(classes.cast(pa.int64()), values), codes.cast(pa.int64()))
        classes = _codes(both)[0]
    return pa.table({"class": classes, **columns})


def _codes(column: Any) -> tuple[Any, int]:
    """Return a column as the places of its values in a list of them, and the length of that list; NULL has a place."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_floating(whole.type):
        whole = pc.if_else(pc.is_nan(whole), None, whole)
    encoded = pc.dictionary_encode(whole, null_encoding="encode")
    return encoded.indices, len(encoded.dictionary)


def _sizes(table: Any, by: list[str]) -> Any:
    return table.group_by(by, use_threads=False).aggregate([([], "count_all")])


def _diversity(coded: Any, name: str) -> int:
    import pyarrow.compute as pc

    values = _sizes(coded, ["class", name])
    return int(pc.min(_sizes(values, ["class"])[_COUNT]).as_py())
