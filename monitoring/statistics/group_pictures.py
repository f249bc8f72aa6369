"""The pictures of groups: who is selected, who is wrongly turned away or let in, or whom the amounts are wrong for."""

from collections.abc import Sequence
from typing import Any

from monitoring.statistics.groups import JOINT
from monitoring.statistics.plots import Bar, intervals
from registry.checks import Measurement, Status

MOST_GROUPS = 24
CHANCE = "where the lines of two groups overlap far, the difference may be chance."
SHOWN = (
    ("selection_rate", "Who is selected", f"The share of each group that is selected; {CHANCE}", None),
    ("fnr", "Who is wrongly turned away", f"Of those who should be selected, the share that is not; {CHANCE}", None),
    ("fpr", "Who is wrongly selected", f"Of those who should not be selected, the share that is; {CHANCE}", None),
    ("error_mean", "Whom the amounts are wrong for", "Left of the line a group gets too little, right too much.", 0.0),
)


def pictures(found: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Draw each of these numbers that was measured, by group of single attributes."""
    drawn = []
    for metric, title, reading, reference in SHOWN:
        bars = [
            Bar(one.group, float(one.value), _end(one.lower), _end(one.upper), one.n)
            for one in found
            if one.metric == f"fairness.{metric}" and one.status is Status.MEASURED and one.value is not None
            if "=" in one.group and JOINT not in one.group
        ]
        if bars:
            drawn.append(intervals(title, reading, metric.replace("_", " "), bars[:MOST_GROUPS], reference))
    return drawn


def _end(text: str | None) -> float | None:
    return None if text is None else float(text)
