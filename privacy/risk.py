"""How easily somebody is found again: k-anonymity, l-diversity and uniqueness over quasi-identifiers.

Rows that agree in every quasi-identifier are one class. k is the size of the smallest class (Sweeney, 2002); l is the
least number of different values that a confidential attribute takes in a class (distinct l-diversity, Machanavajjhala
et al., 2007); a row is unique where its class holds nothing else. NULL is a value like any other.

Arrow gives each value of a column a number; the numbers of the columns of a row make the number of its class, and
counting numbers needs no loop over rows. Memory is a few numbers for each row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SPREAD = 4  # numbers are counted in place as long as there are at most so many for each row
MARKS = 64  # pairs are marked in place as long as there are at most so many, of a byte each


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
    quasi, attributes = list(quasi_identifiers), list(confidential)
    _check(table, quasi, attributes)
    classes, count = _folded([_codes(table[name]) for name in quasi])
    sizes = _counts(classes, count)
    return Risk(
        quasi_identifiers=tuple(quasi),
        rows=table.num_rows,
        classes=len(sizes),
        k=int(sizes.min()),
        unique_rows=int((sizes == 1).sum()),
        diversity={name: _diversity(classes, count, table[name]) for name in attributes},
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


def _folded(columns: list[tuple[Any, int]]) -> tuple[Any, int]:
    """Return one number for each combination of numbers in a row, and how many numbers there may be.

    They are drawn together whenever they spread beyond a few for each row, so that none outgrows rows times values.
    """
    folded, count = columns[0]
    for codes, values in columns[1:]:
        folded, count = folded * values + codes, count * values
        if count > SPREAD * len(folded):
            folded, count = _drawn_together(folded)
    return folded, count


def _drawn_together(numbers: Any) -> tuple[Any, int]:
    import pyarrow as pa

    encoded = pa.array(numbers).dictionary_encode()
    return encoded.indices.to_numpy().astype("int64"), len(encoded.dictionary)


def _codes(column: Any) -> tuple[Any, int]:
    """Return a column as the places of its values in a list of them, and the length of that list; NULL has a place."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_dictionary(whole.type):
        whole = whole.cast(whole.type.value_type)
    if pa.types.is_floating(whole.type):
        whole = pc.if_else(pc.is_nan(whole), None, whole)
    encoded = pc.dictionary_encode(whole, null_encoding="encode")
    return encoded.indices.to_numpy().astype("int64"), len(encoded.dictionary)


def _counts(numbers: Any, count: int) -> Any:
    """Return how often each number occurs that occurs at all."""
    import numpy as np

    counted = np.bincount(numbers, minlength=count)
    return counted[counted > 0]


def _diversity(classes: Any, count: int, column: Any) -> int:
    """Return the least number of values in a class: each pair of class and value counts once."""
    import numpy as np
    import pyarrow as pa

    codes, values = _codes(column)
    pairs, many = classes * values + codes, count * values
    if many > MARKS * len(pairs):
        found = pa.array(pairs).unique().to_numpy()
    else:
        seen = np.zeros(many, dtype=bool)
        seen[pairs] = True
        found = np.flatnonzero(seen)
    return int(_counts(found // values, count).min())
