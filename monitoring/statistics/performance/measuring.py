"""What to do for each task: read the predictions, measure them, compare them with the incumbent's, and draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.cube import count_cube
from monitoring.statistics.performance import amounts, binary, classes, curves, versus
from monitoring.statistics.performance.answers import (
    Amounts,
    Classes,
    order_of,
    read_amounts,
    read_classes,
    same_labels,
)
from monitoring.statistics.predictions import Predictions, read_predictions
from monitoring.statistics.tasks import BINARY, MULTICLASS, REGRESSION
from registry.checks import Finding, Measurement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Compared = tuple[list[Measurement], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Measuring:
    """The functions of one task. ``own`` gives (answers, seed, replicates) figures; ``errors`` one number per row;
    ``differences`` (own, other, seed, replicates) raises DifferentRowsError; ``evidence`` holds no row.
    """

    read: Callable[[Any], Any]
    own: Callable[[Any, int, int], list[Measurement]]
    doubts: Callable[[Any], list[Finding]]
    pictures: Callable[[Any], list[dict[str, Any]]]
    errors: Callable[[Any], NDArray[np.float64]]
    differences: Callable[[Any, Any, int, int], Compared]
    evidence: Callable[[Any], dict[str, Any]]


def _binary_pictures(found: Predictions) -> list[dict[str, Any]]:
    if found.scores is None:
        return []
    proper = not binary.not_probabilities(found)
    return curves.pictures(found.labels, found.predictions, found.scores, probabilities=proper)


def _binary_own(found: Predictions, seed: int, replicates: int) -> list[Measurement]:
    return binary.own_figures(found, count_cube(found, ()).array()[0], seed, replicates)


def _binary_differences(own: Predictions, other: Predictions, seed: int, replicates: int) -> Compared:
    order = order_of(own.rows, other.rows)
    same_labels(own.labels, other.labels[order])
    scores = None if other.scores is None else other.scores[order]
    turned = Predictions(own.rows, own.labels, other.predictions[order], scores, other.no_scores, {})
    return versus.differences(own, turned, seed, replicates)


def _classes_differences(own: Classes, other: Classes, seed: int, replicates: int) -> Compared:
    return classes.differences(*classes.joined(own, other.ordered(order_of(own.rows, other.rows))), seed, replicates)


def _amounts_differences(own: Amounts, other: Amounts, seed: int, replicates: int) -> Compared:
    turned = other.ordered(order_of(own.rows, other.rows))
    same_labels(own.labels, turned.labels)
    return amounts.differences(own, turned, seed, replicates)


def _wrong(found: Any) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(found.labels != found.predictions, dtype=np.float64)


def _confusion(found: Classes) -> dict[str, Any]:
    return {"confusion": {"classes": list(found.names), "counts": classes.confusion(found).tolist()}}


MEASURING = {
    BINARY: Measuring(
        read_predictions,
        _binary_own,
        binary.doubts,
        _binary_pictures,
        _wrong,
        _binary_differences,
        lambda found: {"confusion": count_cube(found, ()).document()},
    ),
    MULTICLASS: Measuring(
        read_classes, classes.own_figures, classes.doubts, lambda _: [], _wrong, _classes_differences, _confusion
    ),
    REGRESSION: Measuring(
        read_amounts,
        amounts.own_figures,
        amounts.doubts,
        amounts.pictures,
        lambda found: abs(found.predictions - found.labels),
        _amounts_differences,
        lambda _: {},
    ),
}
