"""The worst slices: groups of rows with the most errors, searched on one half of the rows and measured on the other.

Slices are a value or quartile band of one column, or two of these at once. The search ranks them by Welch's statistic
of their errors against those of all other rows, in the spirit of Chung et al. (2019, Slice Finder). What is searched
looks worse than it is; so nothing is reported of that half. The intervals hold for all reported slices at once
(Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, coded, is_numeric, numbers
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.groups import JOINT
from monitoring.statistics.intervals import CONFIDENCE, around_mean, newcombe, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]

KEPT = 5
PAIRED = 16
MOST_VALUES = 20
ALIKE = 0.8
FEW_VALUES = 5


@dataclass(frozen=True, slots=True)
class WorstSlice:
    """A slice by name, its error, and its error minus that of all other rows, on the half that was not searched."""

    name: str
    error: Estimate
    gap: Estimate


def worst_slices(
    columns: Mapping[str, Mapping[str, Any]], errors: Floats, rng: np.random.Generator, smallest: int
) -> list[WorstSlice]:
    """Return up to KEPT slices, the worst of the search first, each with ``smallest`` rows or more in both halves.

    ``columns`` holds the rows' members by slice name: {"bmi<24": mask, …} per column (see ``members_of``).
    """
    import numpy as np

    n = len(errors)
    searched = np.zeros(n, dtype=bool)
    searched[rng.permutation(n)[: n // 2]] = True
    chosen = _search(columns, errors, searched, smallest)
    return [WorstSlice(name, *_measured(errors[~searched], mask[~searched], len(chosen))) for name, mask in chosen]


def members_of(table: Any, name: str, shown: str, smallest: int) -> dict[str, Any]:
    """Return the rows of each slice of a column, by the slice's name: bands between quartiles, or frequent values."""
    import numpy as np

    if is_numeric(table, name):
        values = numbers(table, name)
        known = values[~np.isnan(values)]
        if len(np.unique(known)) > FEW_VALUES:
            return _bands(values, known, shown)
    found = coded(table, name)
    counts = np.bincount(found.codes, minlength=len(found.names))
    frequent = sorted(np.flatnonzero(counts >= smallest).tolist(), key=lambda place: -int(counts[place]))[:MOST_VALUES]
    return {f"{shown}={found.names[place]}": found.codes == place for place in frequent}


def _bands(values: Floats, known: Floats, shown: str) -> dict[str, Any]:
    import numpy as np

    edges = sorted({float(f"{edge:.3g}") for edge in np.quantile(known, [0.25, 0.5, 0.75])})
    band = np.searchsorted(edges, values, side="right")
    texts = [f"{edge:g}" for edge in edges]
    names = [f"<{texts[0]}", *(f"={low}-{high}" for low, high in pairwise(texts)), f">={texts[-1]}"]
    missing = np.isnan(values)
    found = {f"{shown}{name}": (band == place) & ~missing for place, name in enumerate(names)}
    return {**found, f"{shown}={MISSING}": missing} if missing.any() else found


def _rank(errors: Floats, mask: Mask, smallest: int) -> float:
    """Return Welch's statistic of the slice against the rest; minus infinity where either is too small."""
    inside, outside = errors[mask], errors[~mask]
    if min(len(inside), len(outside)) < smallest:
        return -math.inf
    spread = inside.var() / len(inside) + outside.var() / len(outside)
    return float((inside.mean() - outside.mean()) / math.sqrt(spread)) if spread > 0 else 0.0


def _search(
    columns: Mapping[str, Mapping[str, Mask]], errors: Floats, searched: Mask, smallest: int
) -> list[tuple[str, Mask]]:
    half = errors[searched]

    def ranked(found: Mapping[str, Mask]) -> list[tuple[float, str, Mask]]:
        usable = {name: mask for name, mask in found.items() if int(mask[~searched].sum()) >= smallest}
        ranks = [(_rank(half, mask[searched], smallest), name, mask) for name, mask in usable.items()]
        return sorted((one for one in ranks if one[0] > -math.inf), key=lambda one: (-one[0], one[1]))

    column_of = {name: column for column, members in columns.items() for name in members}
    singles = ranked({name: mask for members in columns.values() for name, mask in members.items()})
    pairs = {
        f"{first}{JOINT}{second}": one & two
        for (_, first, one), (_, second, two) in combinations(singles[:PAIRED], 2)
        if column_of[first] != column_of[second]
    }
    kept: list[tuple[str, Mask]] = []
    for _, name, mask in sorted([*singles, *ranked(pairs)], key=lambda one: (-one[0], one[1])):
        if len(kept) < KEPT and not any(_alike(mask, other) for _, other in kept):
            kept.append((name, mask))
    return kept


def _alike(one: Mask, two: Mask) -> bool:
    return int((one & two).sum()) > ALIKE * int((one | two).sum())


def _measured(errors: Floats, mask: Mask, slices: int) -> tuple[Estimate, Estimate]:
    """Return the slice's error and its distance to that of the rest, at the confidence that so many slices need."""
    confidence = 1 - (1 - CONFIDENCE) / slices
    inside, outside = errors[mask], errors[~mask]
    n, value, gap = len(inside), float(inside.mean()), float(inside.mean() - outside.mean())
    if ((errors == 0) | (errors == 1)).all():
        hits = [(int(part.sum()), len(part)) for part in (inside, outside)]
        own_rate, apart = wilson(*hits[0], confidence), newcombe(hits[0], hits[1], confidence)
        return Estimate(value, *own_rate, n), Estimate(gap, *apart, n)
    own, other = around_mean(inside, confidence), around_mean(outside, confidence)
    if own is None or other is None:
        return Estimate(value, -math.inf, math.inf, n), Estimate(gap, -math.inf, math.inf, n)
    half = math.hypot((own[1] - own[0]) / 2, (other[1] - other[0]) / 2)
    return Estimate(value, *own, n), Estimate(gap, gap - half, gap + half, n)
