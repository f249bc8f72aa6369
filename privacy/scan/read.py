"""Open a dataset as an Arrow table: CSV, Parquet or JSON lines, each also gzipped; errors name the place."""

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privacy.chunks.parquet import check_ratios
from privacy.chunks.unpacking import RatioError, Stream
from privacy.scan.csv_text import csv_table
from privacy.scan.json_lines import json_table
from privacy.scan.read_error import DatasetReadError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("csv", "parquet", "jsonl")
LARGEST = 2 << 30
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

__all__ = ["FORMATS", "DatasetReadError", "read_table"]


def read_table(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002
    typed: bool = False,
    lenient: bool = False,
) -> "pa.Table":
    """Return the table in a file; ``format`` is needed where neither the name nor the first bytes tell it.

    CSV gives strings, or with ``typed`` numbers where every value of a column is one (leading zeros stay strings).
    ``lenient`` reads CSV with semicolons, tabs or bars too, and drops blanks around its values.
    Raises DatasetReadError; its message names the line, the byte or the column, never a value.
    """
    place = Path(path)
    data = _bytes(place)
    kind = format or _format(place, data)
    if kind not in FORMATS:
        raise DatasetReadError("format_unknown", f"{place.name}: {kind!r} is none of the formats {', '.join(FORMATS)}.")
    if kind == "parquet":
        table = _parquet(place.name, data)
    else:
        text = _text(place.name, data)
        if kind == "csv":
            table = csv_table(place.name, text, typed=typed, lenient=lenient)
        else:
            table = json_table(place.name, text)
    return _checked(place.name, table)


def _bytes(place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise DatasetReadError("file_missing", f"{place.name}: there is no such file.") from error
    except OSError as error:
        raise DatasetReadError("unreadable", f"{place.name}: the file cannot be read ({error.strerror}).") from error
    _check_size(place.name, data)
    if data.startswith(_GZIP):
        data = _unzipped(place.name, data)
        _check_size(place.name, data)
    if not data.strip():
        raise DatasetReadError("empty_file", f"{place.name}: the file is empty ({len(data)} bytes, none of them data).")
    return data


def _check_size(name: str, data: bytes | bytearray) -> None:
    if len(data) > LARGEST:
        raise DatasetReadError("too_large", f"{name}: the data is larger than the limit of {LARGEST} bytes.")


def _unzipped(name: str, data: bytes) -> bytes:
    made = bytearray()
    try:
        for block in Stream().blocks(io.BytesIO(data), 0):
            made += block
            _check_size(name, made)
    except RatioError as error:
        raise DatasetReadError("gzip_ratio", f"{name}: {error}, which is the limit.") from error
    except EOFError as error:
        raise DatasetReadError(
            "truncated", f"{name}: the gzip stream ends before its end, after {len(data)} compressed bytes."
        ) from error
    except zlib.error as error:
        raise DatasetReadError("unreadable", f"{name}: the gzip stream is damaged ({error}).") from error
    return bytes(made)


def _format(place: Path, data: bytes) -> str:
    if data.startswith(_PARQUET):
        return "parquet"
    suffixes = [suffix.lower() for suffix in place.suffixes if suffix.lower() != ".gz"]
    kind = _SUFFIXES.get(suffixes[-1] if suffixes else "")
    if kind is None:
        raise DatasetReadError(
            "format_unknown",
            f"{place.name}: the name does not tell the format; say which of {', '.join(FORMATS)} it is.",
        )
    return kind


def _parquet(name: str, data: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not data.startswith(_PARQUET):
        raise DatasetReadError("unreadable", f"{name}: this is not Parquet; its first four bytes are not PAR1.")
    if len(data) < 2 * len(_PARQUET) or not data.endswith(_PARQUET):
        raise DatasetReadError(
            "truncated", f"{name}: the Parquet file is truncated; its {len(data)} bytes do not end with the footer."
        )
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _check_names(name, file.schema_arrow.names)
        check_ratios(name, file.metadata)
        table = file.read()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        problem = str(error).splitlines()[0][:200]
        raise DatasetReadError("unreadable", f"{name}: the Parquet file is damaged ({problem}).") from error
    return table


def _text(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DatasetReadError("encoding", f"{name}: byte 0 begins a UTF-16 mark; the text must be UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, offset) + 1
        raise DatasetReadError(
            "encoding", f"{name}: byte {offset} (line {line}) is not UTF-8; write the file in UTF-8."
        ) from error
    if "\x00" in text:
        raise DatasetReadError("encoding", f"{name}: character {text.index(chr(0))} is NUL; this is no text file.")
    return text


def _checked(name: str, table: Any) -> Any:
    _check_names(name, table.column_names)
    if not table.num_columns or not table.num_rows:
        raise DatasetReadError(
            "no_rows", f"{name}: the table holds {table.num_columns} columns and {table.num_rows} rows."
        )
    return table


def _check_names(name: str, names: list[str]) -> None:
    double = sorted({one for one in names if names.count(one) > 1})
    if double:
        raise DatasetReadError("duplicate_columns", f"{name}: the column name {double[0]!r} occurs more than once.")
    unnamed = [index for index, one in enumerate(names) if not one.strip()]
    if unnamed:
        raise DatasetReadError("unnamed_column", f"{name}: column {unnamed[0] + 1} has no name.")
