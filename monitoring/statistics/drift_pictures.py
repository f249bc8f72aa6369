"""Pictures of drift: how far every feature has moved, and the two distributions of one of them over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.statistics.distances import Distance
from monitoring.statistics.intervals import newcombe
from monitoring.statistics.plots import Axis, Bar, Point, Series, intervals, lines

MOST_BARS = 20
ROOM = 1.1
FEWEST_TO_NAME = 10
RARE = "all others, together"
NEW = "new ones, together"


def moved_picture(moved: Mapping[str, tuple[Distance, int]]) -> dict[str, Any]:
    """Return the features that moved furthest by their population stability index, at most MOST_BARS of them."""
    furthest = sorted(moved.items(), key=lambda item: -item[1][0].value)[:MOST_BARS]
    bars = [Bar(name, found.value, found.lower, found.upper, n) for name, (found, n) in furthest]
    title = "Which features have moved?"
    if len(moved) > MOST_BARS:
        title = f"Which of {len(moved)} features have moved furthest?"
    reading = "The line is no change. An interval that reaches it can be chance; the further to the right, the worse."
    return intervals(title, reading, "population stability index", bars, 0.0)


def shape_picture(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return both distributions of a numeric column as outlines of their shares per bin."""
    low, high = float(shape["low"]), float(shape["high"])
    outlines = [_outline(shape[side], low, high) for side in ("baseline", "current")]
    top = max(share for outline in outlines for _, share in outline) * ROOM
    return lines(
        f"Where the values of {name} lie",
        "The dashed outline is the baseline, the other the rows judged now: where one is above the other, rows have "
        "come or gone. The first and the last step hold all that lies beyond.",
        Axis(name, low, high),
        Axis("share of rows", 0.0, top),
        (Series("baseline", outlines[0], "reference"), Series("now", outlines[1])),
    )


def _outline(counts: Sequence[int], low: float, high: float) -> list[Point]:
    """Return a line along the tops of the bins."""
    rows, wide = sum(counts), (high - low) / len(counts)
    found: list[Point] = []
    for place, count in enumerate(counts):
        found += [(low + place * wide, count / rows), (low + (place + 1) * wide, count / rows)]
    return found


def categories_picture(
    name: str, names: Sequence[str], before: Sequence[int], after: Sequence[int], *, lumped: bool
) -> dict[str, Any]:
    """Return how the share of each category has changed, with Newcombe's interval.

    ``names`` are those of the first of the counts, which are the baseline's; the counts after them are of new ones, or,
    if ``lumped``, of all others. A category of fewer than FEWEST_TO_NAME rows of the baseline, which could tell of a
    person, is not named.
    """
    sizes, sums = (sum(after), sum(before)), dict[str, list[int]]()
    for place, (now, then) in enumerate(zip(after, before, strict=True)):
        shown = RARE if lumped else NEW
        if place < len(names):
            shown = names[place] if then >= FEWEST_TO_NAME else RARE
        held = sums.setdefault(shown, [0, 0])
        sums[shown] = [held[0] + now, held[1] + then]
    bars = []
    for shown, (now, then) in sums.items():
        low, high = newcombe((now, sizes[0]), (then, sizes[1]))
        bars.append(Bar(shown, now / sizes[0] - then / sizes[1], low, high, now + then))
    bars.sort(key=lambda bar: -abs(bar.value))
    return intervals(
        f"How the categories of {name} have changed",
        "Right of the line a category has become more frequent, left of it rarer; an interval over the line can be "
        "chance.",
        "share of rows now minus in the baseline",
        bars[:MOST_BARS],
        0.0,
    )
