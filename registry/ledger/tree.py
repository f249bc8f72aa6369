"""The Merkle tree of RFC 6962: hashes, the right edge that grows, and the tiles of 256 hashes that it completes.

Tiles are those of the C2SP ``tlog-tiles`` text: tile (level, index) holds the roots of 256 consecutive subtrees of
256**level leaves each; at level 0 those are the leaf hashes. A partial tile is the rightmost of its level.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

HASH_BYTES = 32
TILE_WIDTH = 256
TILE_BITS = 8
LARGEST_SIZE = 2**63 - 1
LEAF = b"\x00"
NODE = b"\x01"
EMPTY_ROOT = hashlib.sha256(b"").digest()

TileReader = Callable[[int, int, int], bytes]
"""``read(level, index, width)`` gives at least the first ``width`` hashes of a tile, 32 bytes each."""


class TreeError(ValueError):
    """What was given is no tree, no hash of a tree or no place in it."""

    code = "tree_error"


class HashSizeError(TreeError):
    """A hash that is not of 32 bytes."""

    code = "hash_size"


class TreeSizeError(TreeError):
    """A size that no tree has."""

    code = "tree_size"


class TileError(TreeError):
    """A tile that is too short, or is no sequence of hashes."""

    code = "tile_damaged"


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its level, its index in the level, and its hashes one after the other (32 bytes each)."""

    level: int
    index: int
    hashes: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds: 256 when full."""
        return len(self.hashes) // HASH_BYTES


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree's size in leaves and its root hash, as a checkpoint states them."""

    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no tree can have; whether the root is that of the size is for a proof to show."""
        check_size(self.size)
        check_hash(self.root, "the root hash")


def check_size(size: int) -> None:
    """Raise TreeSizeError unless 0 <= size <= 2**63 - 1."""
    if not 0 <= size <= LARGEST_SIZE:
        raise TreeSizeError(f"A tree cannot have {size} leaves; 0 to {LARGEST_SIZE} are possible.")


def check_hash(value: bytes, what: str) -> None:
    """Raise HashSizeError unless the value is 32 bytes long."""
    if len(value) != HASH_BYTES:
        raise HashSizeError(f"{what[0].upper()}{what[1:]} has {len(value)} bytes, not {HASH_BYTES}.")


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry)."""
    return hashlib.sha256(LEAF + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry, in order: the batch form of ``leaf_hash``."""
    sha256 = hashlib.sha256
    return [sha256(LEAF + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(NODE + left + right).digest()


def row_above(row: Sequence[bytes]) -> list[bytes]:
    """Return the parents of a row of nodes; a last node without a sibling goes up unchanged."""
    sha256 = hashlib.sha256
    above = [sha256(NODE + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
    if len(row) % 2:
        above.append(row[-1])
    return above


def root_of(row: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 tree hash over hashes instead of entries: EMPTY_ROOT for none, itself for one.

    Pairing each row and lifting the odd node is the same tree as splitting at the largest power of two (section 2.1).
    """
    while len(row) > 1:
        row = row_above(row)
    return row[0] if row else EMPTY_ROOT


def split_tile(data: bytes, width: int, *, level: int, index: int) -> list[bytes]:
    """Return the first ``width`` hashes of a tile as it was read. Raises TileError when it does not hold them."""
    if len(data) % HASH_BYTES or len(data) < width * HASH_BYTES or len(data) > TILE_WIDTH * HASH_BYTES:
        raise TileError(
            f"Tile {index} of level {level} has {len(data)} bytes; {width} to {TILE_WIDTH} hashes of {HASH_BYTES} "
            f"bytes were expected."
        )
    return [data[at : at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]


def partial_tiles(size: int) -> list[tuple[int, int, int]]:
    """Return (level, index, width) of the partial tiles of a tree, lowest level first: at most one a level."""
    check_size(size)
    levels = range(0, size.bit_length(), TILE_BITS)
    counts = [(bits // TILE_BITS, size >> bits) for bits in levels]
    return [(level, count // TILE_WIDTH, count % TILE_WIDTH) for level, count in counts if count % TILE_WIDTH]


def with_partials(full: Callable[[int, int], bytes], leaves: Callable[[int, int], Iterable[bytes]]) -> TileReader:
    """Read any tile of a store that keeps full tiles only: partial ones are computed from the level below.

    ``full(level, index)`` gives a full tile of 8192 bytes; ``leaves(start, count)`` gives leaf hashes in order. A
    width of 256 is read from ``full``.
    """

    def read(level: int, index: int, width: int) -> bytes:
        if width == TILE_WIDTH:
            return full(level, index)
        start = index * TILE_WIDTH
        if level == 0:
            return b"".join(leaves(start, width))
        below = range(start, start + width)
        rows = (split_tile(full(level - 1, one), TILE_WIDTH, level=level - 1, index=one) for one in below)
        return b"".join(root_of(row) for row in rows)

    return read


class Edge:
    """The right edge of a growing tree: its size and, of each level, the hashes that fill no tile yet (< 256)."""

    __slots__ = ("_rows", "size")

    def __init__(self, size: int = 0, rows: Iterable[Iterable[bytes]] = ()) -> None:
        """Begin with the empty tree, or with the hashes of each level that fill no tile of a tree of that size."""
        self.size = size
        self._rows = [list(row) for row in rows]

    @classmethod
    def restore(cls, size: int, read: TileReader) -> Self:
        """Rebuild the edge of a tree from its partial tiles. Raises TileError for a tile that is damaged.

        That the tiles are those of the tree is for the caller to see: compare ``head()`` with what was signed.
        """
        rows: list[list[bytes]] = [[] for _ in range(0, size.bit_length(), TILE_BITS)]
        for level, index, width in partial_tiles(size):
            rows[level] = split_tile(read(level, index, width), width, level=level, index=index)
        return cls(size, rows)

    def copy(self) -> Self:
        """Return an edge of its own: extend that one inside a transaction, and keep it when that has committed."""
        return type(self)(self.size, self._rows)

    def extend(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Append leaf hashes; return the full tiles that they completed, level by level.

        Raises HashSizeError or TreeSizeError before anything is appended.
        """
        if wrong := {len(one) for one in hashes} - {HASH_BYTES}:
            raise HashSizeError(f"A leaf hash has {wrong.pop()} bytes, not {HASH_BYTES}.")
        check_size(self.size + len(hashes))
        tiles: list[Tile] = []
        arriving, level = list(hashes), 0
        while arriving:
            if level == len(self._rows):
                self._rows.append([])
            arriving = self._fill(level, arriving, tiles)
            level += 1
        self.size += len(hashes)
        return tiles

    def _fill(self, level: int, arriving: list[bytes], tiles: list[Tile]) -> list[bytes]:
        """Add hashes to a level; return the roots of the tiles that are now full, and list those tiles."""
        row = self._rows[level] + arriving
        index = self.size >> TILE_BITS * (level + 1)
        roots = []
        for start in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH):
            hashes = row[start : start + TILE_WIDTH]
            tiles.append(Tile(level, index + start // TILE_WIDTH, b"".join(hashes)))
            roots.append(root_of(hashes))
        self._rows[level] = row[len(roots) * TILE_WIDTH :]
        return roots

    def partials(self) -> list[Tile]:
        """Return the partial tiles of the tree as it is, lowest level first."""
        rows = [(level, row) for level, row in enumerate(self._rows) if row]
        return [Tile(level, self.size >> TILE_BITS * (level + 1), b"".join(row)) for level, row in rows]

    def head(self) -> TreeHead:
        """Return the size and the root, in at most 256 hashes for each level."""
        ragged: list[bytes] = []
        for row in self._rows:
            together = row + ragged
            ragged = [root_of(together)] if together else []
        return TreeHead(self.size, root_of(ragged))
