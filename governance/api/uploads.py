"""Uploaded files: kept in a temporary file while they are read; CSV and Parquet become what the use cases take."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from privacy.chunks.cut import cut
from privacy.chunks.opening import source
from privacy.chunks.read import read_chunk
from registry.artifacts import keep_table
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


def predictions(upload: "UploadedFile[bytes]") -> Artifact:
    """Keep uploaded predictions: a column ``score`` (0 to 1) or ``prediction`` (0 or 1), one row per evaluation row."""
    with saved(upload) as place:
        table = read(place)
    there = [name for name in COLUMNS if name in table.column_names]
    if not there:
        raise PredictionsRefusedError(f"the file has neither of the columns {' and '.join(COLUMNS)}")
    for name in there:
        _check(name, table.column(name).to_pylist())
    return keep_table(table.select(there))


def _check(name: str, values: list[Any]) -> None:
    for row, value in enumerate(values, start=1):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1 or (name == "prediction" and value not in {0, 1}):
            wanted = "0 or 1" if name == "prediction" else "a number between 0 and 1"
            raise PredictionsRefusedError(f"row {row} of the column {name!r} is not {wanted}")
