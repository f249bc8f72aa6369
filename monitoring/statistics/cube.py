"""The count cube: rows per sensitive group, label and prediction. All group metrics follow from it; it holds no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, Coded
from monitoring.statistics.predictions import Predictions
from monitoring.statistics.rates import CELLS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "cube/1"
DENSE = 4096
Counts = tuple[int, int, int, int]


class CubeError(ValueError):
    """A document that is not a count cube, or an attribute that a cube does not have."""

    code = "cube_refused"


@dataclass(frozen=True, slots=True)
class Cube:
    """Counts (tn, fp, fn, tp) per combination of groups that occurs, in the order of the groups' names."""

    attributes: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    counts: tuple[Counts, ...]

    def array(self) -> NDArray[np.int64]:
        """Return the counts as an array of cells by (tn, fp, fn, tp)."""
        import numpy as np

        return np.array(self.counts, dtype=np.int64).reshape(len(self.counts), len(CELLS))

    def labels(self) -> tuple[str, ...]:
        """Return "sex=1 & age_band=<55" for each cell."""
        return tuple(
            " & ".join(f"{name}={group}" for name, group in zip(self.attributes, cell, strict=True))
            for cell in self.groups
        )

    def margin(self, attributes: Sequence[str]) -> Cube:
        """Return the cube over some of its attributes, summed over the others; raises CubeError."""
        unknown = [name for name in attributes if name not in self.attributes]
        if unknown:
            raise CubeError(
                f"The cube has no attribute {unknown[0]!r}; it has: {', '.join(self.attributes) or 'none'}."
            )
        places = [self.attributes.index(name) for name in attributes]
        sums: dict[tuple[str, ...], list[int]] = {}
        for cell, counts in zip(self.groups, self.counts, strict=True):
            kept = sums.setdefault(tuple(cell[place] for place in places), [0, 0, 0, 0])
            for index, count in enumerate(counts):
                kept[index] += count
        return _sorted(tuple(attributes), {cell: _four(counts) for cell, counts in sums.items()})

    def known(self) -> Cube:
        """Return the cube without the cells in which a group is missing."""
        kept = {cell: counts for cell, counts in zip(self.groups, self.counts, strict=True) if MISSING not in cell}
        return _sorted(self.attributes, kept)

    def document(self) -> dict[str, Any]:
        """Return the canonical JSON form that is kept as evidence."""
        cells = [
            {"groups": list(cell), **dict(zip(CELLS, counts, strict=True))}
            for cell, counts in zip(self.groups, self.counts, strict=True)
        ]
        return {"format": FORMAT, "attributes": list(self.attributes), "cells": cells}


def count_cube(predictions: Predictions, attributes: Sequence[str]) -> Cube:
    """Count the rows per combination of the attributes' groups, label and prediction; raises CubeError."""
    import numpy as np

    missing = [name for name in attributes if name not in predictions.groups]
    if missing:
        raise CubeError(f"The predictions have no column 'group:{missing[0]}'.")
    columns = [predictions.groups[name] for name in attributes]
    cells, code = join(columns, len(predictions))
    index = (code * 2 + predictions.labels) * 2 + predictions.predictions
    counts = np.bincount(index, minlength=4 * len(cells)).reshape(-1, 4)
    kept = np.flatnonzero(counts.any(axis=1))
    return _sorted(tuple(attributes), {cells[place]: _four(counts[place]) for place in kept})


def join(columns: Sequence[Coded], rows: int) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    """Return the combinations of groups that can occur, and for each row the place of its own among them.

    Where there would be many more combinations than rows, only those that do occur are returned.
    """
    import numpy as np

    code, cells = np.zeros(rows, dtype=np.int64), [()]  # type: tuple[NDArray[np.int64], list[tuple[str, ...]]]
    for column in columns:
        code = code * len(column.names) + column.codes
        size = len(cells) * len(column.names)
        found: Iterable[int] = range(size)
        if size > max(DENSE, rows):
            present, code = np.unique(code, return_inverse=True)
            found = present.tolist()
        cells = [(*cells[place // len(column.names)], column.names[place % len(column.names)]) for place in found]
    return cells, code


def add(cubes: Iterable[Cube], attributes: Sequence[str]) -> Cube:
    """Return the sum of cubes over the same attributes; raises CubeError."""
    sums: dict[tuple[str, ...], Counts] = {}
    for cube in cubes:
        if cube.attributes != tuple(attributes):
            raise CubeError(f"A cube over {cube.attributes} cannot be added to one over {tuple(attributes)}.")
        for cell, counts in zip(cube.groups, cube.counts, strict=True):
            sums[cell] = _four(map(sum, zip(sums.get(cell, (0, 0, 0, 0)), counts, strict=True)))
    return _sorted(tuple(attributes), sums)


def parse_cube(document: Mapping[str, Any]) -> Cube:
    """Read a cube back from its evidence; raises CubeError."""
    if document.get("format") != FORMAT:
        raise CubeError(f"A count cube has the format {FORMAT!r}, not {document.get('format')!r}.")
    attributes, cells = tuple(document["attributes"]), {}
    for item in document["cells"]:
        cell, counts = tuple(item["groups"]), [item[name] for name in CELLS]
        if len(cell) != len(attributes) or cell in cells:
            raise CubeError(f"The cell {cell} is repeated or does not fit the attributes {attributes}.")
        if any(isinstance(count, bool) or not isinstance(count, int) or count < 0 for count in counts):
            raise CubeError(f"The cell {cell} has counts {counts}; they must be whole numbers from 0.")
        cells[cell] = _four(counts)
    return _sorted(attributes, cells)


def _four(counts: Iterable[Any]) -> Counts:
    tn, fp, fn, tp = (int(count) for count in counts)
    return tn, fp, fn, tp


def _sorted(attributes: tuple[str, ...], cells: Mapping[tuple[str, ...], Counts]) -> Cube:
    order = sorted(cells)
    return Cube(attributes, tuple(order), tuple(cells[cell] for cell in order))
