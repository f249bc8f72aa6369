"""CSV text as a table: every record of the header's width, strings unless types are asked for."""

import csv
import io
import re
from typing import Any

from privacy.scan.read_error import DatasetReadError

LONGEST_RECORD = 32 << 20
_OTHER_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a bar"}
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TOO_LONG = re.compile(r"[+-]?\d{16,}", re.ASCII)
_ENDS = "unexpected end"
_ABSENT = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None"}


def csv_table(name: str, text: str, *, typed: bool, shift: int = 0, lenient: bool = False) -> Any:
    """Return the table; raises DatasetReadError for a ragged row, another delimiter or an open quote.

    ``shift`` is added to the lines that errors name: how many lines of the file are left out after the header.
    ``lenient`` takes semicolons, tabs and bars between the columns as well, and drops blanks around the
    values; columns without a name are called by their place.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    delimiter = _delimiter(text) if lenient else ","
    header = _header(name, text, delimiter)
    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=LONGEST_RECORD, column_names=_unique(header), skip_rows_after_names=1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(_unique(header), pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(name, text, len(header), error, shift, mark=delimiter) from error
    if '"' in text:
        _check_quotes(name, text, shift, mark=delimiter)
    table = table.rename_columns(header)
    if lenient:
        table = _without_blanks(table)
    return _typed(table) if typed else table


def _delimiter(text: str) -> str:
    """Return what the columns of the header are separated by, where that is not a comma."""
    header = next((row for row in csv.reader(io.StringIO(text, newline="")) if row), [])
    marks = [mark for mark in _OTHER_DELIMITERS if mark in header[0]] if len(header) == 1 else []
    return max(marks, key=header[0].count) if marks else ","


def _without_blanks(table: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [name.strip() or f"column {place}" for place, name in enumerate(table.column_names, 1)]
    trimmed = [pc.utf8_trim_whitespace(values) for values in table.columns]
    return pa.table([pc.if_else(pc.equal(values, ""), None, values) for values in trimmed], names=names)


def _header(name: str, text: str, delimiter: str) -> list[str]:
    header = next((row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row), [])
    if len(header) == 1 and delimiter == ",":
        for mark, called in _OTHER_DELIMITERS.items():
            if mark in header[0]:
                raise DatasetReadError(
                    "delimiter",
                    f"{name}: line 1 is a single column that holds {called}; separate the columns by commas.",
                )
    return header


def _unique(header: list[str]) -> list[str]:
    """Return names to read under; the real ones may be doubled, which the caller reports."""
    return [f"column {index}" for index in range(len(header))]


def _explained(name: str, text: str, width: int, error: Exception, shift: int, *, mark: str) -> DatasetReadError:
    """Say what Arrow refused, with the line; its own message repeats the values of the row."""
    csv.field_size_limit(LONGEST_RECORD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    line = 1
    try:
        for row in reader:
            if row and len(row) != width:
                return DatasetReadError(
                    "ragged_row", f"{name}: line {line + shift} has {len(row)} columns where the header has {width}."
                )
            line = reader.line_num + 1
    except csv.Error as problem:
        line += shift
        return _open_quote(name, line) if _ENDS in str(problem) else _not_csv(name, line, problem)
    if "straddl" in str(error) or "block" in str(error):
        return DatasetReadError("record_too_long", f"{name}: a record is longer than {LONGEST_RECORD} bytes.")
    return DatasetReadError("unreadable", f"{name}: the CSV cannot be read (after line {line + shift - 1}).")


def _check_quotes(name: str, text: str, shift: int, *, mark: str) -> None:
    """Refuse a quote that is never closed: the rest of the file would silently be one cell."""
    csv.field_size_limit(LONGEST_RECORD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    line = 1
    try:
        for _row in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        if _ENDS in str(error):
            raise _open_quote(name, line + shift) from error


def _open_quote(name: str, line: int) -> DatasetReadError:
    return DatasetReadError("open_quote", f"{name}: a quote opened on line {line} is never closed.")


def _not_csv(name: str, line: int, problem: Exception) -> DatasetReadError:
    return DatasetReadError("unreadable", f"{name}: line {line} is not CSV ({problem}).")


def _typed(table: Any) -> Any:
    import pyarrow as pa

    return pa.table([_typed_column(values) for values in table.columns], names=table.column_names)


def _typed_column(column: Any) -> Any:
    import pyarrow as pa

    values = column.to_pylist()
    present = [value for value in values if value is not None and value not in _ABSENT]
    for pattern, convert, kind in ((_INTEGER, int, pa.int64()), (_DECIMAL, float, pa.float64())):
        exact = kind == pa.int64() or not any(_TOO_LONG.fullmatch(value) for value in present)
        if present and exact and all(pattern.fullmatch(value) for value in present):
            made = [None if value is None or value in _ABSENT else convert(value) for value in values]
            return pa.array(made, type=kind)
    return column
