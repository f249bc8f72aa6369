"""Merkle audit paths: inclusion and consistency proofs, built from tiles and checked against signed tree heads.

Proofs follow RFC 6962, sections 2.1.1 and 2.1.2; checking follows RFC 9162, sections 2.1.3.2 and 2.1.4.2, which
describe the same trees. The checks take tree heads, and heads come from checkpoints whose signature was verified:
there is no parameter by which a proof could bring its own size or root.
"""

from collections.abc import Sequence
from functools import lru_cache

from registry.ledger.tree import (
    EMPTY_ROOT,
    TILE_BITS,
    TILE_WIDTH,
    TileReader,
    TreeError,
    TreeHead,
    check_hash,
    check_size,
    node_hash,
    row_above,
    split_tile,
)

CACHED_TILES = 256


class OutsideTreeError(TreeError):
    """A leaf or a former size that the tree does not have."""

    code = "outside_tree"


class InclusionError(TreeError):
    """The path does not lead from the leaf to the signed root."""

    code = "not_included"


class ConsistencyError(TreeError):
    """The newer tree is not shown to contain the older one unchanged."""

    code = "not_consistent"


class EmptyBeginningError(ConsistencyError):
    """A proof from size 0 was offered: it would say nothing."""

    code = "consistency_from_empty"


def _split(count: int) -> int:
    """Return the largest power of two below a count of two or more."""
    return 1 << (count - 1).bit_length() - 1


class Prover:
    """Builds proofs in the tree of one size, from a reader of its tiles. Tiles once read are kept, up to 256."""

    def __init__(self, size: int, read: TileReader) -> None:
        """Prove in the tree of ``size`` leaves; what ``read`` gives may belong to a larger tree of the same log."""
        check_size(size)
        self.size = size
        self._read = read
        self._rows = lru_cache(maxsize=CACHED_TILES)(self._expand)
        self._ragged: dict[int, bytes] = {}

    def _expand(self, level: int, index: int) -> list[list[bytes]]:
        """Read a tile and return the rows of nodes above its hashes, its own first."""
        width = min(TILE_WIDTH, (self.size >> TILE_BITS * level) - index * TILE_WIDTH)
        rows = [split_tile(self._read(level, index, width), width, level=level, index=index)]
        while len(rows[-1]) > 1:
            rows.append(row_above(rows[-1][: len(rows[-1]) & ~1]))
        return rows

    def _perfect(self, height: int, position: int) -> bytes:
        """Return the root of the ``position``-th perfect subtree of 2**height leaves."""
        level, up = divmod(height, TILE_BITS)
        first = position << up
        return self._rows(level, first // TILE_WIDTH)[up][first % TILE_WIDTH >> up]

    def subtree(self, start: int, end: int) -> bytes:
        """Return the tree hash over leaves [start, end): a perfect subtree, or one that the tree's end cuts off."""
        count = end - start
        height = count.bit_length() - 1
        if count == 1 << height:
            return self._perfect(height, start >> height)
        if start not in self._ragged:
            left = self._perfect(height, start >> height)
            self._ragged[start] = node_hash(left, self.subtree(start + (1 << height), end))
        return self._ragged[start]

    def head(self) -> TreeHead:
        """Return the head of the tree, computed from its tiles."""
        return TreeHead(self.size, self.subtree(0, self.size) if self.size else EMPTY_ROOT)

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at an index. Raises OutsideTreeError."""
        self._check_index(index)
        return self._perfect(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf, from its sibling up. Raises OutsideTreeError."""
        self._check_index(index)
        start, end, path = 0, self.size, []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that the tree of ``old`` leaves is its beginning. Raises OutsideTreeError; none from 0."""
        if not 0 < old <= self.size:
            raise OutsideTreeError(f"Consistency can be proved from sizes 1 to {self.size}, not from {old}.")
        start, end, path, whole = 0, self.size, [], True
        while old < end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self.subtree(start, end))
        return path[::-1]

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise OutsideTreeError(f"The tree of {self.size} leaves has no leaf {index}.")


def verify_inclusion(head: TreeHead, index: int, leaf: bytes, path: Sequence[bytes]) -> None:
    """Check that ``leaf`` (a leaf hash) is the ``index``-th of the tree that a verified checkpoint states.

    Raises OutsideTreeError for an index that the tree does not have, InclusionError for everything else.
    """
    if not 0 <= index < head.size:
        raise OutsideTreeError(f"The tree of {head.size} leaves has no leaf {index}.")
    _check_hashes([leaf, *path])
    node, last, value = index, head.size - 1, leaf
    for sibling in path:
        if last == 0:
            raise InclusionError(f"The path of leaf {index} has {len(path)} hashes, more than the tree is high.")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise InclusionError(f"The path of leaf {index} has {len(path)} hashes, too few to reach the root.")
    if value != head.root:
        raise InclusionError(f"The path of leaf {index} does not lead to the root of the tree of {head.size} leaves.")


def verify_consistency(old: TreeHead, new: TreeHead, path: Sequence[bytes]) -> None:
    """Check that the tree of ``old`` is the beginning of the tree of ``new``, both from verified checkpoints.

    Raises EmptyBeginningError when ``old`` is empty, for then nothing is shown, and ConsistencyError otherwise.
    """
    if old.size == 0:
        raise EmptyBeginningError("Consistency with the empty tree shows nothing; give a checkpoint of size 1 or more.")
    if old.size > new.size:
        raise ConsistencyError(f"The log has shrunk: {new.size} leaves now, {old.size} before.")
    _check_hashes(path)
    if old.size == new.size:
        if path:
            raise ConsistencyError(f"Both trees have {old.size} leaves, yet the proof has {len(path)} hashes, not 0.")
        if old.root != new.root:
            raise ConsistencyError(f"Two different trees of {old.size} leaves were signed.")
        return
    before, after = _roots(old, new, path)
    if before != old.root:
        raise ConsistencyError(f"The proof does not lead to the root of the older tree of {old.size} leaves.")
    if after != new.root:
        raise ConsistencyError(f"The proof does not lead to the root of the newer tree of {new.size} leaves.")


def _roots(old: TreeHead, new: TreeHead, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of both trees that a proof leads to."""
    if not path:
        raise ConsistencyError(f"The proof from {old.size} to {new.size} leaves is empty.")
    perfect = old.size & (old.size - 1) == 0
    hashes = [old.root, *path] if perfect else path
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ConsistencyError(f"The proof has {len(path)} hashes, more than the newer tree is high.")
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ConsistencyError(f"The proof has {len(path)} hashes, too few to reach the newer root.")
    return before, after


def verify_extension(old: TreeHead, new: TreeHead, path: Sequence[bytes]) -> None:
    """Check as a witness does: from the empty tree with an empty proof, otherwise as ``verify_consistency``.

    Raises ConsistencyError also when a tree of size 0 does not have the root of the empty tree.
    """
    for head in (old, new):
        if head.size == 0 and head.root != EMPTY_ROOT:
            raise ConsistencyError("A tree of size 0 was given a root that is not that of the empty tree.")
    if old.size:
        verify_consistency(old, new, path)
    elif path:
        raise ConsistencyError(f"From the empty tree the proof must be empty, and it has {len(path)} hashes.")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for number, value in enumerate(hashes):
        check_hash(value, f"hash {number} of the proof")
