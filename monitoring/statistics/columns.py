"""Read columns of an Arrow table as numbers or as group texts; missing stays visible in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.canonical import decimal_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = "(missing)"
SPELLINGS_OF_MISSING = frozenset({"", "nan", "NaN", "None", "<NA>", "NaT", "null", MISSING})


class ColumnError(ValueError):
    """A table whose columns cannot be measured; the message names the column."""

    code = "column_refused"


class MissingColumnError(ColumnError):
    """A column that must be there is not."""

    code = "column_missing"


class NotNumericError(ColumnError):
    """A column that must hold numbers holds something else."""

    code = "column_not_numeric"


class InfiniteValueError(ColumnError):
    """A column holds an infinity, which no statistic here can stand for."""

    code = "column_infinite"


def column(table: Any, name: str) -> Any:
    """Return one column as a contiguous Arrow array; raises MissingColumnError naming what there is."""
    if name not in table.column_names:
        raise MissingColumnError(f"The table has no column {name!r}; it has: {', '.join(table.column_names)}.")
    found = table.column(name)
    if hasattr(found, "chunk"):
        return found.chunk(0) if found.num_chunks == 1 else found.combine_chunks()
    return found


def is_numeric(table: Any, name: str) -> bool:
    """Say whether a column's type is a number or a truth value (or nothing but nulls)."""
    import pyarrow.types as kinds

    found = table.schema.field(name).type
    tests = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal, kinds.is_null)
    return any(test(found) for test in tests)


def numbers(table: Any, name: str) -> NDArray[np.float64]:
    """Return a column as floats with NaN for missing; raises NotNumericError or InfiniteValueError."""
    import numpy as np

    found = column(table, name)
    if not is_numeric(table, name):
        raise NotNumericError(f"Column {name!r} must hold numbers; it holds {found.type}.")
    values = np.asarray(found.cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)
    if np.isinf(values).any():
        raise InfiniteValueError(f"Column {name!r} holds {int(np.isinf(values).sum())} infinite values.")
    return values


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as its sorted group texts, and for each row the place of its own among them."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the count of rows."""
        return len(self.codes)

    def __getitem__(self, order: NDArray[np.int64]) -> Coded:
        """Return the rows in this order."""
        return Coded(self.names, self.codes[order])


def coded(table: Any, name: str) -> Coded:
    """Return a column as group texts: "1" for 1 and 1.0, "(missing)" for null, NaN, blank or a spelled-out null."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(column(table, name), null_encoding="encode")
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    written = [_text(value) for value in encoded.dictionary.to_pylist()]
    indices = encoded.indices
    if indices.null_count:
        written, indices = [*written, MISSING], indices.fill_null(len(written))
    names = sorted(set(written))
    place_of = {text: place for place, text in enumerate(names)}
    places = np.array([place_of[text] for text in written], dtype=np.int64)
    return Coded(tuple(names), places[indices.to_numpy(zero_copy_only=False)])


def texts(table: Any, name: str) -> NDArray[Any]:
    """Return a column as an array of its group texts, as ``coded`` spells them."""
    import numpy as np

    found = coded(table, name)
    return np.array(found.names or (MISSING,), dtype=object)[found.codes]


def _text(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is the only value that differs from itself
        return MISSING
    text = decimal_string(value) if isinstance(value, float) else str(value).strip()
    return MISSING if text in SPELLINGS_OF_MISSING else text
