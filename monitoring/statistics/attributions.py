"""Read a table of attributions, refusing one that does not belong to the features it claims to explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import ColumnError, numbers, texts
from monitoring.statistics.predictions import GROUP

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DELETION = ("deletion:leading", "deletion:random")
OWN_COLUMNS = ("row", "base", "margin", *DELETION)


class AttributionsError(ColumnError):
    """An attributions table that cannot be measured."""

    code = "attributions_refused"


class EmptyAttributionsError(AttributionsError):
    """No rows or no features."""

    code = "attributions_empty"


class OtherFeaturesError(AttributionsError):
    """The table explains other features than its description says."""

    code = "attributions_other_features"


class MissingAttributionError(AttributionsError):
    """An attribution, base or margin is missing."""

    code = "attributions_missing_value"


@dataclass(frozen=True, slots=True)
class Attributions:
    """Rows by features, with base and margin of each row and a group text per attribute.

    ``rows`` are their numbers in the dataset; ``deletion`` is how far each row's score moved without its leading
    features, and without as many drawn at random.
    """

    features: tuple[str, ...]
    values: NDArray[np.float64]
    base: NDArray[np.float64]
    margin: NDArray[np.float64]
    groups: dict[str, NDArray[Any]]
    space: str
    rows: NDArray[np.int64] | None = None
    deletion: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None


def read_attributions(table: Any, meta: Mapping[str, Any]) -> Attributions:
    """Return the validated attributions; raises a ColumnError or AttributionsError that names the column."""
    import numpy as np

    features = tuple(meta["features"])
    if table.num_rows == 0 or not features:
        raise EmptyAttributionsError(f"There are {table.num_rows} rows and {len(features)} features to explain.")
    held = [name for name in table.column_names if name not in OWN_COLUMNS and not name.startswith(GROUP)]
    strange = sorted(set(held) ^ set(features))
    if strange:
        raise OtherFeaturesError(f"The column {strange[0]!r} is not in both the attributions and their description.")
    values = np.column_stack([_complete(table, name) for name in features])
    groups = {name.removeprefix(GROUP): texts(table, name) for name in table.column_names if name.startswith(GROUP)}
    space = str(meta.get("space", ""))
    base, margin = (_complete(table, name) for name in ("base", "margin"))
    return Attributions(features, values, base, margin, groups, space, _rows(table), _deletion(table))


def _rows(table: Any) -> NDArray[np.int64] | None:
    return _complete(table, "row").astype("int64") if "row" in table.column_names else None


def _deletion(table: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if not set(DELETION) <= set(table.column_names):
        return None
    leading, random = (_complete(table, name) for name in DELETION)
    return leading, random


def _complete(table: Any, name: str) -> NDArray[np.float64]:
    import numpy as np

    values = numbers(table, name)
    missing = int(np.isnan(values).sum())
    if missing:
        raise MissingAttributionError(f"Column {name!r} lacks {missing} of {len(values)} values.")
    return values
