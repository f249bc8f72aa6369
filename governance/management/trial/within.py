"""The numbers of groups within the strata of control features, and standardised over these: like against like.

A standardised rate is the mean of the group's rates per stratum, weighted by the rows that the rate is about, over the
strata in which every group has it (Bickel, Hammel and O'Connell 1975). Groups then differ by how they were treated, no
longer by which stratum they are in. All numbers are exact fractions until they are printed.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from governance.management.trial.groups import OF_CELLS, Rates, compared, groups_of, rates_of, reference_of, six
from monitoring.statistics.columns import MISSING
from monitoring.statistics.cube import Cube
from monitoring.statistics.groups import JOINT
from monitoring.statistics.rates import CELLS

STANDARDISED = ("selection_rate", "tpr", "fpr", "fnr")
Strata = dict[tuple[str, ...], Cube]


def conditional_numbers(
    cube: Cube, attributes: Sequence[str], controls: Mapping[str, str], reference: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return one document per attribute; ``controls`` names the cube's columns by control feature; none: nothing."""
    return [_attribute(cube, name, controls, reference) for name in attributes] if controls else []


def _attribute(cube: Cube, name: str, controls: Mapping[str, str], reference: Mapping[str, str]) -> dict[str, Any]:
    wanted = reference_of(cube.margin((name,)), reference)
    strata = _strata(cube.margin((*controls.values(), name)), len(controls))
    return {
        "attribute": name,
        "controls": list(controls),
        "reference": wanted,
        "strata": [
            {"stratum": _called(controls, cell), "groups": groups_of(inside, wanted)} for cell, inside in strata.items()
        ],
        "standardised": _standardised(
            {cell: one.known() for cell, one in strata.items() if MISSING not in cell}, wanted
        ),
    }


def _called(controls: Mapping[str, str], cell: Sequence[str]) -> str:
    return JOINT.join(f"{name}={value}" for name, value in zip(controls, cell, strict=True))


def _strata(cube: Cube, controls: int) -> Strata:
    cells: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[int, int, int, int]]]] = {}
    for cell, counts in zip(cube.groups, cube.counts, strict=True):
        cells.setdefault(cell[:controls], []).append((cell[controls:], counts))
    names = cube.attributes[controls:]
    return {
        stratum: Cube(names, tuple(cell for cell, _ in found), tuple(counts for _, counts in found))
        for stratum, found in cells.items()
    }


def _standardised(strata: Strata, wanted: str | None) -> list[dict[str, Any]]:
    groups = sorted({cell for inside in strata.values() for cell in inside.groups})
    named = {JOINT.join(cell): cell for cell in groups}
    rates = {label: {name: _rate(strata, groups, cell, name) for name in STANDARDISED} for label, cell in named.items()}
    base: Rates = rates.get(wanted or "", {})
    return [
        {"group": label, **{name: six(value) for name, value in own.items()}, **compared(own, base)}
        for label, own in rates.items()
    ]


def _rate(strata: Strata, groups: Sequence[tuple[str, ...]], cell: tuple[str, ...], name: str) -> Fraction | None:
    total, weights = Fraction(0), 0
    for inside in strata.values():
        counts = dict(zip(inside.groups, inside.counts, strict=True))
        found = {one: rates_of(counts.get(one, (0,) * len(CELLS)))[name] for one in groups}
        own = found[cell]
        if own is None or any(rate is None for rate in found.values()):
            continue
        below = OF_CELLS[name][1]
        rows = sum(weight * count for each in inside.counts for weight, count in zip(below, each, strict=True))
        total, weights = total + own * rows, weights + rows
    return total / weights if weights else None
