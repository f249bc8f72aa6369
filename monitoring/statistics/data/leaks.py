"""How well one feature alone tells the target: 0.5 for nothing at all, 1 for everything.

For classes it is the area under the ROC curve of the feature, folded to at least a half, the strongest of one class
against the rest; for amounts half of 1 + the size of Spearman's rank correlation. A category stands for the mean target
of its rows in the other half, so that a category per row tells nothing; a missing value counts as a category too, and
whether a number is missing is tried besides its size. A feature that tells the target too well is often made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 10
PAIR = 2


def strength(targets: Sequence[Floats], values: Floats | None, codes: NDArray[np.int64] | None) -> float:
    """Return the strength of one feature, numbers or category codes, for a target (see ``targets_of``)."""
    if values is not None:
        candidates = [(one, target) for one in _numeric(values) for target in targets]
    else:
        assert codes is not None  # noqa: S101 - a column is either
        candidates = [(_encoded(codes, target), target) for target in targets]
    return max((_folded(scores, target) for scores, target in candidates), default=0.5)


def targets_of(target: Floats, *, of_classes: bool) -> list[Floats]:
    """Return the target without gaps as what a feature is ranked against: amounts, or 0 and 1 for one class against the
    rest, for each class (of two: for one).
    """
    import numpy as np

    if not of_classes:
        return [target]
    classes = np.unique(target)
    return [(target == one).astype(np.float64) for one in (classes[-1:] if len(classes) <= PAIR else classes)]


def _numeric(values: Floats) -> list[Floats]:
    """Return the numbers with the middle one for gaps, and where the gaps are."""
    import numpy as np

    gaps = np.isnan(values)
    if gaps.all():
        return []
    known = np.nan_to_num(values, nan=float(np.median(values[~gaps])), posinf=np.inf, neginf=-np.inf)
    return [known, gaps.astype(np.float64)] if gaps.any() else [known]


def _encoded(codes: NDArray[np.int64], target: Floats) -> Floats:
    """Return for each row the mean target of its category in the other half (odd and even rows), or that half's."""
    import numpy as np

    found, odd = np.zeros(len(codes)), np.arange(len(codes)) % 2 == 1
    for half in (odd, ~odd):
        size = int(codes.max()) + 1
        sums, counts = np.bincount(codes[~half], target[~half], size), np.bincount(codes[~half], minlength=size)
        whole = target[~half].mean()
        means = np.divide(sums, counts, out=np.full(size, whole), where=counts > 0)
        found[half] = means[codes[half]]
    return found


def _folded(scores: Floats, target: Floats) -> float:
    """Return the area of scores for 0 and 1, or half of 1 + the size of the rank correlation with amounts, which is the
    same but for ties; 0.5 where too few rows are on a side.
    """
    import numpy as np
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    if not ((target == 0) | (target == 1)).all():
        others = rankdata(target)
        flat = ranks.std() == 0 or others.std() == 0
        return 0.5 if flat else 0.5 + abs(float(np.corrcoef(ranks, others)[0, 1])) / 2
    many = float(target.sum())
    few = len(target) - many
    if min(many, few) < FEWEST:
        return 0.5
    area = (float(ranks[target == 1].sum()) - many * (many + 1) / 2) / (many * few)
    return max(area, 1 - area)
