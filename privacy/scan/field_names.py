"""Fields within nested columns whose names are values: they stay in a table's schema whatever becomes of its rows."""

from collections.abc import Iterator
from typing import Any

from privacy.scan.engine import Engine
from privacy.scan.scan import ColumnNamePersonalError, refuse_personal_names


def named_after_persons(schema: Any, engine: Engine) -> list[str]:
    """Return the columns of an Arrow schema with a field, at any depth, whose name is personal data."""
    found = []
    for column in schema:
        try:
            refuse_personal_names(sorted(set(_within(column.type))), engine)
        except ColumnNamePersonalError:
            found.append(column.name)
    return found


def _within(kind: Any) -> Iterator[str]:
    import pyarrow as pa

    for index in range(kind.num_fields if pa.types.is_nested(kind) else 0):
        inner = kind.field(index)
        yield inner.name
        yield from _within(inner.type)
