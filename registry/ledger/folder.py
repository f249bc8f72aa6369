"""A log's static layout in a local folder, written so that a crash leaves each file as it was or as it should be."""

import os
import re
import shutil
from pathlib import Path

from registry.ledger.tiles import CHECKPOINT, StoredTileMissingError

LAYOUT = re.compile(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?")


class FolderPathError(ValueError):
    """A path that is not one of the layout."""

    code = "tile_path"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class TileFolder:
    """A folder of one writer and any number of readers."""

    def __init__(self, root: Path) -> None:
        """Keep the layout below ``root``, which is made when first written to."""
        self.root = root
        self._durable: set[Path] = set()

    def _place(self, path: str) -> Path:
        if path != CHECKPOINT and not LAYOUT.fullmatch(path):
            raise FolderPathError(f"{path!r} is no path of a log's layout.")
        return self.root / path

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it up to the root, each durably in the one above."""
        if folder in self._durable and folder.is_dir():
            return
        if folder != self.root:
            self._make(folder.parent)
        folder.mkdir(parents=folder == self.root, exist_ok=True)
        _sync(folder.parent)  # also when it was there: an earlier attempt may have stopped before this
        self._durable.add(folder)

    def put(self, path: str, data: bytes) -> None:
        """Write a temporary file, sync it, rename it, sync the folder. A leftover of a crash is written over."""
        place = self._place(path)
        self._make(place.parent)
        temporary = place.with_name(f".{place.name}.new")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
        _sync(place.parent)

    def get(self, path: str) -> bytes:
        """Return the bytes; raises StoredTileMissingError."""
        try:
            return self._place(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StoredTileMissingError(f"{path} is not in the folder {self.root}.") from error

    def drop_partials(self, path: str) -> None:
        """Remove the folder of partial forms beside a full tile or bundle."""
        place = self._place(path)
        partials = place.with_name(f"{place.name}.p")
        if partials.is_dir():
            shutil.rmtree(partials)
