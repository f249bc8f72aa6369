"""One way to cut a count cube into groups: by an attribute, by several at once, and within strata of control features.

Within strata, a group's rate is standardised: the mean of its rates per stratum, weighted by the stratum's share of all
rows that the rate is about. Groups then differ by how they are treated, no longer by which stratum they are in (Bickel,
Hammel and O'Connell 1975). Strata in which a group has no such row tell nothing of it and are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from monitoring.statistics.columns import MISSING
from monitoring.statistics.cube import Cube
from monitoring.statistics.groups import JOINT
from monitoring.statistics.rates import CELLS, Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Slice:
    """Groups to compare: which cell of the cube belongs to which stratum and group (-1: to none).

    ``place`` is stratum * groups + group, by cell; ``empty`` are groups known beforehand that have no rows.
    """

    name: str
    labels: tuple[str, ...]
    empty: tuple[str, ...]
    left_out: tuple[str, ...]
    strata: int
    place: NDArray[np.int64]

    def counts(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum cells (… by cell by (tn, fp, fn, tp)) into … by stratum by group by (tn, fp, fn, tp)."""
        import numpy as np

        size = self.strata * len(self.labels)
        found = np.zeros((*cells.shape[:-2], size, len(CELLS)), dtype=np.int64)
        order = np.argsort(self.place, kind="stable")
        order = order[np.searchsorted(self.place[order], 0) :]
        if order.size:
            present, starts = np.unique(self.place[order], return_index=True)
            found[..., present, :] = np.add.reduceat(cells[..., order, :], starts, axis=-2)
        return found.reshape(*cells.shape[:-2], self.strata, len(self.labels), len(CELLS))


def cut(
    cube: Cube,
    attributes: Sequence[str],
    *,
    controls: Sequence[str] = (),
    known: Mapping[str, Sequence[str]] | None = None,
    smallest_share: float = 0.0,
    everyone: bool = False,
) -> Slice:
    """Cut by the attributes, within the strata of the controls. Cells in which one of them is missing are left out,
    unless everyone is wanted.

    ``known`` holds the groups declared beforehand, by attribute; groups with a smaller share of the rows than
    ``smallest_share`` are not compared, but named in ``left_out`` with their rows.
    """
    import numpy as np

    margin = cube.margin(attributes) if everyone else cube.margin(attributes).known()
    sizes = dict(zip(margin.groups, margin.array().sum(axis=1).tolist(), strict=True))
    least = smallest_share * sum(sizes.values())
    kept = [cell for cell in margin.groups if sizes[cell] >= least]
    ways, inside = _places(cube, attributes), _places(cube, controls)
    strata = sorted({cell for cell in inside if MISSING not in cell})
    place_of = {cell: place for place, cell in enumerate(kept)}
    stratum_of = {cell: place for place, cell in enumerate(strata)}
    place = [
        stratum_of[stratum] * len(kept) + place_of[cell] if cell in place_of and stratum in stratum_of else -1
        for cell, stratum in zip(ways, inside, strict=True)
    ]
    return Slice(
        JOINT.join(attributes),
        tuple(name_of(attributes, cell) for cell in kept),
        _empty(margin, attributes, known or {}),
        tuple(name_of(attributes, cell) for cell in sizes if cell not in place_of),
        len(strata),
        np.array(place, dtype=np.int64),
    )


def name_of(attributes: Sequence[str], cell: Sequence[str]) -> str:
    """Return "sex=1 & age_band=<55"."""
    return JOINT.join(f"{name}={group}" for name, group in zip(attributes, cell, strict=True))


def _places(cube: Cube, names: Sequence[str]) -> list[tuple[str, ...]]:
    where = [cube.attributes.index(name) for name in names]
    return [tuple(cell[place] for place in where) for cell in cube.groups]


def _empty(margin: Cube, attributes: Sequence[str], known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Name the groups without rows: declared ones, and combinations of groups that occur or are declared."""
    present = set(margin.groups)
    groups = [
        sorted({*known.get(name, ()), *(cell[index] for cell in margin.groups)})
        for index, name in enumerate(attributes)
    ]
    return tuple(name_of(attributes, cell) for cell in product(*groups) if cell not in present)


def standardised(
    rate: Rate, counts: NDArray[np.int64], weights: NDArray[np.float64], pseudo: float = 0.0
) -> NDArray[np.float64]:
    """Return the groups' rates of … by stratum by group by (tn, fp, fn, tp), weighted over the strata.

    ``pseudo`` rows are added on each side of every group in every stratum, so that each rate exists.
    """
    import numpy as np

    above, below = rate.parts(counts)
    return np.asarray(np.einsum("...sg,s->...g", (above + pseudo) / (below + 2 * pseudo), weights))


def strata_of(rate: Rate, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the strata in which every group has the rate, and their weights, which sum to 1."""
    import numpy as np

    below = rate.parts(counts)[1]
    shared = np.flatnonzero((below > 0).all(axis=1) & (below > 0).any(axis=1))
    weights = below[shared].sum(axis=1).astype(np.float64)
    return shared, weights / weights.sum() if len(shared) else weights
