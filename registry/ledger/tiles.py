"""The static layout of a log (C2SP ``tlog-tiles``): where tiles and entries lie, and in which order they are published.

Everything but the checkpoint is immutable, so publishing writes it first and the checkpoint last: whoever stops in
between leaves the former checkpoint with all that it needs, and publishing again goes on from there.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from registry.ledger import note as notes
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_BITS,
    TILE_WIDTH,
    TileError,
    TileReader,
    TreeHead,
    check_size,
    split_tile,
)

CHECKPOINT = "checkpoint"
HIGHEST_LEVEL = 63
LARGEST_ENTRY = 2**16 - 1
LENGTH = struct.Struct(">H")

EntryReader = Callable[[int, int], Sequence[bytes]]
"""``entries(start, count)`` gives exactly ``count`` entries in the order of the log."""


class StoredTileMissingError(LookupError):
    """Nothing lies at that path of the layout."""

    code = "tile_missing"


class EntryBundleError(ValueError):
    """An entry that no bundle can hold, or a bundle that does not hold the entries that it should."""

    code = "entry_bundle"


class PublishedOtherwiseError(Exception):
    """What is published already is not what this log would publish: it was changed, or the log has forked."""

    code = "published_otherwise"


class TileStore(Protocol):
    """A folder or a bucket."""

    def put(self, path: str, data: bytes) -> None:
        """Keep the bytes, in the place of others if there are any: whole, and durably when this returns."""

    def get(self, path: str) -> bytes:
        """Return the bytes; raises StoredTileMissingError."""

    def drop_partials(self, path: str) -> None:
        """Remove every partial form of the full tile or bundle at ``path``; nothing to do is no mistake."""


def _place(folder: str, index: int, width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise TileError(f"A tile has 1 to {TILE_WIDTH} hashes, not {width}.")
    check_size(index)
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return f"tile/{folder}/{'/'.join(reversed(groups))}{partial}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return where a tile lies: ``tile/0/x001/x234/067``, with ``.p/<width>`` when it is partial. Raises TileError."""
    if not 0 <= level <= HIGHEST_LEVEL:
        raise TileError(f"Tiles have levels 0 to {HIGHEST_LEVEL}, not {level}.")
    return _place(str(level), index, width)


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return where a bundle of entries lies."""
    return _place("entries", index, width)


def pack(entries: Sequence[bytes]) -> bytes:
    """Return a bundle: each entry after its length in two bytes, big-endian. Raises EntryBundleError."""
    if longest := max((len(entry) for entry in entries if len(entry) > LARGEST_ENTRY), default=0):
        raise EntryBundleError(f"An entry has {longest} bytes; a bundle holds entries of {LARGEST_ENTRY} at most.")
    return b"".join(LENGTH.pack(len(entry)) + entry for entry in entries)


def unpack(bundle: bytes, count: int) -> list[bytes]:
    """Return the entries of a bundle. Raises EntryBundleError unless it holds exactly ``count``, and nothing else."""
    entries: list[bytes] = []
    end, last = 0, len(bundle) - LENGTH.size
    while end <= last:
        start = end + LENGTH.size
        end = start + (bundle[end] << 8 | bundle[end + 1])
        entries.append(bundle[start:end])
    if end != len(bundle):
        cut = len(entries) - (end > len(bundle))
        raise EntryBundleError(f"Entry {cut} of the bundle is cut short at byte {len(bundle)}.")
    if len(entries) != count:
        raise EntryBundleError(f"The bundle holds {len(entries)} entries, not {count}.")
    return entries


def _either(store: TileStore, path_of: Callable[[int], str], width: int) -> tuple[bytes, int]:
    """Return a partial tile or bundle, or the full one when that has taken its place; and the width of which it is."""
    if width < TILE_WIDTH:
        try:
            return store.get(path_of(width)), width
        except StoredTileMissingError:
            pass
    return store.get(path_of(TILE_WIDTH)), TILE_WIDTH


def tile_reader(store: TileStore) -> TileReader:
    """Read tiles from a published log. The reader raises StoredTileMissingError, or TileError for a damaged one."""

    def read(level: int, index: int, width: int) -> bytes:
        data, present = _either(store, lambda one: tile_path(level, index, one), width)
        if len(data) != present * HASH_BYTES:
            raise TileError(f"Tile {index} of level {level} has {len(data)} bytes, not {present * HASH_BYTES}.")
        return data[: width * HASH_BYTES]

    return read


def read_entries(store: TileStore, size: int, start: int = 0) -> Iterator[list[bytes]]:
    """Give the entries from ``start`` (which begins a bundle: a multiple of 256) to ``size``, a bundle at a time.

    Raises StoredTileMissingError, or EntryBundleError for a damaged bundle.
    """
    if start % TILE_WIDTH:
        raise EntryBundleError(f"Entry {start} does not begin a bundle of {TILE_WIDTH}.")
    for first in range(start, size, TILE_WIDTH):
        index, width = first // TILE_WIDTH, min(TILE_WIDTH, size - first)
        data, present = _either(store, lambda one, index=index: entries_path(index, one), width)  # type: ignore[misc]
        yield unpack(data, present)[:width]


def published(store: TileStore) -> TreeHead:
    """Return the head that the store's checkpoint states (its signature is not looked at), the empty tree's if none.

    Raises NoteFormatError or CheckpointFormatError.
    """
    try:
        data = store.get(CHECKPOINT)
    except StoredTileMissingError:
        return TreeHead(0, EMPTY_ROOT)
    return Checkpoint.parse(notes.parse(data).text).head


def _keep(store: TileStore, path: str, data: bytes) -> None:
    """Put what is immutable: equal bytes may lie there, from an attempt that was cut off; others may not."""
    try:
        if store.get(path) != data:
            raise PublishedOtherwiseError(f"{path} is published already, with other bytes.")
    except StoredTileMissingError:
        pass
    store.put(path, data)


def _grown(old: int, new: int) -> Iterator[tuple[int, int]]:
    """Give (index, width) of each tile of a level that grows from ``old`` to ``new`` hashes."""
    if new > old:
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield index, min(TILE_WIDTH, new - index * TILE_WIDTH)


def publish(store: TileStore, checkpoint: bytes, *, entries: EntryReader, tiles: TileReader) -> TreeHead:
    """Bring a store up to a signed checkpoint of ours: bundles, tiles, and the checkpoint last. Returns its head.

    Starts from the size that is published. Raises PublishedOtherwiseError when that is larger, has another root, or
    differs in a tile; EntryBundleError when ``entries`` gives too few; and whatever the store raises.
    """
    head, before = Checkpoint.parse(notes.parse(checkpoint).text).head, published(store)
    if before.size > head.size or (before.size == head.size and before.root != head.root):
        raise PublishedOtherwiseError(
            f"A tree of {before.size} leaves is published, which that of {head.size} leaves does not continue."
        )
    full = []
    for index, width in _grown(before.size, head.size):
        found = entries(index * TILE_WIDTH, width)
        if len(found) != width:
            raise EntryBundleError(f"{len(found)} entries were given for bundle {index}, which has {width}.")
        _keep(store, entries_path(index, width), pack(found))
        full += [entries_path(index)] if width == TILE_WIDTH else []
    for level in range(-(-head.size.bit_length() // TILE_BITS)):
        bits = TILE_BITS * level
        for index, width in _grown(before.size >> bits, head.size >> bits):
            hashes = split_tile(tiles(level, index, width), width, level=level, index=index)
            _keep(store, tile_path(level, index, width), b"".join(hashes))
            full += [tile_path(level, index)] if width == TILE_WIDTH else []
    for path in full:
        store.drop_partials(path)
    store.put(CHECKPOINT, checkpoint)
    return head
