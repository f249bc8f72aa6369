"""How far one sketched column has moved from its baseline: every distance, a test, and the size of the effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.statistics import distances
from monitoring.statistics.compare import Cells, SketchError, cells, comparable, kolmogorov_smirnov, wasserstein
from monitoring.statistics.distances import Distance
from monitoring.statistics.intervals import CONFIDENCE

Sketched = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Movement:
    """Distances of one column, each alone at 95 % and (``of_all``) at the level that holds for a whole family.

    ``ks`` and ``wasserstein`` are for numbers, ``chi2`` for categories; ``effect`` is KS or total variation.
    """

    n: int
    cells: Cells
    psi: Distance
    psi_of_all: Distance
    js: float
    p_value: float
    effect: float
    ks: Distance | None = None
    ks_of_all: Distance | None = None
    wasserstein: float | None = None
    not_wasserstein: str = ""
    chi2: float | None = None


def compare(before: Sketched, after: Sketched | None, family: int = 1) -> Movement:
    """Compare two sketched columns, one of a family of so many; raises SketchError when they cannot be compared."""
    if after is None:
        raise SketchError(f"Column {before['name']!r} is not in the current rows.")
    comparable(before, after)
    sizes, level = (int(before["n"]), int(after["n"])), 1 - (1 - CONFIDENCE) / family
    counted = cells(before, after)
    table = (counted.before, counted.after)
    shared: dict[str, Any] = {
        "n": min(sizes),
        "cells": counted,
        "psi": distances.psi(*table),
        "psi_of_all": distances.psi(*table, level),
        "js": distances.jensen_shannon(*table),
    }
    if before["kind"] == "categorical":
        test = distances.chi_squared(*table)
        effect = distances.total_variation(*table)
        return Movement(**shared, p_value=test.p_value, effect=effect, chi2=test.statistic)
    ks = kolmogorov_smirnov(before, after)
    moved, reason = _wasserstein(before, after)
    return Movement(
        **shared,
        p_value=distances.kolmogorov_p(ks, *sizes),
        effect=ks,
        ks=distances.kolmogorov_band(ks, *sizes),
        ks_of_all=distances.kolmogorov_band(ks, *sizes, level),
        wasserstein=moved,
        not_wasserstein=reason,
    )


def _wasserstein(before: Sketched, after: Sketched) -> tuple[float | None, str]:
    try:
        return wasserstein(before, after), ""
    except SketchError as error:
        return None, str(error)
