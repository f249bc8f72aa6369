"""Curves of a training by step: read from their document, found by name, smoothed, and how they end.

The document is {"source", "status", "complete", "curves": [{"name", "points": [[step, value]]}]}: ``status`` is
what the source says of the run ("FINISHED", "RUNNING", "FAILED", or "" where it says nothing), values are texts, also
"nan" and "inf".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.canonical import decimal_string

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOSSES = ("loss", "logloss", "nll", "error", "rmse", "mse", "mae", "cost", "perplexity", "deviance")
HELD_OUT = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "dev", "holdout"})
TRAINING = frozenset({"train", "training", "fit"})
WIDEST = 25
FEWEST = 3  # points: a way there and a way back


class CurvesError(ValueError):
    """A document that holds no curves of a training."""

    code = "curves_refused"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve by name: steps and values in the order in which they were written."""

    name: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def not_finite(self) -> int:
        """Count the values that are no finite numbers."""
        import numpy as np

        return int((~np.isfinite(self.values)).sum())

    @property
    def restarts(self) -> int:
        """Count how often the steps go back."""
        return int((self.steps[1:] < self.steps[:-1]).sum())

    def smooth(self) -> NDArray[np.float64]:
        """Return the finite values as medians of a window of a tenth of them, at most WIDEST."""
        import numpy as np

        known = self.values[np.isfinite(self.values)]
        half = min(WIDEST, max(1, len(known) // 10)) // 2
        return np.array([np.median(known[max(0, at - half) : at + half + 1]) for at in range(len(known))])


def document_of(source: str, status: str, curves: Mapping[str, Sequence[tuple[int, float]]], *, complete: bool) -> Any:
    """Return the canonical document of curves."""
    listed = [
        {"name": name, "points": [[step, _text(value)] for step, value in points]}
        for name, points in sorted(curves.items())
    ]
    return {"source": source, "status": status, "complete": complete, "curves": listed}


def _text(value: float) -> str:
    return decimal_string(value) if math.isfinite(value) else str(float(value))


def read_curves(document: Mapping[str, Any]) -> list[Curve]:
    """Return the curves with a point or more; raises CurvesError."""
    import numpy as np

    found = []
    try:
        for one in document["curves"]:
            if one["points"]:
                steps, values = zip(*one["points"], strict=True)
                numbers = np.array([float(value) for value in values], dtype=np.float64)
                found.append(Curve(str(one["name"]), np.array(steps, dtype=np.int64), numbers))
    except (KeyError, TypeError, ValueError) as error:
        raise CurvesError(f"The document holds no curves of a training: {error}.") from error
    if not found:
        raise CurvesError("The training left no curve with a point; nothing can be said of how it went.")
    return found


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def _rank(name: str) -> int:
    return min((LOSSES.index(word) for word in _words(name) if word in LOSSES), default=len(LOSSES))


def training_loss(curves: Sequence[Curve]) -> Curve | None:
    """Return the loss on the training rows, by its name; None where no name says so."""
    losses = [one for one in curves if _rank(one.name) < len(LOSSES) and not HELD_OUT & set(_words(one.name))]
    return min(
        losses,
        key=lambda one: (_short(one), not TRAINING & set(_words(one.name)), _rank(one.name), one.name),
        default=None,
    )


def held_out_loss(curves: Sequence[Curve], beside: Curve | None) -> Curve | None:
    """Return the loss on held-out rows, the one most like the training loss in its name; None where there is none."""
    own = set(_words(beside.name)) - TRAINING if beside else set()
    losses = [one for one in curves if _rank(one.name) < len(LOSSES) and HELD_OUT & set(_words(one.name))]
    return min(
        losses,
        key=lambda one: (_short(one), -len(own & set(_words(one.name))), _rank(one.name), one.name),
        default=None,
    )


def _short(curve: Curve) -> bool:
    """Say that a curve is a number logged once, or nearly: it is taken only where there is no other."""
    return len(curve.values) < FEWEST


def above_best(smooth: NDArray[np.float64]) -> float | None:
    """Return how far a loss ends above its best, as a share of its whole range; None for a flat or too short one."""
    if len(smooth) < FEWEST:
        return None
    low, high = float(smooth.min()), float(smooth.max())
    return (float(smooth[-1]) - low) / (high - low) if high > low else None


def largest_jump(values: NDArray[np.float64]) -> float | None:
    """Return the largest rise from one point to the next as a share of the whole range; None for a flat one."""
    import numpy as np

    known = values[np.isfinite(values)]
    spread = float(known.max() - known.min()) if len(known) > 1 else 0.0
    return max(0.0, float(np.diff(known).max())) / spread if spread > 0 else None
