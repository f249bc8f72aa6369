"""What is counted of the rows of one role, and of two roles together; the names of the numbers that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, ColumnError, MissingColumnError, coded
from monitoring.statistics.data.fingerprints import conflicting, fingerprints, repeated, within
from monitoring.statistics.data.leaks import strength, targets_of
from monitoring.statistics.data.profile import Column, profile, raw_numbers
from monitoring.statistics.ranges import Range
from monitoring.statistics.tasks import BINARY, REGRESSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Prints = NDArray[np.uint64]

METRICS: dict[str, str] = {
    "data_quality.rows": "rows (count)",
    "data_quality.missing_share": "share of rows that lack a value of a column (0 to 1)",
    "data_quality.out_of_range_share": "share of known values outside of their declared range, or infinite (0 to 1)",
    "data_quality.constant_columns": "features whose known values are all alike (count)",
    "data_quality.absent_columns": "declared columns that the rows do not have (count)",
    "data_quality.duplicate_share": "share of rows that are equal to an earlier row (0 to 1)",
    "data_quality.label_conflict_share": "share of rows whose features another row has with another target (0 to 1)",
    "data_quality.repeated_id_share": "share of rows whose identifier an earlier row has (0 to 1)",
    "data_quality.target_strength": "how well one feature alone tells the target (0.5 to 1)",
    "data_quality.leaking_columns": "features that alone tell the target too well (count)",
    "data_quality.smallest_class_share": "share of rows in the smallest class of the target (0 to 1)",
    "data_quality.overlap_share": "share of evaluation rows that are equal to a training row (0 to 1)",
    "data_quality.id_overlap_share": "share of evaluation rows whose identifier occurs in the training (0 to 1)",
}


class NoRowsError(ColumnError):
    """A table without rows."""

    code = "rows_empty"


@dataclass(frozen=True, slots=True)
class Judged:
    """Counts of one role's rows. ``strengths`` by feature; ``repeats`` of identifiers by column; fingerprints of whole
    rows and of identifiers, which stay in memory.
    """

    rows: int
    columns: tuple[Column, ...]
    features: tuple[str, ...]
    absent: tuple[str, ...]
    duplicates: int
    conflicts: int
    repeats: Mapping[str, int]
    strengths: Mapping[str, float]
    smallest_class: int | None
    prints: Prints
    ids: Mapping[str, Prints]

    def document(self) -> dict[str, Any]:
        """Return the counts that are kept as evidence."""
        return {
            "rows": self.rows,
            "columns": [one.document() for one in self.columns],
            "absent": list(self.absent),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "repeated_ids": dict(self.repeats),
        }


def judge_rows(table: Any, schema: Mapping[str, Any], ranges: Mapping[str, Range], task: str) -> Judged:
    """Count what one role's rows hold; raises ColumnError for rows without a target or without rows."""
    if table.num_rows == 0:
        raise NoRowsError("The table has no rows; there is nothing to count.")
    target = schema["target"]
    if target not in table.column_names:
        raise MissingColumnError(f"The rows have no column {target!r}, which the schema declares as the target.")
    declared = [one["name"] for one in schema["features"]]
    features = tuple(name for name in declared if name in table.column_names)
    sensitive = [one["column"] for one in schema["sensitive"]]
    named = list(dict.fromkeys([*features, target, *(name for name in sensitive if name in table.column_names)]))
    columns = tuple(profile(table, name, ranges.get(name, Range())) for name in named)
    ids = {name: fingerprints(table, [name]) for name in schema["identifiers"] if name in table.column_names}
    prints, of_features = fingerprints(table, named), fingerprints(table, features)
    return Judged(
        rows=table.num_rows,
        columns=columns,
        features=features,
        absent=tuple(name for name in dict.fromkeys([*declared, *sensitive]) if name not in table.column_names),
        duplicates=repeated(prints),
        conflicts=conflicting(of_features, fingerprints(table, [*features, target])) if features else 0,
        repeats={name: repeated(one) for name, one in ids.items()},
        strengths=_strengths(columns, features, _target(table, schema, task), of_classes=task != REGRESSION),
        smallest_class=None if task == REGRESSION else _smallest(table, schema, task),
        prints=prints,
        ids=ids,
    )


def _target(table: Any, schema: Mapping[str, Any], task: str) -> NDArray[np.float64]:
    """Return the target as numbers, NaN where it is missing."""
    import numpy as np

    name = schema["target"]
    if task == REGRESSION:
        values = raw_numbers(table, name)
        return np.where(np.isinf(values), np.nan, values)
    found = coded(table, name)
    missing = np.array([text == MISSING for text in found.names])[found.codes]
    codes = found.codes.astype(np.float64)
    if task == BINARY:
        codes = np.array([float(text == schema["positive"]) for text in found.names])[found.codes]
    return np.where(missing, np.nan, codes)


def _smallest(table: Any, schema: Mapping[str, Any], task: str) -> int:
    import numpy as np

    target = _target(table, schema, task)
    counts = np.unique(target[~np.isnan(target)], return_counts=True)[1]
    least = 2 if task == BINARY else 1
    return int(counts.min()) if len(counts) >= least else 0


def _strengths(
    columns: tuple[Column, ...], features: tuple[str, ...], target: NDArray[np.float64], *, of_classes: bool
) -> dict[str, float]:
    import numpy as np

    known = ~np.isnan(target)
    if not known.any():
        return {}
    targets, found = targets_of(target[known], of_classes=of_classes), {}
    for one in columns:
        if one.name in features:
            values = None if one.values is None else one.values[known]
            codes = None if one.values is not None else one.texts.codes[known]
            found[one.name] = strength(targets, values, codes)
    return found


def overlaps(judged: Mapping[str, Judged]) -> dict[str, tuple[int, int]]:
    """Return for each number on both roles (evaluation rows that occur in the training, evaluation rows)."""
    if set(judged) != {"train", "evaluate"}:
        return {}
    train, evaluate = judged["train"], judged["evaluate"]
    found = {}
    if train.features == evaluate.features and [one.name for one in train.columns] == [
        one.name for one in evaluate.columns
    ]:
        found["overlap_share"] = (within(evaluate.prints, train.prints), evaluate.rows)
    shared = [name for name in evaluate.ids if name in train.ids]
    if shared:
        most = max(within(evaluate.ids[name], train.ids[name]) for name in shared)
        found["id_overlap_share"] = (most, evaluate.rows)
    return found
