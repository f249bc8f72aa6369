"""Count a cube from batches: what is held in memory is one batch and the counts, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import column
from monitoring.statistics.cube import Cube, add, count_cube
from monitoring.statistics.predictions import (
    EmptyPredictionsError,
    Predictions,
    PredictionsError,
    RepeatedRowError,
    read_predictions,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_ROWS = 1 << 18


class UnorderedRowsError(PredictionsError):
    """Rows of a stream that do not come in ascending order, so that a repeated one could not be seen."""

    code = "predictions_unordered"


def batches_of(table: Any) -> list[Any]:
    """Return a table's record batches (views of it) in ascending order of its rows."""
    import pyarrow.compute as pc

    rows = column(table, "row")
    if len(rows) > 1 and not pc.all(pc.less_equal(rows[:-1], rows[1:])).as_py():
        table = table.sort_by("row")
    return list(table.to_batches(max_chunksize=BATCH_ROWS))


def count_batches(batches: Iterable[Any], attributes: Sequence[str]) -> Cube:
    """Return the cube of all batches (pyarrow.RecordBatch), whose column ``row`` must ascend.

    Raises a ColumnError as ``read_predictions`` does, UnorderedRowsError, CubeError for an attribute without a column.
    """
    return add(_cubes(batches, attributes), attributes)


def _cubes(batches: Iterable[Any], attributes: Sequence[str]) -> Iterator[Cube]:
    last: int | None = None
    for found in read_batches(batches):
        _check_order(found.rows, last)
        last = int(found.rows[-1])
        yield count_cube(found, attributes)
    if last is None:
        raise EmptyPredictionsError("The predictions table has no rows; there is nothing to measure.")


def read_batches(batches: Iterable[Any]) -> Iterator[Predictions]:
    """Yield the validated predictions of each batch that has rows; raises a ColumnError."""
    import pyarrow as pa

    for batch in batches:
        if batch.num_rows:
            yield read_predictions(pa.Table.from_batches([batch]))


def _check_order(rows: NDArray[np.int64], last: int | None) -> None:
    if last is not None and rows[0] == last:
        raise RepeatedRowError(f"Column 'row' repeats the row {last}; each row may count once.")
    if (rows[1:] < rows[:-1]).any() or (last is not None and rows[0] < last):
        raise UnorderedRowsError(
            f"The rows of a stream must ascend; column 'row' goes back near the row {int(rows[0])}, after {last}."
        )
