"""Two sketched columns side by side: the same cells for both, and the distances between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.sketch import FORMAT, JUMP, LARGEST_CATEGORY_COUNT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 10


class SketchError(ValueError):
    """Two sketched columns that cannot be compared, with the reason."""

    code = "sketch_not_comparable"


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of both samples over the same cells: bands between ``edges``, or categories."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    edges: tuple[str, ...] = ()
    new: int = 0
    new_rows: int = 0


def columns_by_name(sketch: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a sketch's columns by name; raises SketchError when the document is not a sketch."""
    if sketch.get("format") != FORMAT:
        raise SketchError(f"A sketch has the format {FORMAT!r}, not {sketch.get('format')!r}.")
    return {item["name"]: item for item in sketch["columns"]}


def comparable(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise SketchError unless two columns are of one kind, hold values and were not cut short."""
    name = before["name"]
    if before["kind"] != after["kind"]:
        seen = after.get("type", after["kind"])
        raise SketchError(f"Column {name!r} was {before['kind']} and is now {seen}.")
    for when, item in (("baseline", before), ("current", after)):
        if not item.get("n"):
            raise SketchError(f"Column {name!r} holds no value in the {when} rows.")
        if item.get("distinct", 0) > LARGEST_CATEGORY_COUNT:
            raise SketchError(
                f"Column {name!r} has {item['distinct']} categories in the {when} rows; at most "
                f"{LARGEST_CATEGORY_COUNT} are kept."
            )


def _function(item: Mapping[str, Any], points: NDArray[np.float64], side: str = "right") -> NDArray[np.float64]:
    """Return the share of values up to each point (side "left": below it).

    The function jumps at values that are exact or heavier than a quantile, and is straight between the others.
    """
    import numpy as np

    edges, up_to = _edges(item), np.cumsum(item["counts"]) / item["n"]
    before = np.concatenate([[0.0], up_to[:-1]])
    jumps = np.full(len(edges), True) if item["exact"] else np.array(item["counts"]) > item["n"] * JUMP
    jumps[0] = True
    repeats = np.where(jumps, 2, 1)
    heights = np.repeat(up_to, repeats)
    heights[(np.cumsum(repeats) - 2)[jumps]] = before[jumps]
    where = np.nextafter(points, -np.inf) if side == "left" else points
    return np.asarray(np.interp(where, np.repeat(edges, repeats), heights, left=0.0, right=1.0))


def _edges(item: Mapping[str, Any]) -> NDArray[np.float64]:
    import numpy as np

    return np.array([float(edge) for edge in item["edges"]])


def _gaps(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the points where either function bends, and the gaps just below and at each."""
    import numpy as np

    points = np.unique(np.concatenate([_edges(before), _edges(after)]))
    left, right = (
        np.abs(_function(before, points, side) - _function(after, points, side)) for side in ("left", "right")
    )
    return points, left, right


def kolmogorov_smirnov(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """Return the largest distance between the distribution functions of two numeric columns."""
    _, left, right = _gaps(before, after)
    return float(max(left.max(), right.max()))


def wasserstein(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """Return the area between the distribution functions, in the baseline's deviations; raises SketchError."""
    import numpy as np

    points, left, right = _gaps(before, after)
    moved = float(np.sum(np.diff(points) * (right[:-1] + left[1:]) / 2))
    deviation = float(before["deviation"])
    if deviation > 0:
        return moved / deviation
    if moved == 0:
        return 0.0
    raise SketchError(f"Column {before['name']!r} is constant in the baseline; it has no standard deviation.")


def cells(before: Mapping[str, Any], after: Mapping[str, Any]) -> Cells:
    """Return both columns counted over the same cells: bands between the baseline's deciles, or categories."""
    return _bands(before, after) if before["kind"] == "numeric" else _categories(before, after)


def _bands(before: Mapping[str, Any], after: Mapping[str, Any]) -> Cells:
    """Count over the bands up to each decile of the baseline; a value that alone fills a band is a cell of its own."""
    import numpy as np

    shares = np.array(before["counts"]) / before["n"]
    places = np.unique(np.searchsorted(np.cumsum(shares), np.arange(1, BINS) / BINS - 1e-12))
    bounds = []
    for place in places:
        alone = shares[place] > 1 / BINS
        bounds += [(int(place), "left")] if alone else []
        bounds += [(int(place), "right")] if alone or place < len(shares) - 1 else []
    counted = [_below(item, before, bounds) for item in (before, after)]
    names = tuple(f"{'below' if side == 'left' else 'up to'} {before['edges'][place]}" for place, side in bounds)
    return Cells(counted[0], counted[1], names)


def _below(item: Mapping[str, Any], before: Mapping[str, Any], bounds: list[tuple[int, str]]) -> NDArray[np.int64]:
    import numpy as np

    edges, n = _edges(before), item["n"]
    shares = [float(_function(item, edges[[place]], side)[0]) for place, side in bounds]
    return np.diff(np.concatenate([[0], np.rint(np.array(shares) * n), [n]])).astype(np.int64)


def _categories(before: Mapping[str, Any], after: Mapping[str, Any]) -> Cells:
    import numpy as np

    old, new = ({entry["value"]: entry["count"] for entry in item["categories"]} for item in (before, after))
    names = sorted(set(old) | set(new))
    fresh = [new[name] for name in names if name not in old]
    table = [np.array([counts.get(name, 0) for name in names], dtype=np.int64) for counts in (old, new)]
    return Cells(table[0], table[1], new=len(fresh), new_rows=sum(fresh))
