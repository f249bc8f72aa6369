"""How far one sketched column has moved from its baseline: every distance, a test, and the size of the effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.statistics import distances
from monitoring.statistics.compare import (
    Cells,
    SketchError,
    bands,
    categories,
    comparable,
    gaps,
    in_deviations,
    points_of,
)
from monitoring.statistics.distances import Distance
from monitoring.statistics.intervals import CONFIDENCE
from monitoring.statistics.shape import Shape, shape_of
from monitoring.statistics.summary import Points

Sketched = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Movement:
    """Distances of one column, each alone at 95 % and (``of_all``) at the level that holds for a whole family.

    ``ks``, ``wasserstein`` and ``outside`` (rows below the least or above the greatest value of the baseline, at least)
    are for numbers; ``effect`` is KS, or the total variation of categories. ``level`` is that of the family.
    """

    n: int
    cells: Cells
    psi: Distance
    psi_of_all: Distance
    js: float
    chi2: float
    cramers_v: Distance
    p_value: float
    effect: float
    ks: Distance | None = None
    ks_of_all: Distance | None = None
    wasserstein: float | None = None
    not_wasserstein: str = ""
    outside: int | None = None
    shape: Shape | None = None
    level: float = CONFIDENCE


def compare(before: Sketched, after: Sketched | None, family: int = 1) -> Movement:
    """Compare two sketched columns, one of a family of so many; raises SketchError when they cannot be compared."""
    if after is None:
        raise SketchError(f"Column {before['name']!r} is not in the current rows.")
    comparable(before, after)
    level = 1 - (1 - CONFIDENCE) / family
    return _numbers(before, after, level) if before["kind"] == "numeric" else _categories(before, after, level)


def _of_cells(counted: Cells, before: Sketched, after: Sketched, level: float) -> tuple[dict[str, Any], float]:
    """Return what counts over cells tell, and the p-value of their test."""
    table, sizes = (counted.before, counted.after), (int(before["n"]), int(after["n"]))
    test = distances.chi_squared(*table)
    found = {
        "n": min(sizes),
        "level": level,
        "cells": counted,
        "psi": distances.psi(*table),
        "psi_of_all": distances.psi(*table, level),
        "js": distances.jensen_shannon(*table),
        "chi2": test.statistic,
        "cramers_v": distances.cramers_v(test, sum(sizes)),
    }
    return found, test.p_value


def _categories(before: Sketched, after: Sketched, level: float) -> Movement:
    counted = categories(before, after)
    shared, p_value = _of_cells(counted, before, after, level)
    return Movement(**shared, p_value=p_value, effect=distances.total_variation(counted.before, counted.after))


def _numbers(before: Sketched, after: Sketched, level: float) -> Movement:
    old, new = points_of(before), points_of(after)
    shared, _ = _of_cells(bands(old, new), before, after, level)
    apart, sizes = gaps(old, new), (old.rows, new.rows)
    moved, reason = _wasserstein(apart.area, before)
    return Movement(
        **shared,
        p_value=distances.kolmogorov_p(apart.largest, *sizes),
        effect=apart.largest,
        ks=distances.kolmogorov_band(apart.largest, *sizes),
        ks_of_all=distances.kolmogorov_band(apart.largest, *sizes, level),
        wasserstein=moved,
        not_wasserstein=reason,
        outside=_outside(before, new),
        shape=shape_of(old, new),
    )


def _outside(before: Sketched, new: Points) -> int:
    import numpy as np

    below, up_to = new.rows_up_to(np.array([float(before["min"]), float(before["max"])]))
    return round(float(below[0])) + new.rows - round(float(up_to[1]))


def _wasserstein(area: float, before: Sketched) -> tuple[float | None, str]:
    try:
        return in_deviations(area, before), ""
    except SketchError as error:
        return None, str(error)
