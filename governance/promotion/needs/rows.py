"""The rows of a dataset version as a table: one Parquet file, or whatever else it was registered from."""

from collections.abc import Sequence
from typing import Any

from privacy.chunks.opening import Source
from privacy.partitions import files, opened
from privacy.scan.read import read_table
from privacy.scan.read_error import DatasetReadError
from registry.models import DatasetVersion

PARQUET = "parquet"


def rows_of(dataset_version: DatasetVersion, columns: Sequence[str] | None = None) -> Any:
    """Return the rows with all columns or some, verified; partitions one after the other.

    CSV gets numbers where a column holds nothing else. Raises DatasetReadError, BlobError.
    """
    import pyarrow as pa

    parts = [_table(opened(file), columns) for file in files(dataset_version.content)]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise DatasetReadError("types_differ", f"{dataset_version}: its files do not agree in their types.") from error


def names_of(dataset_version: DatasetVersion) -> list[str]:
    """Return the names of the columns, which all files of a version have."""
    import pyarrow.parquet as pq

    first = opened(files(dataset_version.content)[0])
    if _plain(first):
        return list(pq.read_schema(first.place).names)
    return list(_table(first, None).column_names)


def _plain(one: Source) -> bool:
    return one.format == PARQUET and not one.packed


def _table(one: Source, columns: Sequence[str] | None) -> Any:
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    if _plain(one):
        return pq.ParquetFile(one.place).read(columns=wanted)
    table = read_table(one.place, format=one.format, typed=True)
    return table if wanted is None else table.select(wanted)
