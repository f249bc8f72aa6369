"""Uploaded files: kept in a temporary file while they are read; CSV and Parquet become what the use cases take."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from monitoring.statistics.performance.answers import SCORE
from privacy.chunks.cut import cut
from privacy.chunks.opening import source
from privacy.chunks.read import read_chunk
from registry.artifacts import keep_table
from registry.checks import BINARY, MULTICLASS, REGRESSION
from registry.models import Artifact

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

SUFFIXES = frozenset({".csv", ".parquet", ".pq", ".gz", ".jsonl"})
COLUMNS = ("score", "prediction")


class UploadTooLargeError(ValueError):
    """A file over the limit."""

    code = "too_large"


class PredictionsRefusedError(ValueError):
    """A file that does not hold one score or prediction for each row."""

    code = "predictions_refused"


@contextmanager
def saved(upload: "UploadedFile[bytes]") -> Iterator[Path]:
    """Give the upload as a file whose suffixes tell its format."""
    size = upload.size or 0
    if size > settings.PROBITY_MAX_UPLOAD_BYTES:
        raise UploadTooLargeError(f"the file has {size} bytes; the limit is {settings.PROBITY_MAX_UPLOAD_BYTES}")
    suffixes = [suffix for suffix in Path(upload.name or "").suffixes if suffix.lower() in SUFFIXES]
    with tempfile.TemporaryDirectory(prefix="probity-upload-") as folder:
        place = Path(folder) / f"upload{''.join(suffixes)}"
        with place.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        yield place


def read(place: Path) -> Any:
    """Return the table in a file, with numbers where a column holds nothing else; raises DatasetReadError."""
    from privacy.scan.read import read_table

    return read_table(place, typed=True)


@contextmanager
def parquet(upload: "UploadedFile[bytes]") -> Iterator[Path]:
    """Give the upload as Parquet (what is that, as it came); raises DatasetReadError, UploadTooLargeError."""
    with saved(upload) as place:
        import pyarrow.parquet as pq

        one = source(place, place.name)
        if one.format == "parquet" and not one.packed:
            for chunk in cut(one).chunks:
                for _table in read_chunk(one, chunk, 0, encoded=True):
                    pass  # what is damaged anywhere is refused here
            yield place
        else:
            target = place.with_name("rows.parquet")
            pq.write_table(read(place), target)
            yield target


def predictions(upload: "UploadedFile[bytes]", task: str = BINARY) -> Artifact:
    """Keep uploaded predictions, one row per evaluation row: a column ``score`` (0 to 1) or ``prediction`` (0 or 1); of
    several classes ``prediction`` and any ``score:<class>``; of amounts ``prediction``.
    """
    with saved(upload) as place:
        table = read(place)
    wanted = COLUMNS if task == BINARY else COLUMNS[1:]
    there = [name for name in wanted if name in table.column_names]
    if not there:
        which = "neither of the columns" if task == BINARY else "no column"
        raise PredictionsRefusedError(f"the file has {which} {' and '.join(wanted)}")
    if task == MULTICLASS:
        there += [name for name in table.column_names if name.startswith(SCORE)]
    for name in there:
        _check(name, table.column(name).to_pylist(), task)
    return keep_table(table.select(there))


def _check(name: str, values: list[Any], task: str) -> None:
    wanted, fits = _wanted(name, task)
    for row, value in enumerate(values, start=1):
        if not fits(value):
            raise PredictionsRefusedError(f"row {row} of the column {name!r} is not {wanted}")


def _wanted(name: str, task: str) -> tuple[str, Callable[[Any], bool]]:
    """Return what a value must be, in words, and the test of it."""
    if name == "prediction" and task == MULTICLASS:
        return "the name of a class", lambda value: value is not None and value == value and str(value) != ""  # noqa: PLR0124
    if name == "prediction" and task == REGRESSION:
        return "a finite number", lambda value: _is_number(value) and math.isfinite(value)
    if name == "prediction":
        return "0 or 1", lambda value: _is_number(value) and value in {0, 1}
    return "a number between 0 and 1", lambda value: _is_number(value) and 0 <= value <= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
