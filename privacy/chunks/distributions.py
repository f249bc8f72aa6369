"""How the values of a column are distributed, in a few heights and without a value: to be drawn beside its name."""

from typing import Any

from registry.canonical import decimal_string

BARS = 12
DIGITS = 4
EDGES = (1, 99)
NUMBERS, FREQUENCIES, NONE = "numbers", "frequencies", "none"


def distribution(column: Any) -> dict[str, Any]:
    """Return {"kind", "shares", "different", "null", "rows"} of an Arrow column.

    ``shares`` are of the cells with a value: of ``numbers`` in bins of equal width between their 1st and 99th
    percentile, what lies beyond in the outermost; of all else the ``frequencies`` of the commonest values, in falling
    order. Texts in which each is a number are numbers. Nested columns have ``none``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows, nulls = len(column), column.null_count
    kind, different = NONE, 0
    shares: list[float] = []
    values = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if rows > nulls and not pa.types.is_nested(values):
        counts = sorted(pc.value_counts(column.drop_null()).field("counts").to_pylist(), reverse=True)
        different = len(counts)
        numbers = _numbers(column, values)
        kind = FREQUENCIES if numbers is None else NUMBERS
        shares = [count / (rows - nulls) for count in counts[:BARS]] if numbers is None else _bins(numbers)
    return {
        "kind": kind,
        "shares": [decimal_string(round(share, DIGITS)) for share in shares],
        "different": different,
        "null": decimal_string(round(nulls / rows, DIGITS)) if rows else "0",
        "rows": rows,
    }


def _numbers(column: Any, kind: Any) -> Any:
    """Return the finite numbers of a column as a numpy array, or None where it holds something else."""
    import numpy as np
    import pyarrow as pa

    if not _may_be(kind):
        return None
    column = column.drop_null()
    if pa.types.is_dictionary(column.type):
        return None if _says_none(column, kind) else _numbers(column.cast(kind), kind)
    if pa.types.is_temporal(kind):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
    try:
        found = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    found = found[np.isfinite(found)]
    return found if len(found) else None


def _says_none(column: Any, kind: Any) -> bool:
    """Say whether a value of a dictionary is no number, without writing the column out."""
    import pyarrow as pa

    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return any(_numbers(chunk.dictionary, kind) is None for chunk in chunks)


def _may_be(kind: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_string, pa.types.is_date)
    return any(test(kind) for test in (*tests, pa.types.is_timestamp))


def _bins(numbers: Any) -> list[float]:
    import numpy as np

    low, high = np.percentile(numbers, EDGES)
    if low == high:
        return [1.0]
    heights, _edges = np.histogram(np.clip(numbers, low, high), bins=BARS, range=(low, high))
    return [float(height / len(numbers)) for height in heights]
