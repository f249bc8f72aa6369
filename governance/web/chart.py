"""A number line: a value with its interval beside the limit, as the coordinates of a small inline SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.rules.reading import is_decimal_text
from governance.web.numbers import shown

WIDTH = 220.0
MARGIN = 10.0
ROOM = Decimal("0.15")
ENDS_DIGITS = 3


@dataclass(frozen=True, slots=True)
class NumberLine:
    """Coordinates by what they stand for, and the words that say the same to who cannot see it."""

    width: float
    value: float
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    allowed_from: float
    allowed_width: float
    starts: str
    ends: str
    words: str


def _number(value: Any) -> Decimal | None:
    return Decimal(value) if is_decimal_text(value) else None


def _range(numbers: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Return a range with room at both ends; a single point gets a range around it."""
    low, high = min(numbers), max(numbers)
    room = (high - low) * ROOM or abs(high) * ROOM or Decimal(1)
    start = low - room
    return (Decimal(0) if low >= 0 > start else start), high + room


def number_line(item: Mapping[str, Any]) -> NumberLine | None:
    """Return the picture of an item of an evaluation; None where there is no value to draw."""
    limit = item["limit"]
    value, lower, upper = (_number(item[part]) for part in ("value", "lower", "upper"))
    least, most = _number(limit.get("min")), _number(limit.get("max"))
    if value is None:
        return None
    low_end, high_end = _range([number for number in (value, lower, upper, least, most) if number is not None])

    def place(number: Decimal | None) -> float | None:
        if number is None:
            return None
        share = float((number - low_end) / (high_end - low_end))
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    from_, to = place(least) or 0.0, WIDTH if most is None else place(most) or 0.0
    return NumberLine(
        width=WIDTH,
        value=place(value) or 0.0,
        low=place(lower),
        high=place(upper),
        least=place(least),
        most=place(most),
        allowed_from=from_,
        allowed_width=round(max(to - from_, 0.0), 1),
        starts=shown(low_end, digits=ENDS_DIGITS),
        ends=shown(high_end, digits=ENDS_DIGITS),
        words=_words(value, lower, upper, least, most),
    )


def _words(
    value: Decimal, lower: Decimal | None, upper: Decimal | None, least: Decimal | None, most: Decimal | None
) -> str:
    parts = [f"Value {shown(value)}"]
    if lower is not None and upper is not None:
        parts.append(f"interval {shown(lower)} to {shown(upper)}")
    if least is not None:
        parts.append(f"least allowed {least}")
    if most is not None:
        parts.append(f"most allowed {most}")
    return ", ".join(parts)
