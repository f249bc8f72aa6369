"""Figures of scores against 0/1 labels, as functions of weighted rows: average precision, calibration error, losses.

Average precision is the area under the precision-recall curve as a sum of steps, without interpolation (Davis and
Goadrich 2006 say why); ties are one step. The expected calibration error (Naeini, Cooper and Hauskrecht 2015) is the
mean distance of score and rate over ten bands of as many rows each, by weight of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    OfWeights = Callable[[NDArray[np.float64]], NDArray[np.float64]]

BANDS = 10


def average_precision(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> OfWeights:
    """Return the function of weights (replicates x rows) that gives the average precision; NaN without positives."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked, truth = scores[order], labels[order].astype(np.float64)
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)

    def of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sorted_ = weights[:, order]
        found = np.cumsum(sorted_ * truth, axis=1)[:, ends]
        taken = np.cumsum(sorted_, axis=1)[:, ends]
        precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
        steps = np.diff(found, axis=1, prepend=0.0)
        positives = found[:, -1]
        whole = np.einsum("rk,rk->r", steps, precision)
        return np.asarray(np.divide(whole, positives, out=np.full_like(whole, np.nan), where=positives > 0))

    return of


def bands_of(scores: NDArray[np.float64], bands: int = BANDS) -> NDArray[np.int64]:
    """Return the band of each row: as many rows in each as ties allow; equal scores share a band."""
    import numpy as np

    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bands + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, scores, side="right"), dtype=np.int64)


def calibration_error(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> OfWeights:
    """Return the function of weights that gives the expected calibration error over bands of equal count."""
    import numpy as np

    band = bands_of(scores)
    inside = np.zeros((len(scores), int(band.max()) + 1))
    inside[np.arange(len(scores)), band] = scores - labels

    def of(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.abs(weights @ inside).sum(axis=1) / weights.sum(axis=1))

    return of


def log_losses(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's logarithmic loss in nats; a certain score that is wrong loses 36, not infinitely much."""
    import numpy as np

    tiny = np.finfo(np.float64).eps
    kept = np.clip(scores, tiny, 1 - tiny)
    return np.asarray(-np.where(labels == 1, np.log(kept), np.log1p(-kept)))
