"""Parquet by row groups: their sizes from the footer, their rows in batches; a gzipped file is unpacked beside."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from privacy.chunks.opening import PARQUET, Source, blocks, check_unchanged
from privacy.chunks.unpacking import RATIO, UNCHECKED
from privacy.scan.read_error import DatasetReadError

CELLS = 2_000_000
ROWS = 32_768
BUFFER, LEAST_BUFFER, BUFFERS = 1 << 20, 1 << 12, 64 << 20


def row_groups(one: Source) -> list[int]:
    """Return the size in bytes of each row group that holds rows; raises DatasetReadError.

    A column that unpacks to far more than it takes in the file is refused (``parquet_ratio``).
    """
    with _opened(one) as file:
        check_ratios(one.name, file.metadata)
        groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
        return [max(group.total_byte_size, 1) for group in groups]


def batches(one: Source, group: int, *, encoded: bool = False) -> Iterator[Any]:
    """Yield the rows of a row group as tables of bounded size; raises DatasetReadError.

    With ``encoded``, texts that the file keeps in dictionaries stay so: a few bytes may stand for a long text each.
    """
    import pyarrow as pa

    with _opened(one, group if encoded else None) as file:
        rows = min(max(CELLS // max(len(file.schema_arrow.names), 1), 1), ROWS)
        for batch in file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
            table = pa.Table.from_batches([batch])
            table.validate(full=True)
            yield table
    check_unchanged(one)


def check_ratios(name: str, metadata: Any) -> None:
    """Raise DatasetReadError for a footer by which a column unpacks to far more than it takes in the file."""
    for number in range(metadata.num_row_groups):
        _check_ratio(name, number + 1, metadata.row_group(number))


def _check_ratio(name: str, number: int, group: Any) -> None:
    for index in range(group.num_columns):
        column = group.column(index)
        if column.total_uncompressed_size > max(UNCHECKED, RATIO * column.total_compressed_size):
            raise DatasetReadError(
                "parquet_ratio",
                f"{name}: column {index + 1} of row group {number} unpacks to more than {RATIO} times its size in the "
                "file, which is the limit.",
            )


def _in_dictionaries(metadata: Any, group: int) -> list[str]:
    """Return the paths of the columns of bytes that a row group keeps in dictionaries."""
    columns = [metadata.row_group(group).column(index) for index in range(metadata.num_columns)]
    return [
        one.path_in_schema
        for one in columns
        if one.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in encoding for encoding in one.encodings)
    ]


@contextmanager
def _opened(one: Source, encoded: int | None = None) -> Iterator[Any]:
    import pyarrow as pa

    try:
        if one.packed:
            with tempfile.TemporaryFile(prefix="probity-unpacked-") as plain:
                for block in blocks(one):
                    plain.write(block)
                plain.seek(0)
                yield _file(plain, encoded)
        else:
            _check_whole(one)
            with _file(one.place, encoded) as file:
                yield file
    except pa.ArrowException as error:
        raise DatasetReadError(
            "unreadable", f"{one.name}: the Parquet file is damaged ({type(error).__name__})."
        ) from error
    except OSError as error:
        raise DatasetReadError(
            "unreadable", f"{one.name}: the Parquet file is damaged or cannot be read ({type(error).__name__})."
        ) from error


def _file(place: Any, encoded: int | None) -> Any:
    """Open a file whose columns are read through small buffers: a row group may be larger than the memory."""
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(place)
    buffer = max(min(BUFFERS // max(metadata.num_columns, 1), BUFFER), LEAST_BUFFER)
    coded = None if encoded is None else _in_dictionaries(metadata, encoded)
    return pq.ParquetFile(place, metadata=metadata, read_dictionary=coded, buffer_size=buffer, pre_buffer=False)


def _check_whole(one: Source) -> None:
    with one.place.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - len(PARQUET), 0))
        if size < 2 * len(PARQUET) or file.read() != PARQUET:
            raise DatasetReadError(
                "truncated", f"{one.name}: the Parquet file is truncated; its {size} bytes do not end with the footer."
            )
