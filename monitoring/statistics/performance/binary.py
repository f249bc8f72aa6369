"""The performance of decisions on two classes: what one version's predictions are worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitoring.statistics.auc import FEWEST, TooFewOfAClassError, area
from monitoring.statistics.bootstrap import bootstrap
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import around_mean, generator, percentiles, rate_interval, resample, wilson
from monitoring.statistics.performance.naming import OF_COUNTS, absent
from monitoring.statistics.performance.ranking import average_precision, calibration_error, log_losses
from monitoring.statistics.predictions import Predictions
from monitoring.statistics.rates import RATES
from registry.checks import Finding, Measurement, measured

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

PSEUDO = 0.25
UNBOUNDED = math.inf


def told(metric: str, found: Estimate, low: float = -UNBOUNDED, high: float = UNBOUNDED) -> Measurement:
    """Return an estimate as a measurement, its interval kept within what the figure can be; without one where the ends
    are not known.
    """
    ends = max(low, found.lower), min(high, found.upper)
    lower, upper = ends if all(math.isfinite(end) for end in ends) else (None, None)
    return measured(f"performance.{metric}", found.value, lower=lower, upper=upper, n=found.n)


def own_figures(predictions: Predictions, counts: Counts, seed: int, replicates: int) -> list[Measurement]:
    """Return every figure of one version's predictions; ``counts`` are its (tn, fp, fn, tp)."""
    n, positives = len(predictions), int(predictions.labels.sum())
    low, high = wilson(positives, n)
    found = [measured("performance.base_rate", positives / n, lower=low, upper=high, n=n)]
    for name, rate_name in OF_COUNTS.items():
        rate = RATES[rate_name]
        below = int(rate.parts(counts)[1])
        if not below:
            found.append(absent(name, f"The {name} does not exist for these predictions as a whole: {rate.empty}."))
            continue
        low, high = rate_interval(rate, counts, generator(seed, name), replicates)
        found.append(measured(f"performance.{name}", float(rate.values(counts)), lower=low, upper=high, n=below))
    found += [_of_cells(name, counts, seed, replicates) for name in CELL_FIGURES]
    return [*found, _auc(predictions), *_of_scores(predictions, seed, replicates)]


def balanced_accuracy(counts: Counts) -> Floats:
    """Return the mean of recall and specificity; NaN where a class is absent."""
    return (RATES["tpr"].values(counts) + RATES["specificity"].values(counts)) / 2


def mcc(counts: Counts) -> Floats:
    """Return Matthews' correlation (1975); NaN where labels or predictions are all alike."""
    import numpy as np

    tn, fp, fn, tp = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    below = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return np.asarray(np.divide(tp * tn - fp * fn, below, out=np.full_like(below, np.nan), where=below > 0))


CELL_FIGURES: dict[str, tuple[Callable[[Counts], Floats], float, str]] = {
    "balanced_accuracy": (balanced_accuracy, 0.0, "it needs labels of both classes"),
    "mcc": (mcc, -1.0, "it needs labels and predictions of both classes"),
}


def _of_cells(name: str, counts: Counts, seed: int, replicates: int) -> Measurement:
    """Measure a figure of the four cells; rows are drawn within each label."""
    figure, low, needs = CELL_FIGURES[name]
    value = float(figure(counts))
    if math.isnan(value):
        return absent(name, f"The {name} does not exist for these predictions: {needs}.")
    draws = resample(counts.reshape(2, 2), generator(seed, name), replicates, PSEUDO).reshape(-1, 4)
    values = figure(draws)
    ends = percentiles(values[values == values], value)  # noqa: PLR0124 - drops NaN
    return told(name, Estimate(value, *ends, int(counts.sum())), low, 1.0)


def _auc(predictions: Predictions) -> Measurement:
    if predictions.scores is None:
        return absent("auc", predictions.no_scores)
    try:
        found = area(predictions.labels, predictions.scores)
    except TooFewOfAClassError as error:
        return absent("auc", str(error))
    return measured("performance.auc", found.value, lower=found.lower, upper=found.upper, n=len(predictions))


def _of_scores(predictions: Predictions, seed: int, replicates: int) -> list[Measurement]:
    reason = not_probabilities(predictions)
    found = [_average_precision(predictions, seed, replicates)]
    if reason:
        return found + [absent(name, reason) for name in ("brier", "log_loss", "ece", "calibration_gap")]
    assert predictions.scores is not None  # noqa: S101 - not_probabilities asked
    labels, scores = predictions.labels, predictions.scores
    ece = bootstrap(
        lambda rows: _named("ece", calibration_error(labels[rows], scores[rows])),
        labels * 0,
        generator(seed, "ece"),
        replicates,
        reverse=True,
    )["ece"]
    assert ece is not None  # noqa: S101 - every row has a score and a label
    return [
        *found,
        told("brier", mean((scores - labels) ** 2), 0.0, 1.0),
        told("log_loss", mean(log_losses(labels, scores)), 0.0),
        told("ece", ece, 0.0, 1.0),
        told("calibration_gap", mean(scores - labels), -1.0, 1.0),
    ]


def _named(name: str, of: Callable[[Floats], Floats]) -> Callable[[Floats], dict[str, Floats]]:
    return lambda weights: {name: of(weights)}


def mean(values: Floats) -> Estimate:
    """Return a mean with Student's interval, which is infinite for a single row."""
    lower, upper = around_mean(values) or (-UNBOUNDED, UNBOUNDED)
    return Estimate(float(values.mean()), lower, upper, len(values))


def few_of_a_class(labels: NDArray[np.int64]) -> str:
    """Say that there are too few rows of a class for an area, or nothing."""
    positives, n = int(labels.sum()), len(labels)
    if min(positives, n - positives) >= FEWEST:
        return ""
    return (
        f"An area under the curve needs at least {FEWEST} rows of each class; there are {positives} positive and "
        f"{n - positives} negative labels."
    )


def _average_precision(predictions: Predictions, seed: int, replicates: int) -> Measurement:
    """Measure the average precision; where every replicate is alike, by the bound that the smaller class allows."""
    labels, scores = predictions.labels, predictions.scores
    reason = predictions.no_scores if scores is None else few_of_a_class(labels)
    if scores is None or reason:
        return absent("pr_auc", reason)
    found = bootstrap(
        lambda rows: _named("pr_auc", average_precision(labels[rows], scores[rows])),
        labels,
        generator(seed, "pr_auc"),
        replicates,
    )["pr_auc"]
    assert found is not None  # noqa: S101 - there are positives
    if found.value == 1:
        smaller = min(int(labels.sum()), int((1 - labels).sum()))
        found = Estimate(1.0, min(found.lower, 0.025 ** (1 / smaller)), 1.0, found.n)
    return told("pr_auc", found, 0.0, 1.0)


def not_probabilities(predictions: Predictions) -> str:
    """Say why the scores are no probabilities, or nothing where they are."""
    if predictions.scores is None:
        return predictions.no_scores
    low, high = float(predictions.scores.min()), float(predictions.scores.max())
    if low < 0 or high > 1:
        return f"Scores run from {low:g} to {high:g}; this needs probabilities, between 0 and 1."
    return ""


def doubts(predictions: Predictions) -> list[Finding]:
    """Find what the figures alone do not say: a single class, scores that are all alike, and predictions that no single
    threshold on the scores gives.
    """
    found, positives, n = [], int(predictions.labels.sum()), len(predictions)
    if positives in {0, n}:
        which = "positive" if positives else "negative"
        sentence = f"All {n} labels are {which}; either the favourable label is misspelt, or these rows tell little."
        found.append(Finding("labels_of_one_class", sentence, "label", {"rows": n}))
    if predictions.scores is None:
        return found
    if n > 1 and predictions.scores.min() == predictions.scores.max():
        sentence = f"All {n} scores are {predictions.scores[0]:g}; they rank nobody, and an area of 0.5 follows."
        found.append(Finding("scores_constant", sentence, "score", {"rows": n}))
    chosen = predictions.predictions == 1
    if chosen.all() or not chosen.any():
        return found
    crossed = int((predictions.scores[~chosen] > predictions.scores[chosen].min()).sum())
    if crossed:
        sentence = f"{crossed} rows are predicted negative although rows with lower scores are predicted positive."
        found.append(Finding("threshold_not_single", sentence, "prediction", {"rows": crossed}))
    return found
