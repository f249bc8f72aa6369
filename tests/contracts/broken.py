"""Inputs that are wrong in every way that is easily made: one input of a check at a time, one thing wrong with it."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tests.monitoring.checks.inputs import Collected

EMPTY = ("no rows", "no columns", "nothing")
WRONG: dict[str, Any] = {"null": None, "text": "x"}


def broken(given: dict[str, Any]) -> Iterator[tuple[str, str, Collected]]:
    """Yield (input, what is wrong, inputs) for a check that is given these."""
    for name, value in given.items():
        for what, wrong in _tables(value) if isinstance(value, pa.Table) else _documents(value):
            yield name, what, Collected(**{**given, name: wrong})


def _tables(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    yield "no rows", table.slice(0, 0)
    yield "no columns", table.select([])
    yield "one row", table.slice(0, 1)
    yield "rows twice", pa.concat_tables([table, table])
    for place, name in enumerate(table.column_names):
        yield f"no {name}", table.drop_columns([name])
        for how, values in _columns(table.column(name)):
            yield f"{name} {how}", table.set_column(place, name, values)


def _columns(column: Any) -> Iterator[tuple[str, Any]]:
    rows = len(column)
    yield "missing", pa.nulls(rows, column.type)
    yield "missing once", pa.chunked_array([pa.nulls(1, column.type), column.slice(1).combine_chunks()])
    yield "in words", pa.array(["yes", "no"] * (rows // 2) + ["yes"] * (rows % 2))
    yield "different everywhere", pa.array([f"value {row}" for row in range(rows)])
    if not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type)):
        numbers = column.cast(pa.float64()).to_pylist()
        yield "not a number", pa.array([float("nan"), *numbers[1:]])
        yield "infinite", pa.array([float("inf"), *numbers[1:]])
        yield "a fraction", pa.array([0.37, *numbers[1:]])
        yield "huge", pa.array([1e308, -1e308, *numbers[2:]][:rows])
        yield "constant", pa.array([numbers[0]] * rows)


def _documents(document: Any) -> Iterator[tuple[str, Any]]:
    yield "nothing", {}
    yield "null", None
    yield "a list", []
    for key, value in document.items() if isinstance(document, dict) else ():
        yield f"without {key}", {name: one for name, one in document.items() if name != key}
        for what, wrong in WRONG.items():
            if wrong != value:
                yield f"{key} {what}", {**document, key: wrong}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value[0]:
                lacking = {name: one for name, one in value[0].items() if name != inner}
                yield f"{key}[0] without {inner}", {**document, key: [lacking, *value[1:]]}
