"""What a dataset's schema declares of a feature's values: a range of numbers, or the categories there are.

A feature may carry ``low`` and ``high`` (decimal strings, either or both, ends included) or ``values`` (texts), and
``units``: what one unit of it may be mistaken for, as factors ("1000" where grams may come in the place of kilograms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from monitoring.statistics.columns import ColumnError


class RangeError(ColumnError):
    """A schema declares values of a feature in a way that cannot be read."""

    code = "feature_range"


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from ``low`` to ``high`` (infinite: no end), or the ``values``, and the factors of units."""

    low: float = -math.inf
    high: float = math.inf
    values: tuple[str, ...] = ()
    units: tuple[float, ...] = ()

    @property
    def is_declared(self) -> bool:
        """Whether anything is said of the values."""
        return bool(self.values) or math.isfinite(self.low) or math.isfinite(self.high)


def declared_ranges(schema: Mapping[str, Any]) -> dict[str, Range]:
    """Return what is declared of each feature; raises RangeError naming the feature."""
    return {feature["name"]: _read(feature) for feature in schema["features"]}


def _read(feature: Mapping[str, Any]) -> Range:
    name = feature["name"]
    low = _number(name, "low", feature["low"]) if "low" in feature else -math.inf
    high = _number(name, "high", feature["high"]) if "high" in feature else math.inf
    if low > high:
        raise RangeError(f"The feature {name!r} is declared to run from {low:g} to {high:g}.")
    values, units = feature.get("values", ()), feature.get("units", ())
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise RangeError(f"The values of the feature {name!r} must be a list of texts.")
    if not isinstance(units, list | tuple):
        raise RangeError(f'The units of the feature {name!r} must be a list of factors, such as ["1000"].')
    factors = tuple(_number(name, "units", unit) for unit in units)
    if any(factor <= 0 for factor in factors):
        raise RangeError(f"The units of the feature {name!r} must be factors above 0.")
    return Range(low, high, tuple(values), factors)


def _number(name: str, key: str, value: Any) -> float:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise RangeError(f"The {key} of the feature {name!r} must be a decimal string, not {value!r}.")
    return float(number)
