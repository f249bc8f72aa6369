"""The distinct values of an Arrow column as text to analyse, each with the number of its cells."""

import json
from typing import Any

_SAMPLE, _SAMPLED = 1000, 4  # so many values of a column, and at most one of so many


def is_fraction(value: Any) -> bool:
    """Say whether a number has a fraction or is no number: no identifier of a person is written so."""
    return isinstance(value, float) and not value.is_integer()


def type_name(kind: Any) -> str:
    """Return what is told of an Arrow type: of what is nested not its fields, which may be named after persons."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    return str(kind).partition("<")[0] if pa.types.is_nested(kind) else str(kind)


def distinct_texts(column: Any) -> list[tuple[str, int]]:
    """Return (text, cells) in the order of the texts; NULLs are left out, and so are numbers with a fraction."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return []
    coded = pa.types.is_dictionary(column.type)  # never written out: a few bytes may stand for a long text each
    if coded and isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries()
    if not coded and (pa.types.is_nested(kind) or pa.types.is_float16(kind) or not _countable(kind)):
        pairs = [(value, 1) for value in column.to_pylist()]
    else:
        counted = pc.value_counts(column)
        pairs = list(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
    totals: dict[str, int] = {}
    for value, cells in pairs:
        if value is None or is_fraction(value):
            continue
        text = as_text(value)
        totals[text] = totals.get(text, 0) + cells
    return sorted(totals.items())


def distinct(column: Any) -> tuple[Any, Any]:
    """Return the texts of ``distinct_texts`` as an Arrow array, in any order, and the cells of each as numpy.

    Of strings that hardly repeat some may stand there again, each with the number of its cells: to look for
    repetitions takes longer than they would.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        if _hardly_repeats(column):
            texts = pc.drop_null(column)
            if isinstance(texts, pa.ChunkedArray):
                texts = texts.combine_chunks()
            return texts.cast(pa.large_string()), np.ones(len(texts), np.int64)
        counted = pc.value_counts(column)
        texts, cells = counted.field("values"), counted.field("counts")
        if texts.null_count:
            known = pc.is_valid(texts)
            texts, cells = texts.filter(known), cells.filter(known)
        return texts.cast(pa.large_string()), cells.to_numpy()
    pairs = distinct_texts(column)
    texts = pa.array([text for text, _cells in pairs], pa.large_string())
    return texts, np.array([cells for _text, cells in pairs], np.int64)


def _hardly_repeats(column: Any) -> bool:
    """Say whether a sample of a long column is all different and known."""
    import numpy as np
    import pyarrow.compute as pc

    if len(column) < _SAMPLED * _SAMPLE:
        return False
    sample = column.take(np.linspace(0, len(column) - 1, _SAMPLE).astype(np.int64))
    return bool(pc.count_distinct(sample, mode="all").as_py() == _SAMPLE)


def _countable(kind: Any) -> bool:
    import pyarrow as pa

    known = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_temporal,
    )
    return any(is_kind(kind) for is_kind in known) and not pa.types.is_duration(kind)


def as_text(value: Any) -> str:
    """Return a value as the text in which a person would read it: a whole float without its ".0"."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def non_null(column: Any) -> int:
    """Return how many cells hold a value."""
    return int(len(column) - column.null_count)
