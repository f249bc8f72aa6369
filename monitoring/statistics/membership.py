"""Which group of a sensitive attribute each row belongs to: its value as text, or the band it falls into."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from monitoring.statistics.columns import MISSING
from monitoring.statistics.groups import band_names


class GroupError(ValueError):
    """A sensitive attribute whose column cannot be put into bands."""

    code = "sensitive_attribute"


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_missing(value: object) -> bool:
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN differs from itself


def group_values(values: list[Any], attribute: Mapping[str, Any]) -> list[str]:
    """Return the group of each row; raises GroupError naming the first row that cannot be put into a band."""
    edges = [str(edge) for edge in attribute.get("bins") or ()]
    names, limits = band_names(edges), [float(edge) for edge in edges]
    found = []
    for row, value in enumerate(values):
        if _is_missing(value):
            found.append(MISSING)
            continue
        try:
            found.append(names[bisect_right(limits, float(value))] if names else _text(value))
        except (TypeError, ValueError):
            raise GroupError(
                f"row {row} of {attribute['column']!r} is not a number, but {attribute['name']!r} has bands at {edges}"
            ) from None
    return found
