"""The pictures in a report as coordinates of inline SVG; what is not a picture in their agreed form is not drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.rules.reading import is_decimal_text
from governance.web.numbers import shown

WIDTH, HEIGHT = 360.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 10.0, 40.0
BAR = 40.0
MOST = 30
TICKS = 4
DIGITS = 3
STYLES = ("own", "reference", "mark", "error")


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and the number there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A series: its style with its number among its kind, and its points, as a path and one by one."""

    name: str
    style: str
    number: int
    path: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BarLine:
    """A named value with the ends of its interval, as places, and the same in words."""

    name: str
    words: str
    text_y: float
    y: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: its words, its size, and what is drawn."""

    kind: str
    title: str
    reading: str
    width: float
    height: float
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...] = ()
    bars: tuple[BarLine, ...] = ()
    reference: float | None = None

    @property
    def legend(self) -> tuple[Curve, ...]:
        """Each name once."""
        return tuple({curve.name: curve for curve in self.curves}.values())


def plots_of(evidence: Any) -> tuple[Plot, ...]:
    """Return the pictures of a report's evidence that can be drawn."""
    listed = evidence.get("plots") if isinstance(evidence, Mapping) else None
    found = []
    for one in (listed if isinstance(listed, list) else [])[:MOST]:
        try:
            found.append({"lines": _lines, "intervals": _intervals}[one["kind"]](one))
        except (KeyError, TypeError, ValueError, IndexError):
            continue
    return tuple(found)


def _decimal(value: Any) -> Decimal:
    if not is_decimal_text(value):
        raise ValueError(f"{value!r} is no decimal text")
    return Decimal(value)


def _scale(low: Decimal, high: Decimal, start: float, end: float) -> Callable[[Decimal], float]:
    if not low < high:
        raise ValueError(f"an axis runs from {low} to {high}")
    return lambda value: round(start + float((value - low) / (high - low)) * (end - start), 1)


def _ticks(low: Decimal, high: Decimal, scale: Callable[[Decimal], float]) -> tuple[Tick, ...]:
    steps = [low + (high - low) * step / TICKS for step in range(TICKS + 1)]
    return tuple(Tick(scale(step), shown(step, digits=DIGITS)) for step in steps)


def _lines(one: Mapping[str, Any]) -> Plot:
    ends = [_decimal(one[axis][end]) for axis in ("x", "y") for end in ("low", "high")]
    across = _scale(ends[0], ends[1], LEFT, WIDTH - RIGHT)
    up = _scale(ends[2], ends[3], HEIGHT - BOTTOM, TOP)
    curves: list[Curve] = []
    for series in one["series"]:
        style = series["style"] if series["style"] in STYLES else STYLES[0]
        places = tuple((across(_decimal(x)), up(_decimal(y))) for x, y in series["points"])
        number = sum(curve.style == style for curve in curves)
        path = "M" + " L".join(f"{x} {y}" for x, y in places)
        curves.append(Curve(str(series["name"]), style, number, path, places))
    return Plot(
        kind="lines",
        title=str(one["title"]),
        reading=str(one["reading"]),
        width=WIDTH,
        height=HEIGHT,
        x_label=str(one["x"]["label"]),
        y_label=str(one["y"]["label"]),
        x_ticks=_ticks(ends[0], ends[1], across),
        y_ticks=_ticks(ends[2], ends[3], up),
        curves=tuple(curves),
    )


def _intervals(one: Mapping[str, Any]) -> Plot:
    bars: Sequence[Mapping[str, Any]] = one["bars"]
    reference = None if one["reference"] is None else _decimal(one["reference"])
    numbers = [_decimal(bar[part]) for bar in bars for part in ("value", "lower", "upper") if bar[part] is not None]
    numbers += [] if reference is None else [reference]
    low, high = min(numbers), max(numbers)
    room = (high - low) / 20 or Decimal(1)
    across = _scale(low - room, high + room, RIGHT, WIDTH - RIGHT)
    height = TOP + BAR * len(bars) + BOTTOM
    drawn = []
    for place, bar in enumerate(bars):
        value, ends = _decimal(bar["value"]), [bar["lower"], bar["upper"]]
        low_end, high_end = (None if end is None else across(_decimal(end)) for end in ends)
        y = TOP + BAR * place
        drawn.append(BarLine(str(bar["name"]), _words(bar), y + 12, y + 24, across(value), low_end, high_end))
    return Plot(
        kind="intervals",
        title=str(one["title"]),
        reading=str(one["reading"]),
        width=WIDTH,
        height=height,
        x_label=str(one["label"]),
        y_label="",
        x_ticks=_ticks(low - room, high + room, across),
        y_ticks=(),
        bars=tuple(drawn),
        reference=None if reference is None else across(reference),
    )


def _words(bar: Mapping[str, Any]) -> str:
    said = shown(_decimal(bar["value"]), digits=DIGITS)
    if bar["lower"] is not None and bar["upper"] is not None:
        said += f" ({shown(_decimal(bar['lower']), digits=DIGITS)} to {shown(_decimal(bar['upper']), digits=DIGITS)})"
    return f"{said}, {bar['n']} rows" if isinstance(bar["n"], int) else said
