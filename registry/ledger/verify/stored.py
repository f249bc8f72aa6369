"""Read a published log that somebody else wrote: no file is read that is larger than what it may be."""

import stat
from pathlib import Path

from registry.ledger.folder import TileFolder
from registry.ledger.note import MOST_BYTES as LARGEST_NOTE
from registry.ledger.tiles import CHECKPOINT, LARGEST_ENTRY, LENGTH, StoredTileMissingError, tile_path
from registry.ledger.tree import HASH_BYTES, TILE_BITS, TILE_WIDTH, TileError, TileReader

LARGEST_BUNDLE = TILE_WIDTH * (LENGTH.size + LARGEST_ENTRY)
LARGEST_TILE = TILE_WIDTH * HASH_BYTES
ENTRIES = "tile/entries/"


class OversizedFileError(ValueError):
    """A file that is larger than any of its kind can be, or that is no file."""

    code = "file_oversized"


def most_bytes(path: str) -> int:
    """Return the size in bytes that a file of the layout has at most."""
    if path == CHECKPOINT:
        return LARGEST_NOTE
    return LARGEST_BUNDLE if path.startswith(ENTRIES) else LARGEST_TILE


def read_bounded(place: Path, most: int, shown: str) -> bytes:
    """Return a regular file's bytes; raises OversizedFileError beyond ``most`` of them, or OSError."""
    status = place.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OversizedFileError(f"{shown} is no regular file.")
    if status.st_size > most:
        raise OversizedFileError(f"{shown} has {status.st_size} bytes; {most} are the most that it may have.")
    with place.open("rb") as file:
        return file.read(most)


class StoredLog(TileFolder):
    """A published log in a folder that is only read."""

    def get(self, path: str) -> bytes:
        """Return the bytes; raises StoredTileMissingError, OversizedFileError or OSError."""
        place = self._place(path)
        try:
            return read_bounded(place, most_bytes(path), path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StoredTileMissingError(f"{path} is missing in {self.root}.") from error


def reader_at(store: StoredLog, size: int) -> TileReader:
    """Read tiles of a log that was published at ``size`` leaves, also for the proofs of smaller trees.

    The reader raises StoredTileMissingError, or TileError for a tile that is damaged or lies beyond that size.
    """

    def read(level: int, index: int, width: int) -> bytes:
        published = min(TILE_WIDTH, (size >> TILE_BITS * level) - index * TILE_WIDTH)
        if width > published:
            raise TileError(f"Tile {index} of level {level} has {published} hashes at size {size}, not {width}.")
        path = tile_path(level, index, published)
        try:
            data = store.get(path)
        except StoredTileMissingError:
            if published == TILE_WIDTH:
                raise
            path = tile_path(level, index)
            data = store.get(path)
        if len(data) < width * HASH_BYTES:
            raise TileError(f"{path} has {len(data)} bytes, too few for {width} hashes.")
        return data[: width * HASH_BYTES]

    return read
