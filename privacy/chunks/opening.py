"""Open a partition: which format it has, and its bytes in blocks; gzip is unpacked under a limit on its ratio."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from privacy.chunks.unpacking import RatioError, unpacked
from privacy.scan.read_error import DatasetReadError

BLOCK = 1 << 20
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
MEDIA_TYPES = {"text/csv": "csv", "application/vnd.apache.parquet": "parquet", "application/x-ndjson": "jsonl"}
FORMATS = ("csv", "jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class Source:
    """A file with the name that errors give it, its format, whether it is packed by gzip, and its state: whoever
    finds another state later reads another file.
    """

    place: Path
    name: str
    format: str
    packed: bool
    state: tuple[int, ...]


def source(place: Path, name: str, *, media_type: str = "") -> Source:
    """Return what a file is, by its first bytes, its media type or its name.

    Raises DatasetReadError (empty_file, format_unknown, file_missing, unreadable) for what is none of the formats.
    """
    with _open(place, name) as file:
        state, packed = _state(file), file.read(len(GZIP)) == GZIP
    start = next(blocks(Source(place, name, "", packed, state)), b"")
    if not start:
        raise DatasetReadError("empty_file", f"{name}: the file is empty.")
    if start.startswith(PARQUET):
        return Source(place, name, "parquet", packed, state)
    found = named_format(name, media_type)
    if not found:
        raise DatasetReadError(
            "format_unknown", f"{name}: neither its name nor its first bytes tell which of {', '.join(FORMATS)} it is."
        )
    return Source(place, name, found, packed, state)


def named_format(name: str, media_type: str = "") -> str:
    """Return the format that a media type or else a name tells, or nothing."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    return MEDIA_TYPES.get(media_type) or SUFFIXES.get(suffixes[-1] if suffixes else "", "")


def blocks(one: Source, start: int = 0) -> Iterator[bytes]:
    """Yield the (unpacked) bytes from an offset on, a block at a time.

    Raises DatasetReadError: truncated, unreadable, gzip_ratio, or changed for a file that changes meanwhile.
    """
    with _open(one.place, one.name) as file:
        try:
            for block in unpacked((one.place, one.state), file, start) if one.packed else _plain(file, start):
                _check_state(one, _state(file))
                yield block
        except RatioError as error:
            raise DatasetReadError("gzip_ratio", f"{one.name}: {error}, which is the limit.") from error
        except EOFError as error:
            raise DatasetReadError(
                "truncated", f"{one.name}: the gzip stream ends before its end, after {file.tell()} compressed bytes."
            ) from error
        except (OSError, zlib.error) as error:
            raise DatasetReadError(
                "unreadable", f"{one.name}: the file is damaged near byte {file.tell()} ({type(error).__name__})."
            ) from error
        _check_state(one, _state(file))


def check_unchanged(one: Source) -> None:
    """Raise DatasetReadError when the file is not as it was when it became a source."""
    _check_state(one, state_of(one.place, one.name))


def _check_state(one: Source, now: tuple[int, ...]) -> None:
    if now != one.state:
        raise DatasetReadError("changed", f"{one.name}: the file changed while it was read; nothing of it is reported.")


def state_of(place: Path, name: str) -> tuple[int, ...]:
    """Return what changes when a file is written: identity, size and time."""
    with _open(place, name) as file:
        return _state(file)


def _open(place: Path, name: str) -> BinaryIO:
    try:
        return place.open("rb")
    except FileNotFoundError as error:
        raise DatasetReadError("file_missing", f"{name}: there is no such file.") from error
    except OSError as error:
        raise DatasetReadError("unreadable", f"{name}: the file cannot be read ({error.strerror}).") from error


def _state(file: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns


def _plain(file: BinaryIO, start: int) -> Iterator[bytes]:
    file.seek(start)
    while block := file.read(BLOCK):
        yield block
