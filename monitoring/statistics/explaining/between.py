"""Through which features groups come out apart, and which features tell the group: gaps and proxies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.attributions import Attributions
from monitoring.statistics.auc import FEWEST, Area, area
from monitoring.statistics.columns import MISSING
from monitoring.statistics.explaining.metrics import absent
from monitoring.statistics.groups import JOINT, group_column
from monitoring.statistics.intervals import around_mean
from registry.checks import Measurement, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OF_GROUPS = ("margin_gap", "gap_decomposition", "proxy_strength")


def between_groups(
    table: Attributions, name: str, declared: Mapping[str, Any], values: Mapping[str, Any], *, proxies: bool
) -> list[Measurement]:
    """Return gap, decomposition and proxies for one attribute, or why there are none.

    ``values`` are the features themselves, as rows of text or numbers; where one is missing, what it contributes
    stands in for it.
    """
    import numpy as np

    if name not in declared:
        reason = f"The dataset's schema does not declare the sensitive attribute {name!r}."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    if name not in table.groups:
        reason = f"The attributions have no column {group_column(name)!r} for a declared sensitive attribute."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    groups = table.groups[name]
    known = [str(group) for group in np.unique(groups.astype(str)) if group != MISSING]
    known = [group for group in known if int((groups == group).sum()) >= FEWEST]
    if len(known) < 2:  # noqa: PLR2004 - a comparison needs two
        reason = f"A comparison by {name} needs two groups of at least {FEWEST} rows; there are {len(known)}."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    gaps = _gaps(table, name, groups, known)
    return [*gaps, *_proxies(table, name, groups, known, values)] if proxies else gaps


def _extremes(table: Attributions, groups: NDArray[Any], known: Sequence[str]) -> tuple[str, str]:
    """Return the groups with the highest and the lowest mean margin."""
    means = {group: float(table.margin[groups == group].mean()) for group in known}
    ordered = sorted(known, key=lambda group: (means[group], group))
    return ordered[-1], ordered[0]


def _gaps(table: Attributions, name: str, groups: NDArray[Any], known: Sequence[str]) -> list[Measurement]:
    high, low = _extremes(table, groups, known)
    columns = [("margin_gap", name, table.margin)]
    for index, feature in enumerate(table.features):
        columns.append(("gap_decomposition", f"{name}{JOINT}feature={feature}", table.values[:, index]))
    return [
        _gap(metric, group, values[groups == high], values[groups == low], table.space)
        for metric, group, values in columns
    ]


def _gap(metric: str, group: str, above: NDArray[np.float64], below: NDArray[np.float64], unit: str) -> Measurement:
    """Return the difference of two means; the interval joins those of both means (Welch's width)."""
    value = float(above.mean() - below.mean())
    halves = []
    for values in (above, below):
        bounds = around_mean(values)
        halves.append((bounds[1] - bounds[0]) / 2 if bounds else math.inf)
    half, n = math.hypot(*halves), min(len(above), len(below))
    lower, upper = value - half, value + half
    return measured(f"explainability.{metric}", value, lower=lower, upper=upper, n=n, group=group, unit=unit)


def _proxies(
    table: Attributions, name: str, groups: NDArray[Any], known: Sequence[str], values: Mapping[str, Any]
) -> list[Measurement]:
    found = []
    for index, feature in enumerate(table.features):
        own = values.get(feature)
        areas = [
            _folded(area(*_scored(groups, group, table.values[:, index] if own is None else own)))
            for group in known
            if _split(groups, group)
        ]
        place = f"{name}{JOINT}feature={feature}"
        if not areas:
            found.append(absent("proxy_strength", f"No group of {name} has enough rows on both sides.", place))
            continue
        best = max(areas, key=lambda item: item.value)
        n = int((groups != MISSING).sum())
        found.append(
            measured("explainability.proxy_strength", best.value, lower=best.lower, upper=best.upper, n=n, group=place)
        )
    return found


def _scored(groups: NDArray[Any], group: str, own: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return who is in the group, and a number per row that orders the rows by the feature.

    Numbers order themselves, a missing one below all. Text is ordered by the share of the group among the rows of the
    same text in the other half of the rows (every second one), so that a text that occurs once tells nothing.
    """
    import numpy as np

    chosen = groups != MISSING
    inside = (groups[chosen] == group).astype(np.int64)
    mine = np.asarray(own, dtype=object)[chosen] if _is_text(own) else np.asarray(own, dtype=np.float64)[chosen]
    if mine.dtype.kind == "f":
        least = np.nanmin(mine) - 1 if np.isfinite(mine).any() else 0.0
        return inside, np.nan_to_num(np.where(np.isnan(mine), least, mine))
    codes = np.unique(mine.astype(str), return_inverse=True)[1]
    half = np.arange(len(mine)) % 2 == 1
    scores = np.zeros(len(mine))
    for own_half in (half, ~half):
        counts = np.bincount(codes[~own_half], minlength=codes.max() + 1)
        hits = np.bincount(codes[~own_half], weights=inside[~own_half], minlength=codes.max() + 1)
        overall = inside[~own_half].mean() if (~own_half).any() else 0.0
        rates = (hits + overall) / (counts + 1)
        scores[own_half] = rates[codes[own_half]]
    return inside, scores


def _is_text(own: Any) -> bool:
    import numpy as np

    return np.asarray(own).dtype.kind in "OUS"


def _split(groups: NDArray[Any], group: str) -> bool:
    inside, known = int((groups == group).sum()), int((groups != MISSING).sum())
    return min(inside, known - inside) >= FEWEST


def _folded(found: Area) -> Area:
    """Turn an area below one half around; an interval that holds one half starts there."""
    if found.value < 0.5:  # noqa: PLR2004 - chance
        found = Area(1 - found.value, 1 - found.upper, 1 - found.lower)
    return Area(found.value, max(0.5, found.lower), max(found.upper, 1 - found.lower))
