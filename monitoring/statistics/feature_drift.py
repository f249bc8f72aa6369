"""What a comparison of one sketched feature with its baseline measures, number by number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from monitoring.statistics.distances import Distance
from monitoring.statistics.intervals import newcombe, wilson
from monitoring.statistics.movement import Movement, Sketched
from registry.checks import Measurement, Status, measured


def absent(metric: str, reason: str, group: str = "", status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"drift.{metric}", group=group, status=status, reason=reason)


def distance(metric: str, found: Distance, n: int, group: str = "") -> Measurement:
    """Return a distance with its interval."""
    return measured(f"drift.{metric}", found.value, lower=found.lower, upper=found.upper, n=n, group=group)


def share(metric: str, rows: int, n: int, group: str) -> Measurement:
    """Return a share of rows with Wilson's interval."""
    low, high = wilson(rows, n)
    return measured(f"drift.{metric}", rows / n, lower=low, upper=high, n=n, group=group)


def of_feature(new: Sketched, moved: Movement, p_value: float, group: str) -> list[Measurement]:
    """Return the distances of one feature, its test, and the shares of rows that are new to it."""
    found = [
        distance("psi", moved.psi, moved.n, group),
        measured("drift.js", moved.js, n=moved.n, group=group),
        measured("drift.chi2", moved.chi2, n=moved.n, group=group),
        distance("cramers_v", moved.cramers_v, moved.n, group),
        measured("drift.p_value", p_value, n=moved.n, group=group),
    ]
    return [*found, *(_of_numbers if moved.ks else _of_categories)(new, moved, group)]


def _of_numbers(new: Sketched, moved: Movement, group: str) -> list[Measurement]:
    assert moved.ks is not None  # noqa: S101 - the caller asked
    assert moved.outside is not None  # noqa: S101 - numbers have both
    found = [
        distance("ks", moved.ks, moved.n, group),
        share("out_of_range_share", moved.outside, int(new["n"]), group),
    ]
    if moved.wasserstein is None:
        return [*found, absent("wasserstein", moved.not_wasserstein, group)]
    return [*found, measured("drift.wasserstein", moved.wasserstein, n=moved.n, group=group)]


def _of_categories(new: Sketched, moved: Movement, group: str) -> list[Measurement]:
    found = [measured("drift.total_variation", moved.effect, n=moved.n, group=group)]
    if moved.cells.new_rows is None:
        reason = "There are more categories than a sketch keeps; which of them are new is not known."
        return [*found, absent("new_category_share", reason, group)]
    return [*found, share("new_category_share", moved.cells.new_rows, int(new["n"]), group)]


def rows_of(item: Sketched) -> int:
    """Return the count of rows of a column, those without a value among them."""
    return int(item["n"]) + int(item["missing"])


def missing_share(item: Sketched) -> float:
    """Return the share of rows without a value; 0 of no rows."""
    return float(item["missing"] / (rows_of(item) or 1))


def missing_change(old: Sketched, new: Sketched, group: str) -> Measurement:
    """Return how the share of rows without a value has changed, with Newcombe's interval."""
    low, high = newcombe((new["missing"], rows_of(new)), (old["missing"], rows_of(old)))
    change, n = missing_share(new) - missing_share(old), min(rows_of(old), rows_of(new))
    return measured("drift.missing_change", change, lower=min(low, change), upper=max(high, change), n=n, group=group)


def largest(metric: str, family: Sequence[tuple[Distance, Distance]], n: int) -> Measurement:
    """Return the largest distance (alone, of all); its interval holds for all of the family at once."""
    value = max(alone.value for alone, _ in family)
    lower, upper = (max(getattr(of_all, side) for _, of_all in family) for side in ("lower", "upper"))
    return measured(f"drift.{metric}", value, lower=min(lower, value), upper=max(upper, value), n=n)


def not_ruled_out(moved: Movement, sizes: tuple[int, int]) -> float:
    """Return the largest effect that the rows leave possible, at the level that holds for all features.

    For categories it is bounded by the deviation of shares that Weissman et al. (2003) allow a sample of n rows.
    """
    if moved.ks_of_all is not None:
        return moved.ks_of_all.upper
    cells = len(moved.cells.before)
    half = sum(math.sqrt(2 * (cells * math.log(2) + math.log(2 / (1 - moved.level))) / n) / 2 for n in sizes)
    return min(1.0, moved.effect + half)


def out_of_range(moved: Movement, before: int, after: int) -> bool:
    """Say whether more rows lie outside the baseline's range than the 2 / (n + 1) to be expected of its population."""
    return bool(moved.outside) and wilson(moved.outside or 0, after)[0] > 2 / (before + 1)


def evidence_of(name: str, moved: Movement) -> dict[str, Any]:
    """Return the counts from which PSI, Jensen-Shannon and chi-squared follow, and the shape of numbers to draw.

    Categories are told by their place in the baseline's sketch; after them are new ones, or all others: nameless.
    """
    return {
        "feature": name,
        "bounds": list(moved.cells.edges),
        "baseline": [int(count) for count in moved.cells.before],
        "current": [int(count) for count in moved.cells.after],
        "categories": list(moved.cells.kept),
        "lumped": moved.cells.lumped,
        "shape": None if moved.shape is None else moved.shape.document(),
    }
