"""What each column of a table holds, in counts: missing and infinite values, distinct ones, and those out of range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import MISSING, coded, column, is_numeric
from monitoring.statistics.ranges import Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Column:
    """A column in counts of rows; ``outside`` is None where no range is declared, ``distinct`` stops counting at 2."""

    name: str
    rows: int
    missing: int
    infinite: int
    distinct: int
    outside: int | None
    values: NDArray[np.float64] | None
    texts: Any

    @property
    def missing_share(self) -> float:
        """The share of rows without a value."""
        return self.missing / self.rows

    @property
    def is_constant(self) -> bool:
        """Whether all known values are alike, or none is known."""
        return self.distinct < 2  # noqa: PLR2004 - two differ

    def document(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "column": self.name,
            "rows": self.rows,
            "missing": self.missing,
            "infinite": self.infinite,
            "outside": self.outside,
        }


def raw_numbers(table: Any, name: str) -> NDArray[np.float64]:
    """Return a numeric column as floats with NaN for missing; infinities stay."""
    import numpy as np

    return np.asarray(column(table, name).cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64)


def profile(table: Any, name: str, declared: Range) -> Column:
    """Count what a column holds."""
    import numpy as np

    n = table.num_rows
    if not is_numeric(table, name):
        found = coded(table, name)
        known = found.codes[found.codes != found.names.index(MISSING)] if MISSING in found.names else found.codes
        present = [found.names[place] for place in np.unique(known)]
        outside = None
        if declared.is_declared:
            allowed = np.array([text in declared.values for text in found.names] or [False])
            outside = int((~allowed[known]).sum())
        return Column(name, n, n - len(known), 0, min(2, len(present)), outside, None, found)
    values = raw_numbers(table, name)
    infinite, known_numbers = int(np.isinf(values).sum()), values[~np.isnan(values)]
    different = int(len(known_numbers) > 0) + int(len(known_numbers) > 0 and (known_numbers != known_numbers[0]).any())
    return Column(name, n, n - len(known_numbers), infinite, different, _outside(known_numbers, declared), values, None)


def _outside(values: NDArray[np.float64], declared: Range) -> int | None:
    import numpy as np

    if declared.values:
        allowed = [float(text) for text in declared.values if _is_number(text)]
        return int((~np.isin(values, allowed)).sum())
    if not declared.is_declared:
        return None
    return int(((values < declared.low) | (values > declared.high)).sum())


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
