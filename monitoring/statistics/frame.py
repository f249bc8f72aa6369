"""Fairlearn's MetricFrame over a count cube: its numbers per group, from weighted cells instead of rows.

Rows that share groups, label and prediction are one line with their count as weight; the rates are the same and take
milliseconds at any number of rows. Fairlearn answers 0 where a rate has no denominator; that answer is dropped here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from monitoring.statistics.cube import Cube
from monitoring.statistics.rates import RATES


def _base_rate(truth: Any, _predicted: Any, sample_weight: Any) -> Any:
    from fairlearn.metrics import mean_prediction

    return mean_prediction(truth, truth, sample_weight)


def _functions() -> dict[str, Callable[..., Any]]:
    from fairlearn import metrics as fairlearn
    from sklearn.metrics import accuracy_score, precision_score

    return {
        "selection_rate": fairlearn.selection_rate,
        "tpr": fairlearn.true_positive_rate,
        "fpr": fairlearn.false_positive_rate,
        "fnr": fairlearn.false_negative_rate,
        "base_rate": _base_rate,
        "accuracy": accuracy_score,
        "precision": partial(precision_score, zero_division=0.0),
    }


def group_rates(cube: Cube, metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return {metric: {label of the cell: rate}}, without the cells where the rate does not exist."""
    from fairlearn.metrics import MetricFrame

    labels, counts = cube.labels(), cube.array()
    lines = [
        (label, cell // 2, cell % 2, int(count))
        for label, row in zip(labels, counts, strict=True)
        for cell, count in enumerate(row)
        if count
    ]
    names, truth, predicted, weights = (list(values) for values in zip(*lines, strict=True))
    functions = {name: function for name, function in _functions().items() if name in metrics}
    frame = MetricFrame(
        metrics=functions,
        y_true=truth,
        y_pred=predicted,
        sensitive_features=names,
        sample_params={name: {"sample_weight": weights} for name in functions},
    )
    found: dict[str, dict[str, float]] = {}
    for metric in functions:
        exists = dict(zip(labels, RATES[metric].parts(counts)[1] > 0, strict=True))
        values = frame.by_group[metric]
        found[metric] = {label: float(values[label]) for label in labels if exists[label]}
    return found
