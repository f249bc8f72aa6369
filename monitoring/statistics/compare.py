"""Two sketched columns side by side: the same cells for both, and the distances between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.sketch import FORMAT
from monitoring.statistics.summary import LARGEST, Points, distinct
from registry.canonical import decimal_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 10
COVERED = 0.5
EARLIER = "sketch/1"
JUMP = 2 / LARGEST  # in the earlier format, a count above this share of the rows is of the edge alone


class SketchError(ValueError):
    """Two sketched columns that cannot be compared, with the reason."""

    code = "sketch_not_comparable"


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of both samples over the same cells: bands between ``edges``, or categories.

    Of categories, those of the baseline come first (``kept``: their places in its sketch), then the ``new`` ones; or,
    if ``lumped``, all that one of the sketches did not keep by name, as one cell; new ones then are not known (None).
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    edges: tuple[str, ...] = ()
    new: int | None = 0
    new_rows: int | None = 0
    lumped: bool = False
    kept: tuple[int, ...] = ()


def columns_by_name(sketch: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a sketch's columns by name; raises SketchError when the document is not a sketch."""
    if sketch.get("format") not in {FORMAT, EARLIER}:
        raise SketchError(f"A sketch has the format {FORMAT!r}, not {sketch.get('format')!r}.")
    return {item["name"]: item for item in sketch["columns"]}


def comparable(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise SketchError unless two columns are of one kind and hold values."""
    name = before["name"]
    if before["kind"] != after["kind"]:
        seen = after.get("type", after["kind"])
        raise SketchError(f"Column {name!r} was {before['kind']} and is now {seen}.")
    for when, item in (("baseline", before), ("current", after)):
        if not item.get("n"):
            raise SketchError(f"Column {name!r} holds no value in the {when} rows.")


def points_of(item: Mapping[str, Any]) -> Points:
    """Return the distribution of a sketched numeric column."""
    import numpy as np

    counts = np.array(item["counts"], dtype=np.int64)
    if item["exact"]:
        at = counts
    elif "at" in item:
        at = np.array(item["at"], dtype=np.int64)
    else:
        at = np.where(counts > item["n"] * JUMP, counts, 0)
        at[0] = counts[0]
    return Points(np.array([float(edge) for edge in item["edges"]]), counts, at)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The points where either of two distribution functions bends, and how far apart they are below and at each."""

    points: NDArray[np.float64]
    below: NDArray[np.float64]
    up_to: NDArray[np.float64]

    @property
    def largest(self) -> float:
        """The Kolmogorov-Smirnov distance."""
        return float(max(self.below.max(), self.up_to.max()))

    @property
    def area(self) -> float:
        """The Wasserstein distance, in units of the column."""
        import numpy as np

        with np.errstate(over="ignore"):
            return float(np.sum(np.diff(self.points) * (self.up_to[:-1] + self.below[1:]) / 2))


def gaps(before: Points, after: Points) -> Gaps:
    """Return how far two distribution functions lie apart."""
    import numpy as np

    points = distinct(np.concatenate([before.edges, after.edges]))
    sides = [[side / item.rows for side in item.rows_up_to(points)] for item in (before, after)]
    below, up_to = (np.abs(sides[0][place] - sides[1][place]) for place in (0, 1))
    return Gaps(points, below, up_to)


def in_deviations(area: float, before: Mapping[str, Any]) -> float:
    """Return a Wasserstein distance in the baseline's deviations; raises SketchError."""
    deviation = float(before["deviation"])
    if not math.isfinite(deviation) or not math.isfinite(area):
        raise SketchError(f"Column {before['name']!r} holds numbers too far apart to have a standard deviation.")
    if deviation > 0:
        return area / deviation
    if area == 0:
        return 0.0
    raise SketchError(f"Column {before['name']!r} is constant in the baseline; it has no standard deviation.")


def bands(before: Points, after: Points) -> Cells:
    """Count over the bands up to each decile of the baseline; a value that alone fills a band is a cell of its own."""
    import numpy as np

    rows, up_to = before.rows, np.cumsum(before.counts)
    places = np.unique(np.searchsorted(up_to / rows, np.arange(1, BINS) / BINS - 1e-12))
    bounds = []
    for place in places.tolist():
        alone = before.at[place] > rows / BINS
        bounds += [(place, 0)] if alone else []
        bounds += [(place, 1)] if alone or place < len(up_to) - 1 else []
    at = before.edges[[place for place, _ in bounds]]
    found = []
    for item in (before, after):
        sides = item.rows_up_to(at)
        inner = [sides[side][index] for index, (_, side) in enumerate(bounds)]
        found.append(np.diff(np.rint([0.0, *inner, item.rows])).astype(np.int64))
    return Cells(found[0], found[1], tuple(_bound(float(at[index]), side) for index, (_, side) in enumerate(bounds)))


def _bound(edge: float, side: int) -> str:
    return f"{'up to' if side else 'below'} {decimal_string(edge)}"


def categories(before: Mapping[str, Any], after: Mapping[str, Any]) -> Cells:
    """Count over categories; where a sketch did not keep all of them, over those that both kept, and all others.

    Raises SketchError where these others are more than half of the rows.
    """
    import numpy as np

    old, new = ({entry["value"]: entry["count"] for entry in item["categories"]} for item in (before, after))
    lumped = any(item["n"] > sum(kept.values()) for item, kept in ((before, old), (after, new)))
    fresh = sorted(set(new) - set(old))
    names = [name for name in old if name in new] if lumped else [*old, *fresh]
    kept = tuple(place for place, name in enumerate(old) if not lumped or name in new)
    table = [[counts.get(name, 0) for name in names] for counts in (old, new)]
    if lumped:
        for item, counts in zip((before, after), table, strict=True):
            counts.append(item["n"] - sum(counts))
            _covered(before, after, counts[-1] / item["n"])
    found = [np.array(counts, dtype=np.int64) for counts in table]
    if lumped:
        return Cells(found[0], found[1], new=None, new_rows=None, lumped=True, kept=kept)
    return Cells(found[0], found[1], new=len(fresh), new_rows=sum(new[name] for name in fresh), kept=kept)


def _covered(before: Mapping[str, Any], after: Mapping[str, Any], others: float) -> None:
    if others > 1 - COVERED:
        item, when = max((before, "baseline"), (after, "current"), key=lambda pair: pair[0]["distinct"])
        raise SketchError(
            f"Column {before['name']!r} has {item['distinct']} categories in the {when} rows; {others:.0%} of the rows "
            f"are in none of the at most {LARGEST} that both sketches keep."
        )
