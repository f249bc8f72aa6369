"""The numbers of each group, from a count cube: rates, impact ratios, disparities.

A disparity is the group's rate divided by that of the reference group, a difference is the group's minus the
reference's, an impact ratio is the group's selection rate divided by the largest one. What has no denominator is None.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from governance.management.trial.errors import ReferenceGroupError
from monitoring.statistics.cube import Cube
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


def whole_numbers(cube: Cube) -> dict[str, Any]:
    """Return the counts and rates of all rows together."""
    counts = tuple(sum(cell[place] for cell in cube.counts) for place in range(len(CELLS)))
    return {
        "n": sum(counts),
        **dict(zip(CELLS, counts, strict=True)),
        **{name: six(value) for name, value in rates_of(counts).items()},
    }


def group_numbers(cube: Cube, attributes: Sequence[str], reference: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one document per sensitive attribute and per pair of them; raises ReferenceGroupError."""
    singles = [(name,) for name in attributes]
    return [_attribute(cube.margin(names), reference) for names in (*singles, *combinations(attributes, 2))]


def reference_of(cube: Cube, reference: Mapping[str, str]) -> str | None:
    """Return the group to compare with: the named one, else the largest; raises ReferenceGroupError."""
    known = dict(zip(map(JOINT.join, cube.known().groups), cube.known().counts, strict=True))
    named = [reference[name] for name in cube.attributes if name in reference]
    wanted = JOINT.join(named) if len(named) == len(cube.attributes) else None
    if wanted is not None and wanted not in known and len(cube.attributes) == 1:
        raise ReferenceGroupError(
            f"{cube.attributes[0]!r} has no group {wanted!r} to compare with (there are: {', '.join(known)})."
        )
    return wanted if wanted in known else max(known, key=lambda label: (sum(known[label]), label), default=None)


def _attribute(cube: Cube, reference: Mapping[str, str]) -> dict[str, Any]:
    wanted = reference_of(cube, reference)
    return {"attribute": JOINT.join(cube.attributes), "reference": wanted, "groups": groups_of(cube, wanted)}


def groups_of(cube: Cube, wanted: str | None) -> list[dict[str, Any]]:
    """Return the numbers of each cell of a cube, compared with the cell of this name."""
    named = [JOINT.join(cell) for cell in cube.groups]
    known = {JOINT.join(cell) for cell in cube.known().groups}
    rates = {label: rates_of(counts) for label, counts in zip(named, cube.counts, strict=True)}
    best = max((one for label in known if (one := rates[label]["selection_rate"]) is not None), default=None)
    base = rates.get(wanted or "", {})
    return [
        {"group": label, **_group(counts, rates[label], base, best if label in known else None)}
        for label, counts in zip(named, cube.counts, strict=True)
    ]


def _group(counts: tuple[int, ...], rates: Rates, base: Rates, best: Fraction | None) -> dict[str, Any]:
    selected = rates["selection_rate"]
    return {
        "n": sum(counts),
        **dict(zip(CELLS, counts, strict=True)),
        **{name: six(value) for name, value in rates.items()},
        "impact_ratio": six(_ratio(selected, best)),
        **compared(rates, base),
    }


def compared(rates: Rates, base: Rates) -> dict[str, dict[str, str | None]]:
    """Return differences from, and ratios to, the rates of a reference group."""
    return {
        "difference": {name: six(_minus(value, base.get(name))) for name, value in rates.items()},
        "disparity": {name: six(_ratio(value, base.get(name))) for name, value in rates.items()},
    }


def _ratio(value: Fraction | None, base: Fraction | None) -> Fraction | None:
    return value / base if value is not None and base else None


def _minus(value: Fraction | None, base: Fraction | None) -> Fraction | None:
    return value - base if value is not None and base is not None else None
