"""The performance of decisions on two classes against the incumbent's on the same rows, paired row by row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from monitoring.statistics.auc import Area, TooFewOfAClassError, difference
from monitoring.statistics.bootstrap import bootstrap
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import generator, percentiles, resample
from monitoring.statistics.paired import apart, mcnemar, pair_counts, rate_difference
from monitoring.statistics.performance.binary import (
    CELL_FIGURES,
    PSEUDO,
    few_of_a_class,
    mean,
    not_probabilities,
    told,
)
from monitoring.statistics.performance.naming import OF_COUNTS, absent
from monitoring.statistics.performance.ranking import average_precision, log_losses
from monitoring.statistics.predictions import Predictions
from monitoring.statistics.rates import RATES
from registry.checks import Measurement, measured

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]


def differences(
    own: Predictions, other: Predictions, seed: int, replicates: int
) -> tuple[list[Measurement], dict[str, Any]]:
    """Return this version's figures minus the incumbent's on the same rows, and the eight counts they rest on."""
    pairs = pair_counts(own.labels, own.predictions, other.predictions)
    found = [_auc_difference(own, other), _pr_auc_difference(own, other, seed, replicates)]
    found += _loss_differences(own, other)
    for name, rate_name in OF_COUNTS.items():
        rate, metric = RATES[rate_name], f"{name}_difference"
        gap = rate_difference(rate, pairs, generator(seed, metric), replicates)
        if gap is None:
            found.append(absent(metric, f"The {name} of one of the versions does not exist: {rate.empty}."))
        else:
            found.append(told(metric, gap))
    found += [_cells_difference(name, pairs, seed, replicates) for name in CELL_FIGURES]
    right = (own.predictions == own.labels, other.predictions == other.labels)
    p_value, uneven = mcnemar(*right)
    found.append(measured("performance.mcnemar_p", p_value, n=uneven))
    return found, {"pairs": [int(count) for count in pairs]}


def _auc_difference(own: Predictions, other: Predictions) -> Measurement:
    if own.scores is None or other.scores is None:
        return absent("auc_difference", own.no_scores or f"For the incumbent: {other.no_scores}")
    try:
        gap: Area = difference(own.labels, own.scores, other.scores)
    except TooFewOfAClassError as error:
        return absent("auc_difference", str(error))
    return told("auc_difference", Estimate(gap.value, gap.lower, gap.upper, len(own)))


def _pr_auc_difference(own: Predictions, other: Predictions, seed: int, replicates: int) -> Measurement:
    first, second, labels = own.scores, other.scores, own.labels
    if first is None or second is None:
        return absent("pr_auc_difference", own.no_scores or f"For the incumbent: {other.no_scores}")
    if reason := few_of_a_class(labels):
        return absent("pr_auc_difference", reason)

    def gap(rows: NDArray[np.int64]) -> Callable[[Floats], dict[str, Floats]]:
        one, two = average_precision(labels[rows], first[rows]), average_precision(labels[rows], second[rows])
        return lambda weights: {"gap": one(weights) - two(weights)}

    found = bootstrap(gap, labels, generator(seed, "pr_auc_difference"), replicates)["gap"]
    assert found is not None  # noqa: S101 - there are positives
    return told("pr_auc_difference", found, -1.0, 1.0)


def _loss_differences(own: Predictions, other: Predictions) -> list[Measurement]:
    reason = not_probabilities(own) or not_probabilities(other)
    if reason:
        return [absent(f"{name}_difference", reason) for name in ("brier", "log_loss")]
    assert own.scores is not None  # noqa: S101 - not_probabilities asked
    assert other.scores is not None  # noqa: S101 - not_probabilities asked
    squares = (own.scores - own.labels) ** 2 - (other.scores - other.labels) ** 2
    losses = log_losses(own.labels, own.scores) - log_losses(own.labels, other.scores)
    return [told("brier_difference", mean(squares), -1.0, 1.0), told("log_loss_difference", mean(losses))]


def _cells_difference(name: str, pairs: Counts, seed: int, replicates: int) -> Measurement:
    figure, low, needs = CELL_FIGURES[name]
    one, two = apart(pairs)
    value = float(figure(one) - figure(two))
    if math.isnan(value):
        return absent(f"{name}_difference", f"The {name} of one of the versions does not exist: {needs}.")
    draws = resample(pairs.reshape(2, 4), generator(seed, f"{name}_difference"), replicates, PSEUDO).reshape(-1, 8)
    one, two = apart(draws)
    gaps = figure(one) - figure(two)
    ends = percentiles(gaps[gaps == gaps], value)  # noqa: PLR0124 - drops NaN
    return told(f"{name}_difference", Estimate(value, *ends, int(pairs.sum())), low - 1, 1 - low)
