"""Rows that lie in folders of this machine: which folders may be read, and the files of a folder of partitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

ENDINGS = (".csv", ".parquet", ".pq", ".jsonl", ".ndjson")
MOST_FILES = 100_000


class SourceError(ValueError):
    """Rows that cannot be taken from where they are said to lie; the message names the place."""

    def __init__(self, message: str, code: str = "source_refused") -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Located:
    """Files of rows: where each lies, under the path that it is known by; and what is recorded of their origin.

    ``tree`` says that the paths matter (a folder); else there is one file. ``md5`` is what a file must have, by path.
    """

    files: Mapping[str, Path]
    origin: Mapping[str, Any]
    tree: bool
    md5: Mapping[str, str] = field(default_factory=dict)


def allowed(path: str) -> Path:
    """Return a place on this machine, without links, that lies in one of PROBITY_DATA_FOLDERS; raises SourceError."""
    roots = [Path(root).resolve() for root in settings.PROBITY_DATA_FOLDERS]
    if not roots:
        raise SourceError(
            "No folder may be read: the installation names none in PROBITY_DATA_FOLDERS.", "source_closed"
        )
    place = Path(path)
    if not place.is_absolute() or "\x00" in path:
        raise SourceError("The path of a source is absolute.")
    place = place.resolve()
    if not any(place.is_relative_to(root) for root in roots):
        raise SourceError("The path lies in none of the folders that PROBITY_DATA_FOLDERS names.", "source_closed")
    return place


def in_folder(path: str) -> Located:
    """Return a file of rows, or the partitions in a folder and below: files of rows whose names begin with no dot or _.

    Raises SourceError.
    """
    place = allowed(path)
    origin = {"kind": "folder", "path": str(place)}
    if place.is_file():
        return Located({place.name: place}, origin, tree=False)
    if not place.is_dir():
        raise SourceError("There is neither a file nor a folder at the path.", "source_missing")
    return Located(_partitions(place), origin, tree=True)


def _partitions(place: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for one in sorted(place.rglob("*")):
        relative = one.relative_to(place)
        if any(part.startswith((".", "_")) for part in relative.parts):
            continue
        if one.is_symlink():
            raise SourceError(f"{relative.as_posix()} is a symbolic link; a folder of partitions holds files only.")
        if one.is_dir():
            continue
        if not one.name.lower().removesuffix(".gz").endswith(ENDINGS):
            raise SourceError(f"{relative.as_posix()} is no file of rows; their names end with {', '.join(ENDINGS)}.")
        found[relative.as_posix()] = one
        if len(found) > MOST_FILES:
            raise SourceError(f"The folder holds more than {MOST_FILES} files, which is the limit.")
    if not found:
        raise SourceError("The folder holds no files of rows.", "source_missing")
    return found
