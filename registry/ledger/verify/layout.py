"""The files of a published log: each that the checkpoint's size asks for is there, whole, and no other beside them.

Besides what a size asks for, a publisher leaves narrower forms of a tile behind, and, when it stopped before writing
its checkpoint, wider ones and later tiles. Those must agree with the tile that counts; what lies beyond the checkpoint
is remarked on, for no signature covers it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.ledger.folder import LAYOUT
from registry.ledger.tiles import CHECKPOINT, EntryBundleError, StoredTileMissingError, entries_path, tile_path, unpack
from registry.ledger.tree import HASH_BYTES, TILE_BITS, TILE_WIDTH, TreeError
from registry.ledger.verify.finding import Finding, code_of
from registry.ledger.verify.stored import ENTRIES, OversizedFileError, StoredLog, most_bytes

PARTS = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")
LEFTOVER = re.compile(r"\.[0-9a-z]+\.new")


@dataclass(frozen=True, slots=True)
class StoredTile:
    """A tile's or bundle's file by its name: ``level`` is None for entries."""

    path: str
    level: int | None
    index: int
    width: int

    def of_width(self, width: int) -> str:
        """Return the path of the same tile in another width."""
        return entries_path(self.index, width) if self.level is None else tile_path(self.level, self.index, width)


def _read_name(path: str) -> StoredTile | None:
    """Return which tile a path is of; None when no publisher gives one that name."""
    match = PARTS.fullmatch(path)
    if match is None:
        return None
    folder, places, partial = match.groups()
    level = None if folder == "entries" else int(folder)
    index, width = int(places.replace("x", "").replace("/", "")), int(partial or TILE_WIDTH)
    tile = StoredTile(path, level, index, width)
    try:
        return tile if tile.of_width(width) == path else None
    except TreeError:
        return None


def files_below(root: Path) -> Iterator[str]:
    """Yield the path of everything below a folder that is no folder itself, in order."""
    for place in sorted(root.iterdir()):
        if place.is_dir() and not place.is_symlink():
            yield from (f"{place.name}/{one}" for one in files_below(place))
        else:
            yield place.name


def wanted(size: int) -> Iterator[StoredTile]:
    """Yield the tiles and bundles that a log of a size consists of."""
    levels: list[int | None] = [None, *range(-(-size.bit_length() // TILE_BITS))]
    for level in levels:
        count = size >> TILE_BITS * (level or 0)
        for index in range(-(-count // TILE_WIDTH)):
            width = min(TILE_WIDTH, count - index * TILE_WIDTH)
            tile = StoredTile("", level, index, width)
            yield StoredTile(tile.of_width(width), level, index, width)


class Layout:
    """The files of one log of a size: ``faults`` are what is wrong, ``remarks`` what a crash may leave."""

    def __init__(self, store: StoredLog, size: int, log: int) -> None:
        """Look at the files of a log whose checkpoint states ``size``."""
        self._store, self._size, self._log = store, size, log
        self.remarks: list[Finding] = []

    def faults(self) -> Iterator[Finding]:
        """Yield what is wrong: files that are missing, of another size, foreign, or not like those they stand for."""
        for tile in wanted(self._size):
            yield from self._is_there(tile)
        for path in files_below(self._store.root):
            if path != CHECKPOINT:
                yield from self._belongs(path)

    def _finding(self, code: str, message: str, path: str, entry: int | None = None) -> Finding:
        return Finding(code, message, self._log, entry, path)

    def _is_there(self, tile: StoredTile) -> Iterator[Finding]:
        forms = dict.fromkeys((tile.width, TILE_WIDTH))
        there = [width for width in forms if (self._store.root / tile.of_width(width)).is_file()]
        entry = tile.index * TILE_WIDTH if not tile.level else None
        if not there:
            yield self._finding("tile_missing", f"{tile.path} is missing.", tile.path, entry)
        elif tile.level is not None:
            path, wanted_bytes = tile.of_width(there[0]), there[0] * HASH_BYTES
            size = (self._store.root / path).stat().st_size
            if size != wanted_bytes:
                code = "file_oversized" if size > most_bytes(path) else "file_size"
                yield self._finding(code, f"{path} has {size} bytes, not {wanted_bytes}.", path, entry)

    def _belongs(self, path: str) -> Iterator[Finding]:
        tile = _read_name(path) if LAYOUT.fullmatch(path) else None
        if LEFTOVER.fullmatch(path.rpartition("/")[2]):
            self.remarks.append(self._finding("leftover", f"{path} was left behind by a write that was cut off.", path))
        elif tile is None:
            yield self._finding("foreign_file", f"{path} is no file of a log.", path)
        else:
            yield from self._agrees(tile)

    def _agrees(self, tile: StoredTile) -> Iterator[Finding]:
        """Compare a form of a tile that a publisher left behind, or wrote ahead, with the one that counts."""
        count = self._size >> TILE_BITS * (tile.level or 0)
        width = min(TILE_WIDTH, count - tile.index * TILE_WIDTH)
        if tile.width > max(width, 0):
            message = f"{tile.path} lies beyond the checkpoint of size {self._size}: no signature covers it."
            self.remarks.append(self._finding("ahead", message, tile.path))
        if width <= 0 or tile.width == width:
            return
        counting = tile.of_width(width)
        if not (self._store.root / counting).is_file():
            return  # the full form is what counts, or what is missing was said to be so
        try:
            one, other = self._store.get(tile.path), self._store.get(counting)
        except (StoredTileMissingError, OversizedFileError, OSError) as error:
            yield self._finding(code_of(error), str(error), tile.path)
            return
        if not (one.startswith(other) or other.startswith(one)) or not self._is_of_width(one, tile):
            yield self._finding("form_differs", f"{tile.path} is not the same tile as {counting}.", tile.path)

    def _is_of_width(self, data: bytes, tile: StoredTile) -> bool:
        if not tile.path.startswith(ENTRIES):
            return len(data) == tile.width * HASH_BYTES
        try:
            return len(unpack(data, tile.width)) == tile.width
        except EntryBundleError:
            return False
