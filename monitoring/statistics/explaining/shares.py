"""Which share of the explanation falls on a feature, or on several: mean absolute attributions over their sum."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from monitoring.statistics.attributions import Attributions
from monitoring.statistics.auc import FEWEST
from monitoring.statistics.explaining.metrics import NOTHING, absent
from monitoring.statistics.intervals import quantile_of_normal
from registry.checks import Measurement, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def shares(table: Attributions, protected: Collection[str]) -> list[Measurement]:
    """Return the share of the protected features together, and of each feature."""
    found = [share_of("protected_share", table, protected)]
    whole = abs(table.values).sum(axis=1)
    for index, name in enumerate(table.features):
        if not whole.any():
            found.append(absent("share", NOTHING, f"feature={name}"))
        else:
            found.append(_share("share", abs(table.values[:, index]), whole, f"feature={name}"))
    return found


def share_of(metric: str, table: Attributions, names: Collection[str]) -> Measurement:
    """Return the share of several features together; exactly 0 when the model uses none of them."""
    used = [index for index, name in enumerate(table.features) if name in names]
    sizes = abs(table.values)
    whole = sizes.sum(axis=1)
    if not used:
        return measured(f"explainability.{metric}", 0, lower=0, upper=0, n=len(whole))
    if not whole.any():
        return absent(metric, NOTHING)
    return _share(metric, sizes[:, used].sum(axis=1), whole)


def _share(metric: str, part: NDArray[np.float64], whole: NDArray[np.float64], group: str = "") -> Measurement:
    """Return a ratio of means with the delta method's interval; with one row nothing is known: 0 to 1."""
    n, value = len(whole), float(part.sum() / whole.sum())
    if n < FEWEST:
        return measured(f"explainability.{metric}", value, lower=0, upper=1, n=n, group=group)
    half = quantile_of_normal() * float((part - value * whole).std(ddof=1)) / (float(whole.mean()) * math.sqrt(n))
    lower, upper = max(0.0, value - half), min(1.0, value + half)
    return measured(f"explainability.{metric}", value, lower=lower, upper=upper, n=n, group=group)
