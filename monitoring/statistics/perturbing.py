"""Rows as they might come in by mistake: with noise, with gaps, in another unit, out of range; a copy per mistake.

Noise falls on all numbers at once, ``REPEATS`` times; the other mistakes befall one feature at a time, so that each
copy of a row differs in one value. Only the features that the model takes are copied: no identifier, no label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import is_numeric, numbers
from monitoring.statistics.ranges import Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOISE, MISSING, UNITS, RANGE = "noise", "missing", "units", "range"
KINDS = (NOISE, MISSING, UNITS, RANGE)
REPEATS = 5
MOST_ROWS, MOST_COPIES = 400, 40_000
FACTORS = (0.001, 1000.0)
UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class Perturbed:
    """The copies, and for each the row that it is of and the feature that is wrong in it ("" for all)."""

    table: Any
    rows: NDArray[np.int64]
    features: tuple[str, ...]


def perturb(
    table: Any, features: Sequence[str], ranges: Mapping[str, Range], kind: str, *, scale: float, seed: int
) -> Perturbed | None:
    """Return copies of a sample of the rows with one kind of mistake; None where no feature can have it.

    ``scale`` is the noise's standard deviation as a share of each feature's own.
    """
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    makers = [change for name in features for change in _changes(table, name, ranges.get(name, Range()), kind)]
    if kind == NOISE:
        shaken = [name for name in features if is_numeric(table, name)]
        makers = [("", None)] * REPEATS if shaken else []
    if not makers:
        return None
    most = max(1, min(MOST_ROWS, MOST_COPIES // len(makers)))
    count = table.num_rows
    chosen = np.arange(count) if count <= most else np.sort(rng.choice(count, most, replace=False))
    base = table.select(list(features)).take(chosen)
    parts = [
        _noisy(base, table, features, scale, rng) if kind == NOISE else _replaced(base, name, change)
        for name, change in makers
    ]
    named = tuple(name for name, _ in makers for _ in range(len(chosen)))
    return Perturbed(pa.concat_tables(parts), np.tile(chosen, len(makers)), named)


def _changes(table: Any, name: str, declared: Range, kind: str) -> list[tuple[str, Any]]:
    """Return (feature, new values of a column or a function of the old ones) for each mistake that it can have."""
    number = is_numeric(table, name)
    if kind == MISSING:
        return [(name, math.nan if number else None)]
    if kind == UNITS and number and not _is_flag(table, name):
        return [(name, lambda values, factor=factor: values * factor) for factor in declared.units or FACTORS]
    if kind == RANGE and number:
        return [(name, end) for end in _beyond(table, name, declared)]
    if kind == RANGE:
        return [(name, UNKNOWN)]
    return []


def _is_flag(table: Any, name: str) -> bool:
    """Say whether a column holds 0 and 1 alone: it has no unit."""
    values = numbers(table, name)
    known = values[values == values]  # noqa: PLR0124 - drops NaN
    return bool(((known == 0) | (known == 1)).all())


def _beyond(table: Any, name: str, declared: Range) -> list[float]:
    """Return a value below and one above what is declared, or seen where nothing is, by its whole width."""
    values = numbers(table, name)
    known = values[values == values]  # noqa: PLR0124 - drops NaN
    if not len(known):
        return []
    low = declared.low if math.isfinite(declared.low) else float(known.min())
    high = declared.high if math.isfinite(declared.high) else float(known.max())
    width = (high - low) or abs(high) or 1.0
    return [low - width, high + width]


def _noisy(base: Any, table: Any, features: Sequence[str], scale: float, rng: np.random.Generator) -> Any:
    import numpy as np

    found = base
    for name in features:
        if is_numeric(table, name) and not _is_flag(table, name):
            spread = float(np.nanstd(numbers(table, name)))
            values = numbers(base, name)
            found = _set(found, name, values + rng.normal(0.0, scale * spread, len(values)) if spread else values)
        elif is_numeric(table, name):
            found = _set(found, name, numbers(base, name))
    return found


def _replaced(base: Any, name: str, change: Any) -> Any:
    """Return the rows with one column changed; all numeric columns become floats, so that the parts join."""
    import numpy as np
    import pyarrow as pa

    found = base
    for other in base.column_names:
        if is_numeric(base, other):
            found = _set(found, other, numbers(base, other))
    if callable(change):
        return _set(found, name, change(numbers(base, name)))
    if change is None or isinstance(change, str):
        place = found.column_names.index(name)
        return found.set_column(place, name, pa.array([change] * len(base), found.schema.field(name).type))
    return _set(found, name, np.full(len(base), change))


def _set(table: Any, name: str, values: NDArray[np.float64]) -> Any:
    """Return the table with a column of floats in which NaN is null."""
    import numpy as np
    import pyarrow as pa

    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, pa.float64(), mask=np.isnan(values)))
