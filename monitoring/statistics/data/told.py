"""The counts of rows as measurements, findings and pictures: the worst of the roles, each role, and each column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from monitoring.statistics.data.judged import Judged
from monitoring.statistics.data.profile import Column
from monitoring.statistics.plots import Bar, intervals
from registry.checks import Finding, Measurement, Status, measured

MOST_DRAWN = 15
BOTH = {
    "overlap_share": "Rows of training and evaluation are compared where both have the same columns and are looked at.",
    "id_overlap_share": "The schema declares no identifier that the rows of both roles have.",
}
Roles = Mapping[str, Judged]


def _absent(metric: str, reason: str, status: Status = Status.NOT_APPLICABLE) -> Measurement:
    return Measurement(f"data_quality.{metric}", status=status, reason=reason)


def measurements_of(judged: Roles, shared: Mapping[str, tuple[int, int]], leak_from: float) -> Iterator[Measurement]:
    """Give every number."""
    yield from _of_roles(judged, "rows", lambda one: one.rows, min)
    yield from _of_roles(judged, "duplicate_share", lambda one: one.duplicates / one.rows, max)
    yield from _of_roles(judged, "label_conflict_share", lambda one: one.conflicts / one.rows, max)
    yield from _of_roles(judged, "constant_columns", lambda one: len(constant(one)), max)
    yield from _of_roles(judged, "absent_columns", lambda one: len(one.absent), max)
    yield from _classes(judged)
    yield from _of_columns(judged, "missing_share", lambda one: one.missing_share)
    yield from _ranges(judged)
    yield from _strengths(judged, leak_from)
    yield from _ids(judged)
    for metric, reason in BOTH.items():
        if metric in shared:
            hits, n = shared[metric]
            yield measured(f"data_quality.{metric}", hits / n, n=n)
        else:
            yield _absent(metric, reason)


def _of_roles(
    judged: Roles, metric: str, number: Callable[[Judged], float], worst: Callable[[Any], float]
) -> Iterator[Measurement]:
    values = {role: number(one) for role, one in judged.items()}
    rows = min(one.rows for one in judged.values())
    yield measured(f"data_quality.{metric}", worst(values.values()), n=rows)
    for role, value in values.items():
        yield measured(f"data_quality.{metric}", value, n=judged[role].rows, group=f"role={role}")


def _of_columns(judged: Roles, metric: str, share: Callable[[Column], float | None]) -> Iterator[Measurement]:
    """Give the worst column of all, of each role, and each column's worst; columns without the number are left out."""
    found = [
        (role, one.name, value, one.rows)
        for role, rows in judged.items()
        for one in rows.columns
        if (value := share(one)) is not None
    ]
    groups: dict[str, list[tuple[float, int]]] = {"": []}
    for role, name, value, rows in found:
        for group in ("", f"role={role}", f"column={name}"):
            groups.setdefault(group, []).append((value, rows))
    for group, values in sorted(groups.items()):
        worst, rows = max(values)
        yield measured(f"data_quality.{metric}", worst, n=rows, group=group)


def _outside(one: Column) -> float | None:
    if one.outside is None and not one.infinite:
        return None
    known = one.rows - one.missing
    return max(one.outside or 0, one.infinite) / known if known else 0.0


def _ranges(judged: Roles) -> Iterator[Measurement]:
    if any(_outside(one) is not None for rows in judged.values() for one in rows.columns):
        yield from _of_columns(judged, "out_of_range_share", _outside)
    else:
        yield _absent("out_of_range_share", "The schema declares no range of a feature, and no value is infinite.")


def _classes(judged: Roles) -> Iterator[Measurement]:
    if any(one.smallest_class is None for one in judged.values()):
        yield _absent("smallest_class_share", "The target is an amount; it has no classes.")
    else:
        yield from _of_roles(judged, "smallest_class_share", lambda one: (one.smallest_class or 0) / one.rows, min)


def _strengths(judged: Roles, leak_from: float) -> Iterator[Measurement]:
    if not any(one.strengths for one in judged.values()):
        reason = "No row has both a target and a feature."
        yield _absent("target_strength", reason, Status.NOT_COMPUTABLE)
        yield _absent("leaking_columns", reason, Status.NOT_COMPUTABLE)
        return
    yield from _of_columns_named(judged)
    yield from _of_roles(judged, "leaking_columns", lambda one: len(leaking(one, leak_from)), max)


def _of_columns_named(judged: Roles) -> Iterator[Measurement]:
    groups: dict[str, list[tuple[float, int]]] = {}
    for role, one in judged.items():
        for name, value in one.strengths.items():
            for group in ("", f"role={role}", f"column={name}"):
                groups.setdefault(group, []).append((value, one.rows))
    for group, values in sorted(groups.items()):
        yield measured("data_quality.target_strength", max(values)[0], n=max(values)[1], group=group)


def _ids(judged: Roles) -> Iterator[Measurement]:
    shares = {(role, name): repeats / one.rows for role, one in judged.items() for name, repeats in one.repeats.items()}
    if not shares:
        yield _absent("repeated_id_share", "The schema declares no identifier that the rows have.")
        return
    yield measured("data_quality.repeated_id_share", max(shares.values()), n=min(one.rows for one in judged.values()))
    for role, one in judged.items():
        own = [share for (of, _), share in shares.items() if of == role]
        if own:
            yield measured("data_quality.repeated_id_share", max(own), n=one.rows, group=f"role={role}")


def constant(one: Judged) -> list[str]:
    """Return the features whose known values are all alike."""
    return [column.name for column in one.columns if column.is_constant and column.name in one.features]


def leaking(one: Judged, leak_from: float) -> list[str]:
    """Return the features that tell the target too well."""
    return [name for name, strength in one.strengths.items() if strength >= leak_from]


def findings_of(judged: Roles, shared: Mapping[str, tuple[int, int]], leak_from: float) -> Iterator[Finding]:
    """Give what a person should look at, with counts and names of columns and no value."""
    for role, one in judged.items():
        yield from _of_features(role, one, leak_from)
        yield from _of_values(role, one)
        yield from _of_rows(role, one)
    said = {
        "overlap_share": "are training rows too",
        "id_overlap_share": "have an identifier that the training rows have",
    }
    for metric, (hits, n) in shared.items():
        if hits:
            yield Finding(
                metric.replace("share", "found"), f"{hits} of {n} evaluation rows {said[metric]}.", "evaluate"
            )


def _of_features(role: str, one: Judged, leak_from: float) -> Iterator[Finding]:
    for name in leaking(one, leak_from):
        sentence = f"The feature {name!r} alone tells the target of the {role} rows almost wholly."
        yield Finding("column_leaks", sentence, f"{role}.{name}", {"strength": f"{one.strengths[name]:.4f}"})
    for name in constant(one):
        yield Finding("column_constant", f"The feature {name!r} is the same in all {role} rows.", f"{role}.{name}")
    for name in one.absent:
        yield Finding("column_absent", f"The {role} rows have no column {name!r}, which is declared.", f"{role}.{name}")


def _of_values(role: str, one: Judged) -> Iterator[Finding]:
    for column in one.columns:
        if column.outside or column.infinite:
            bad = max(column.outside or 0, column.infinite)
            sentence = f"{bad} of {column.rows} {role} rows hold a value of {column.name!r} that is out of range."
            yield Finding("values_out_of_range", sentence, f"{role}.{column.name}", {"rows": bad})
    for name, repeats in one.repeats.items():
        if repeats:
            sentence = f"{repeats} of {one.rows} {role} rows repeat an identifier in {name!r}."
            yield Finding("identifiers_repeated", sentence, f"{role}.{name}", {"rows": repeats})


def _of_rows(role: str, one: Judged) -> Iterator[Finding]:
    for code, hits, what in (
        ("rows_duplicated", one.duplicates, "are equal to an earlier row"),
        ("labels_conflict", one.conflicts, "have the features of a row with another target"),
    ):
        if hits:
            yield Finding(code, f"{hits} of {one.rows} {role} rows {what}.", role, {"rows": hits})


def pictures_of(judged: Roles, leak_from: float) -> list[dict[str, Any]]:
    """Draw the columns with most gaps, and those that tell most of the target."""
    missing = _worst(
        judged, lambda one: {column.name: column.missing_share for column in one.columns if column.missing}
    )
    told = _worst(judged, lambda one: dict(one.strengths))
    drawn = []
    if missing:
        reading = "The further to the right, the more rows lack this value; the worst of the datasets is shown."
        drawn.append(intervals("Missing values", reading, "share of rows without a value", missing, 0.0))
    if told:
        reading = (
            "0.5 tells nothing of the target; what reaches the line tells it almost wholly, and may be made of it."
        )
        drawn.append(intervals("What one feature alone tells", reading, "strength for the target", told, leak_from))
    return drawn


def _worst(judged: Roles, shares: Callable[[Judged], Mapping[str, float]]) -> list[Bar]:
    found: dict[str, tuple[float, int]] = {}
    for one in judged.values():
        for name, share in shares(one).items():
            found[name] = max(found.get(name, (-1.0, 0)), (share, one.rows))
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_DRAWN]
    return [Bar(name, share, None, None, rows) for name, (share, rows) in ordered]
