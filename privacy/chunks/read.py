"""Read one chunk of a partition as Arrow tables of bounded size; errors name the line, the byte or the column."""

from collections.abc import Iterator
from typing import Any

from privacy.chunks import parquet
from privacy.chunks.cut import ROWS, Chunk
from privacy.chunks.opening import Source, blocks
from privacy.scan.csv_text import csv_table
from privacy.scan.json_lines import json_table
from privacy.scan.read_error import DatasetReadError

MOST_COLUMNS = 20_000


def read_chunk(one: Source, chunk: Chunk, head: int, *, encoded: bool = False) -> Iterator[Any]:
    """Yield the rows of a chunk; ``head`` is where the header ends. Raises DatasetReadError, never with a value.

    With ``encoded``, texts that a Parquet file keeps in dictionaries stay so.
    """
    if one.format == "parquet":
        tables = parquet.batches(one, chunk.start, encoded=encoded)
    else:
        tables = _text_tables(one, chunk, head)
    for table in tables:
        _check_columns(one.name, table.column_names)
        yield table


def _text_tables(one: Source, chunk: Chunk, head: int) -> Iterator[Any]:
    body = _decoded(one.name, _bytes(one, chunk.start, chunk.end), chunk.start, chunk.first_line)
    if one.format == "csv":
        header = _decoded(one.name, _bytes(one, 0, head), 0, 1).removeprefix("\ufeff")
        header = header if header.endswith(("\n", "\r")) else header + "\n"
        shift = chunk.first_line - 1 - header.count("\n")
        table = csv_table(one.name, header + body, typed=False, shift=shift)
    else:
        table = json_table(one.name, body, first_line=chunk.first_line)
    for start in range(0, table.num_rows, ROWS):
        yield table.slice(start, ROWS)


def _bytes(one: Source, start: int, end: int) -> bytes:
    found, left = [], end - start
    for block in blocks(one, start):
        found.append(block[:left])
        left -= len(found[-1])
        if not left:
            break
    if left:
        raise DatasetReadError("changed", f"{one.name}: the file ends {left} bytes before a chunk that was found.")
    return b"".join(found)


def _decoded(name: str, data: bytes, offset: int, line: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        at = line + data.count(b"\n", 0, error.start)
        raise DatasetReadError(
            "encoding", f"{name}: byte {offset + error.start} (line {at}) is not UTF-8; write the file in UTF-8."
        ) from error
    if "\x00" in text:
        at = line + text.count("\n", 0, text.index("\x00"))
        raise DatasetReadError("encoding", f"{name}: line {at} holds a NUL character; this is no text file.")
    return text


def _check_columns(name: str, columns: list[str]) -> None:
    if len(columns) > MOST_COLUMNS:
        raise DatasetReadError(
            "too_many_columns", f"{name}: the table has {len(columns)} columns; the limit is {MOST_COLUMNS}."
        )
    seen: set[str] = set()
    for index, one in enumerate(columns, 1):
        if not one.strip():
            raise DatasetReadError("unnamed_column", f"{name}: column {index} has no name.")
        if one in seen:
            raise DatasetReadError("duplicate_columns", f"{name}: the name of column {index} occurs more than once.")
        seen.add(one)
