"""The performance of predicted amounts: mean errors explained variance, and differences, with bootstraps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from monitoring.statistics.bootstrap import bootstrap
from monitoring.statistics.intervals import generator
from monitoring.statistics.performance.answers import Amounts
from monitoring.statistics.performance.binary import told
from monitoring.statistics.performance.naming import COMPARED, absent
from monitoring.statistics.plots import Axis, Series, lines
from monitoring.statistics.tasks import REGRESSION
from registry.checks import Finding, Measurement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    OfWeights = Callable[[Floats], dict[str, Floats]]

LOWEST = {"mae": 0.0, "rmse": 0.0, "mape": 0.0}
BANDS = 20


def _errors(target: Floats, predicted: Floats) -> OfWeights:
    """Return the function of weights (replicates x rows) that gives the errors and the explained variance."""
    import numpy as np

    error = predicted - target
    centred = target - target.mean()
    columns = np.column_stack([np.abs(error), error**2, error, centred, centred**2, np.ones_like(error)])

    def of(weights: Floats) -> dict[str, Floats]:
        absolute, squared, signed, first, second, n = (weights @ columns).T
        spread = second - first**2 / n
        unexplained = np.divide(squared, spread, out=np.full_like(squared, np.nan), where=spread > 0)
        return {
            "mae": absolute / n,
            "rmse": np.sqrt(squared / n),
            "r2": 1 - unexplained,
            "bias": signed / n,
        }

    return of


def own_figures(found: Amounts, seed: int, replicates: int) -> list[Measurement]:
    """Return every figure of one version's predictions."""
    rng = generator(seed, "amounts")
    estimates = bootstrap(
        lambda rows: _errors(found.labels[rows], found.predictions[rows]), found.rows * 0, rng, replicates
    )
    measurements = [_mape(found, seed, replicates)]
    for name, estimate in estimates.items():
        if estimate is None:
            measurements.append(absent(name, "The target is the same in every row; there is no variance to explain."))
        else:
            top = 1.0 if name == "r2" else math.inf
            measurements.append(told(name, estimate, LOWEST.get(name, -math.inf), top))
    return measurements


def _mape(found: Amounts, seed: int, replicates: int) -> Measurement:
    zeros = int((found.labels == 0).sum())
    if zeros:
        return absent("mape", f"The target is 0 in {zeros} of {len(found)} rows; an error cannot be a share of that.")
    shares = abs((found.predictions - found.labels) / found.labels)

    def mean(rows: NDArray[np.int64]) -> OfWeights:
        return lambda weights: {"mape": weights @ shares[rows] / weights.sum(axis=1)}

    estimate = bootstrap(mean, found.rows * 0, generator(seed, "mape"), replicates)["mape"]
    assert estimate is not None  # noqa: S101 - every row has a share
    return told("mape", estimate, 0.0)


def differences(own: Amounts, other: Amounts, seed: int, replicates: int) -> tuple[list[Measurement], dict[str, Any]]:
    """Return this version's figures minus the incumbent's on the same rows in the same order."""

    def gaps(rows: NDArray[np.int64]) -> OfWeights:
        first = _errors(own.labels[rows], own.predictions[rows])
        second = _errors(own.labels[rows], other.predictions[rows])

        def of(weights: Floats) -> dict[str, Floats]:
            one, two = first(weights), second(weights)
            return {name: one[name] - two[name] for name in COMPARED[REGRESSION]}

        return of

    found = []
    for name, estimate in bootstrap(gaps, own.rows * 0, generator(seed, "amounts_difference"), replicates).items():
        metric = f"{name}_difference"
        reason = "The target is the same in every row; there is no variance to explain."
        found.append(absent(metric, reason) if estimate is None else told(metric, estimate))
    return found, {}


def doubts(found: Amounts) -> list[Finding]:
    """Find predictions that are all alike."""
    if len(found) > 1 and found.predictions.min() == found.predictions.max():
        sentence = f"All {len(found)} predictions are {found.predictions[0]:g}; the model tells nobody apart."
        return [Finding("predictions_constant", sentence, "prediction", {"rows": len(found)})]
    return []


def pictures(found: Amounts) -> list[dict[str, Any]]:
    """Draw the mean target by band of predictions, beside what it would be if predictions were right."""
    import numpy as np

    edges = np.unique(np.quantile(found.predictions, np.linspace(0, 1, BANDS + 1)[1:-1]))
    band = np.searchsorted(edges, found.predictions, side="right")
    points = [
        (float(found.predictions[band == one].mean()), float(found.labels[band == one].mean()))
        for one in np.unique(band)
    ]
    low, high = (float(end(end(x, y) for x, y in points)) for end in (min, max))
    if not low < high:
        return []
    picture = lines(
        "Predicted against true amounts",
        "Points on the diagonal mean that, on the average of a band, what is predicted is what happened.",
        Axis("mean prediction of the band", low, high),
        Axis("mean of the target", low, high),
        (Series("right", [(low, low), (high, high)], "reference"), Series("this version", points, "mark")),
    )
    return [picture]
