"""Whether an explanation holds: it adds up, the same features lead again, and taking them away moves the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitoring.statistics.attributions import Attributions
from monitoring.statistics.explaining.metrics import absent
from monitoring.statistics.intervals import around_mean
from registry.checks import Measurement, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEADERS = 3


def leading(table: Attributions, count: int) -> list[str]:
    """Return the features with the largest mean absolute attribution, the first of equals first."""
    import numpy as np

    order = np.argsort(-abs(table.values).sum(axis=0), kind="stable")[:count]
    return [table.features[index] for index in order]


def additivity(table: Attributions) -> Measurement:
    """Return the largest distance of a row's margin from base + attributions."""
    error = abs(table.base + table.values.sum(axis=1) - table.margin).max()
    return measured("explainability.additivity_error", float(error), n=len(table.margin), unit=table.space)


def stability(table: Attributions, rng: np.random.Generator, replicates: int) -> Measurement:
    """Return the mean share of the leading features that lead again in a bootstrap of the rows."""
    import numpy as np

    sizes, count = abs(table.values), min(LEADERS, len(table.features))
    if not sizes.any():
        return absent("stability", "All attributions are 0; no feature leads.")
    n = len(sizes)
    leaders = set(np.argsort(-sizes.sum(axis=0), kind="stable")[:count].tolist())
    again = 0
    for _ in range(replicates):
        weights = np.bincount(rng.integers(0, n, n), minlength=n)
        again += len(leaders & set(np.argsort(-(weights @ sizes), kind="stable")[:count].tolist()))
    return measured("explainability.stability", again / (replicates * count), n=n)


def deletion(table: Attributions) -> list[Measurement]:
    """Return whether, and how much further, leading features move the score than as many drawn at random."""
    import numpy as np

    reason = ""
    if table.deletion is None:
        reason = "The attributions came without a trial of taking features away."
    elif len(table.features) == 1:
        reason = "With one feature there is no other to compare with."
    if table.deletion is None or reason:
        return [absent(metric, reason) for metric in ("deletion_fidelity", "deletion_gain")]
    first, second = table.deletion
    wins = np.where(first == second, 0.5, (first > second).astype(np.float64))
    return [
        _mean("deletion_fidelity", wins, 0.0, 1.0),
        _mean("deletion_gain", first - second, -1.0, 1.0, unit="score"),
    ]


def _mean(metric: str, values: NDArray[np.float64], least: float, most: float, unit: str = "") -> Measurement:
    value, n = float(values.mean()), len(values)
    low, high = around_mean(values) or (least, most)
    if low == high:
        low, high = least if n < LEADERS else low, most if n < LEADERS else high
    lower, upper = max(least, min(low, value)), min(most, max(high, value))
    return measured(f"explainability.{metric}", value, lower=lower, upper=upper, n=n, unit=unit)


def drivers(table: Attributions, declared: Sequence[str] | None) -> Measurement:
    """Return the share of the declared drivers that are among as many leading features."""
    if not declared:
        reason = "Nobody declared what is to drive this version."
        return absent("drivers_overlap", reason, status=Status.NOT_APPLICABLE)
    if not abs(table.values).any():
        return absent("drivers_overlap", "All attributions are 0; no feature leads.")
    leaders = leading(table, len(declared))
    found = sum(name in leaders for name in declared) / len(declared)
    return measured("explainability.drivers_overlap", found, n=len(table.margin))
