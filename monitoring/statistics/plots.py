"""Pictures as data: what a check adds to its evidence under "plots", and a page draws without knowing the check.

Two kinds: ``lines`` (curves over two axes) and ``intervals`` (named values with their ends, beside a reference). Each
has a title and a reading, one sentence that says to somebody without training what to look for. Numbers are decimal
strings; a line has at most MOST_POINTS points, and none of them is a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from registry.canonical import decimal_string

MOST_POINTS = 120
DIGITS = 5
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says and where it begins and ends."""

    label: str
    low: float = 0.0
    high: float = 1.0

    def document(self) -> dict[str, str]:
        """Return the canonical form."""
        return {"label": self.label, "low": number(self.low), "high": number(self.high)}


@dataclass(frozen=True, slots=True)
class Series:
    """A line by name; ``style`` is "own", "reference" (what would be expected) or "mark" (single points)."""

    name: str
    points: Sequence[Point]
    style: str = "own"

    def document(self) -> dict[str, Any]:
        """Return the canonical form, thinned to MOST_POINTS points that keep both ends; gaps are left out."""
        finite = [point for point in self.points if all(math.isfinite(part) for part in point)]
        return {
            "name": self.name,
            "style": self.style,
            "points": [[number(x), number(y)] for x, y in thinned(finite)],
        }


@dataclass(frozen=True, slots=True)
class Bar:
    """A named value with the ends of its interval, and the rows it rests on."""

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None
    n: int | None = None


def number(value: float) -> str:
    """Return a number as a picture needs it: five digits."""
    return decimal_string(float(f"{value:.{DIGITS}g}"))


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most so many of the points, evenly spaced along the line as drawn, with both ends."""
    if len(points) <= most:
        return list(points)
    lengths, total = [0.0], 0.0
    spans = [max(point[axis] for point in points) - min(point[axis] for point in points) or 1.0 for axis in (0, 1)]
    for before, after in pairwise(points):
        total += sum(abs(after[axis] - before[axis]) / spans[axis] for axis in (0, 1))
        lengths.append(total)
    kept, wanted = [points[0]], 1
    for place, point in enumerate(points[1:-1], start=1):
        if lengths[place] >= total * wanted / (most - 1):
            kept.append(point)
            wanted = int(lengths[place] * (most - 1) / total) + 1 if total else wanted + 1
    return [*kept, points[-1]]


def lines(title: str, reading: str, x: Axis, y: Axis, series: Iterable[Series]) -> dict[str, Any]:
    """Return a picture of curves."""
    drawn = [one.document() for one in series]
    return {
        "kind": "lines",
        "title": title,
        "reading": reading,
        "x": x.document(),
        "y": y.document(),
        "series": [one for one in drawn if one["points"]],
    }


def intervals(title: str, reading: str, label: str, bars: Sequence[Bar], reference: float | None) -> dict[str, Any]:
    """Return a picture of named values with their intervals; ends that are not finite are not drawn."""
    drawn = [
        {
            "name": bar.name,
            "value": number(bar.value),
            "lower": None if bar.lower is None or not math.isfinite(bar.lower) else number(bar.lower),
            "upper": None if bar.upper is None or not math.isfinite(bar.upper) else number(bar.upper),
            "n": bar.n,
        }
        for bar in bars
    ]
    return {
        "kind": "intervals",
        "title": title,
        "reading": reading,
        "label": label,
        "bars": drawn,
        "reference": None if reference is None else number(reference),
    }
