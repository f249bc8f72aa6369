"""Pictures of an explanation: what leads, what makes up the gap between groups, how a value moves the score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitoring.statistics.attributions import Attributions
from monitoring.statistics.explaining.trials import leading
from monitoring.statistics.groups import JOINT
from monitoring.statistics.plots import Axis, Bar, Series, intervals, lines
from registry.checks import Measurement

MOST_BARS = 12
DRAWN = 3
BANDS = 20
FEWEST_OF_BAND = 5


def pictures(table: Attributions, found: Sequence[Measurement], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pictures that these measurements have."""
    drawn = []
    shares = [_bar(item, item.group.removeprefix("feature=")) for item in _of(found, "share")]
    if shares:
        reading = "The longer the way from 0, the more of the model's answers rests on the feature."
        drawn.append(intervals("What the answers rest on", reading, "share", _largest(shares), 0.0))
    for gap in _of(found, "margin_gap"):
        parts = [item for item in _of(found, "gap_decomposition") if item.group.startswith(f"{gap.group}{JOINT}")]
        bars = [_bar(item, item.group.partition("feature=")[2]) for item in parts]
        reading = (
            "Right of 0: the feature lifts the highest group above the lowest; left of 0: it brings them together."
        )
        title = f"What makes up the gap between groups of {gap.group}"
        drawn.append(intervals(title, reading, table.space, _largest(bars), 0.0))
    return [*drawn, *_by_value(table, values)]


def _of(found: Sequence[Measurement], metric: str) -> list[Measurement]:
    return [item for item in found if item.metric == f"explainability.{metric}" and item.value is not None]


def _bar(item: Measurement, name: str) -> Bar:
    lower, upper = (None if end is None else float(end) for end in (item.lower, item.upper))
    return Bar(name, float(str(item.value)), lower, upper, item.n)


def _largest(bars: Sequence[Bar]) -> list[Bar]:
    """Return the longest bars, longest first."""
    return sorted(bars, key=lambda bar: (-abs(bar.value), bar.name))[:MOST_BARS]


def _by_value(table: Attributions, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Draw, for the leading features that are numbers, the mean attribution over bands of equally many rows."""
    import numpy as np

    for name in leading(table, DRAWN):
        own = np.asarray(values.get(name, ()))
        if own.dtype.kind != "f" or not np.isfinite(own).any():
            continue
        parts, there = table.values[:, table.features.index(name)], np.isfinite(own)
        order = np.argsort(own[there], kind="stable")
        bands = np.array_split(order, max(1, min(BANDS, len(order) // FEWEST_OF_BAND)))
        points = [(float(own[there][band].mean()), float(parts[there][band].mean())) for band in bands]
        xs, ys = zip(*points, strict=True)
        room = (max(ys) - min(ys)) * 0.05 or 1.0
        yield lines(
            f"How {name} moves the answer",
            f"Above 0 the values of {name} raise the answer, below 0 they lower it; each point stands for many rows.",
            Axis(name, min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1),
            Axis(f"mean attribution ({table.space})", min(*ys, 0.0) - room, max(*ys, 0.0) + room),
            [Series("no influence", [(min(xs), 0.0), (max(xs), 0.0)], "reference"), Series(name, points)],
        )
