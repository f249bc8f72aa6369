"""The numbers of each group, from the count cube that the fairness check kept: rates, impact ratios, disparities.

A disparity is the group's rate divided by that of the reference group, a difference is the group's minus the
reference's, an impact ratio is the group's selection rate divided by the largest one. What has no denominator is None.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

from governance.management.trial.errors import ReferenceGroupError
from monitoring.statistics.columns import MISSING
from monitoring.statistics.cube import Cube, parse_cube
from monitoring.statistics.groups import JOINT
from monitoring.statistics.rates import CELLS, RATES

DIGITS = 6
OF_CELLS: dict[str, tuple[tuple[int, int, int, int], tuple[int, int, int, int]]] = {
    name: (RATES[name].numerator, RATES[name].denominator)
    for name in ("selection_rate", "tpr", "fpr", "fnr", "precision", "accuracy")
} | {"fdr": ((0, 1, 0, 0), (0, 1, 0, 1)), "for": ((0, 0, 1, 0), (1, 0, 1, 0))}
Rates = dict[str, Fraction | None]


def six(value: Fraction | None) -> str | None:
    """Return a number with six digits after the point, rounded half to even."""
    if value is None:
        return None
    return f"{'-' if value < 0 else ''}{_digits(abs(value))}"


def _digits(value: Fraction) -> str:
    whole, rest = divmod(round(value * 10**DIGITS), 10**DIGITS)
    return f"{whole}.{rest:0{DIGITS}d}"


def rates_of(counts: tuple[int, ...]) -> Rates:
    """Return every rate of (tn, fp, fn, tp); None where its denominator is 0."""
    found: Rates = {}
    for name, (above, below) in OF_CELLS.items():
        rows = sum(weight * count for weight, count in zip(below, counts, strict=True))
        part = sum(weight * count for weight, count in zip(above, counts, strict=True))
        found[name] = Fraction(part, rows) if rows else None
    return found


def group_numbers(cube_document: Mapping[str, Any], reference: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one document per sensitive attribute and per pair of them; raises ReferenceGroupError."""
    cube = parse_cube(cube_document)
    singles = [_attribute(cube.margin((name,)), reference.get(name)) for name in cube.attributes]
    pairs = []
    for names in combinations(cube.attributes, 2):
        chosen = [reference.get(name) for name in names]
        wanted = JOINT.join(str(one) for one in chosen) if all(chosen) else None
        pairs.append(_attribute(cube.margin(names), wanted, strict=False))
    return singles + pairs


def _attribute(cube: Cube, wanted: str | None, *, strict: bool = True) -> dict[str, Any]:
    name = JOINT.join(cube.attributes)
    named = [JOINT.join(cell) for cell in cube.groups]
    known = {
        label: counts
        for label, cell, counts in zip(named, cube.groups, cube.counts, strict=True)
        if MISSING not in cell
    }
    if wanted is not None and wanted not in known and strict:
        raise ReferenceGroupError(f"{name!r} has no group {wanted!r} to compare with (there are: {', '.join(known)}).")
    if wanted not in known:
        wanted = max(known, key=lambda label: (sum(known[label]), label), default=None)
    rates = {label: rates_of(counts) for label, counts in zip(named, cube.counts, strict=True)}
    best = max((one for label in known if (one := rates[label]["selection_rate"]) is not None), default=None)
    base = rates[wanted] if wanted is not None else {}
    return {
        "attribute": name,
        "reference": wanted,
        "groups": [
            {"group": label, **_group(counts, rates[label], base, best if label in known else None)}
            for label, counts in zip(named, cube.counts, strict=True)
        ],
    }


def _group(counts: tuple[int, ...], rates: Rates, base: Rates, best: Fraction | None) -> dict[str, Any]:
    selected = rates["selection_rate"]
    return {
        "n": sum(counts),
        **dict(zip(CELLS, counts, strict=True)),
        **{name: six(value) for name, value in rates.items()},
        "impact_ratio": six(_ratio(selected, best)),
        "difference": {name: six(_minus(value, base.get(name))) for name, value in rates.items()},
        "disparity": {name: six(_ratio(value, base.get(name))) for name, value in rates.items()},
    }


def _ratio(value: Fraction | None, base: Fraction | None) -> Fraction | None:
    return value / base if value is not None and base else None


def _minus(value: Fraction | None, base: Fraction | None) -> Fraction | None:
    return value - base if value is not None and base is not None else None
