"""Parquet by row groups: their sizes from the footer, their rows in batches; a gzipped file is unpacked beside."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from privacy.chunks.opening import PARQUET, Source, blocks, check_unchanged
from privacy.scan.read_error import DatasetReadError

CELLS = 2_000_000
ROWS = 32_768


def row_groups(one: Source) -> list[int]:
    """Return the size in bytes of each row group that holds rows; raises DatasetReadError."""
    with _opened(one) as file:
        groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
        return [max(group.total_byte_size, 1) for group in groups]


def batches(one: Source, group: int) -> Iterator[Any]:
    """Yield the rows of a row group as tables of bounded size; raises DatasetReadError."""
    import pyarrow as pa

    with _opened(one) as file:
        rows = min(max(CELLS // max(len(file.schema_arrow.names), 1), 1), ROWS)
        for batch in file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
            table = pa.Table.from_batches([batch])
            table.validate(full=True)
            yield table
    check_unchanged(one)


@contextmanager
def _opened(one: Source) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if one.packed:
            with tempfile.TemporaryFile(prefix="probity-unpacked-") as plain:
                for block in blocks(one):
                    plain.write(block)
                plain.seek(0)
                yield pq.ParquetFile(plain)
        else:
            _check_whole(one)
            with pq.ParquetFile(one.place) as file:
                yield file
    except pa.ArrowException as error:
        raise DatasetReadError(
            "unreadable", f"{one.name}: the Parquet file is damaged ({type(error).__name__})."
        ) from error
    except OSError as error:
        raise DatasetReadError(
            "unreadable", f"{one.name}: the Parquet file is damaged or cannot be read ({type(error).__name__})."
        ) from error


def _check_whole(one: Source) -> None:
    with one.place.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - len(PARQUET), 0))
        if size < 2 * len(PARQUET) or file.read() != PARQUET:
            raise DatasetReadError(
                "truncated", f"{one.name}: the Parquet file is truncated; its {size} bytes do not end with the footer."
            )
