"""How far to widen intervals so that all numbers of one kind hold at once, over all groups and attributes.

One family is one rate over every slice that is asked about: the groups' rates in one, their contrasts in another. The
critical value is the 95 % quantile of the largest standardised deviation of any of them (max-T; Westfall and Young
1993), over multinomial replicates of the whole count cube: attributes are thus resampled together, and what moves
together is not paid for twice. Contrasts are signed: every group against every other, and against all others taken
together; the largest or smallest of them is never resampled by itself, since picking it would add the noise twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.statistics.intervals import CONFIDENCE, REPLICATES, quantile_of_normal
from monitoring.statistics.naming import EQUALIZED_ODDS
from monitoring.statistics.rates import CELLS, RATES, Rate
from monitoring.statistics.slices import Slice, standardised, strata_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Replicates = NDArray[np.int64]

PSEUDO = 1.0  # Agresti and Caffo 2000
SMALL = 1e-12
BLOCK = 1 << 22
KINDS: Mapping[str, tuple[str, ...]] = {**{name: (name,) for name in RATES}, EQUALIZED_ODDS: ("tpr", "fpr")}


@dataclass(frozen=True, slots=True)
class Critical:
    """How many standard errors the rates of groups, and their contrasts, stay within 95 % of the time, all at once."""

    levels: float
    contrasts: float


def replicate(cells: NDArray[np.int64], rng: np.random.Generator, replicates: int) -> Iterator[Replicates]:
    """Yield replicates of a cube (replicates by cell by (tn, fp, fn, tp)), a block at a time.

    Each cell gets one row more, spread as all rows are: a group of three without one selection is then not taken for
    certain never to be selected.
    """
    total = cells.sum(axis=0) + 0.5
    shares = (cells + total / total.sum()).ravel()
    shares /= shares.sum()
    step = max(1, BLOCK // len(shares))
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        yield rng.multinomial(int(cells.sum()), shares, size=size).reshape(size, -1, len(CELLS))


def critical_values(
    shown: Sequence[Slice],
    compared: Sequence[Slice],
    cells: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    kinds: Sequence[str],
    replicates: int = REPLICATES,
) -> dict[str, Critical]:
    """Return the critical values of each kind (a rate, or "equalized_odds") over all slices of a cube.

    Rates of groups are reported of the slices ``shown``, contrasts of those ``compared``.
    """
    rates = {name for kind in kinds for name in KINDS[kind]}
    levels: dict[str, _Furthest] = {name: _Furthest(replicates) for name in rates}
    contrasts: dict[str, _Furthest] = {name: _Furthest(replicates) for name in rates}
    drawn = _drawn([*shown, *compared], cells, rng, replicates)
    for place, cut in enumerate([*shown, *compared]):
        for name in rates:
            if place < len(shown):
                levels[name].see(_levels(RATES[name], cut.counts(cells), drawn[place]))
            else:
                contrasts[name].see(_contrasts(RATES[name], cut.counts(cells), drawn[place]))
    return {
        kind: Critical(*(_joint([part[name] for name in KINDS[kind]]) for part in (levels, contrasts)))
        for kind in kinds
    }


def _drawn(
    slices: Sequence[Slice], cells: NDArray[np.int64], rng: np.random.Generator, replicates: int
) -> list[Replicates]:
    import numpy as np

    parts: list[list[Replicates]] = [[] for _ in slices]
    for block in replicate(cells, rng, replicates):
        for part, cut in zip(parts, slices, strict=True):
            part.append(cut.counts(block))
    return [np.concatenate(part) for part in parts]


def _levels(rate: Rate, counts: NDArray[np.int64], draws: Replicates) -> NDArray[np.float64]:
    """Return replicates of the groups' rates, of the groups that have it."""
    import numpy as np

    if len(counts) > 1:
        return _values(rate, counts, draws)
    existing = rate.parts(counts)[1][0] > 0
    return standardised(rate, draws[:, :, existing], np.ones(1), PSEUDO)


def _values(rate: Rate, counts: NDArray[np.int64], draws: Replicates) -> NDArray[np.float64]:
    """Return replicates of the rates of all groups; none where they cannot be compared."""
    strata, weights = strata_of(rate, counts)
    values = standardised(rate, draws[:, strata], weights, PSEUDO)
    return values if len(strata) else values[:, :0]


def _contrasts(rate: Rate, counts: NDArray[np.int64], draws: Replicates) -> NDArray[np.float64]:
    """Return replicates of all pairs of groups, and of each group against the others where these are several."""
    import numpy as np

    values = _values(rate, counts, draws)
    groups = values.shape[1]
    first, second = np.triu_indices(groups, k=1)
    pairs = values[:, first] - values[:, second]
    if len(counts) > 1 or groups < 3:  # noqa: PLR2004 - of two groups, the other is all others
        return pairs
    others = draws.sum(axis=2, keepdims=True) - draws
    return np.concatenate([pairs, values - standardised(rate, others, np.ones(1), PSEUDO)], axis=1)


class _Furthest:
    """The largest standardised deviation per replicate, of all numbers seen, and how many these were."""

    def __init__(self, replicates: int) -> None:
        import numpy as np

        self.numbers, self.distance = 0, np.zeros(replicates)

    def see(self, values: NDArray[np.float64]) -> None:
        """Take in numbers, each a column of replicates."""
        import numpy as np

        spread = values.std(axis=0, ddof=1)
        values, spread = values[:, spread > SMALL], spread[spread > SMALL]
        self.numbers += values.shape[1]
        if values.shape[1]:
            away = np.abs(values - values.mean(axis=0)) / spread
            self.distance = np.maximum(self.distance, away.max(axis=1))


def _joint(parts: Sequence[_Furthest]) -> float:
    """Return the critical value of all parts at once; a number alone has that of the normal distribution."""
    import numpy as np

    alone = quantile_of_normal(CONFIDENCE)
    if sum(part.numbers for part in parts) <= 1:
        return alone
    return max(alone, float(np.quantile(np.max([part.distance for part in parts], axis=0), CONFIDENCE)))
