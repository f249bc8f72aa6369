"""A pruned Merkle tree: some entries of a log in full, and one hash for each subtree without any of them.

One proof for all of them together. With every entry selected it is empty, and the root follows from the entries alone:
then nothing of the log was left out.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from registry.ledger.paths import Prover
from registry.ledger.tree import EMPTY_ROOT, TreeError, check_hash, node_hash


class PrunedTreeError(TreeError):
    """Entries and hashes that do not make a tree of the stated size."""

    code = "tree_pruned"


def _middle(start: int, end: int) -> int:
    """Return where RFC 6962 splits a range of two or more: behind the largest power of two below its count."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def prune(prover: Prover, selected: Sequence[int]) -> list[bytes]:
    """Return the hashes of the subtrees without a selected leaf, from left to right.

    ``selected`` are ascending places in the prover's tree. Raises PrunedTreeError when one lies outside of it.
    """
    if selected and not 0 <= selected[0] <= selected[-1] < prover.size:
        raise PrunedTreeError(f"The tree has {prover.size} leaves; {selected[0]} to {selected[-1]} were selected.")

    def walk(start: int, end: int) -> Iterator[bytes]:
        if bisect_left(selected, start) == bisect_left(selected, end):
            yield prover.subtree(start, end)
        elif end - start > 1:
            middle = _middle(start, end)
            yield from walk(start, middle)
            yield from walk(middle, end)

    return list(walk(0, prover.size)) if prover.size else []


def rebuild(size: int, leaves: Mapping[int, bytes], pruned: Sequence[bytes]) -> bytes:
    """Return the root of the tree of ``size`` leaves that these leaf hashes, by their place, and hashes make.

    The size must come from a verified checkpoint, with whose root the caller compares. Raises PrunedTreeError when
    there are too few or too many hashes, HashSizeError for what is none.
    """
    places, rest = sorted(leaves), iter(pruned)
    for number, value in enumerate(pruned):
        check_hash(value, f"hash {number} of the pruned tree")
    if places and not 0 <= places[0] <= places[-1] < size:
        raise PrunedTreeError(f"The tree has {size} leaves, and no leaf {places[-1]}.")

    def walk(start: int, end: int) -> bytes:
        if bisect_left(places, start) == bisect_left(places, end):
            if (value := next(rest, None)) is None:
                raise PrunedTreeError(f"The pruned tree lacks the hash of the leaves {start} to {end - 1}.")
            return value
        if end - start == 1:
            return leaves[start]
        middle = _middle(start, end)
        return node_hash(walk(start, middle), walk(middle, end))

    root = walk(0, size) if size else EMPTY_ROOT
    if next(rest, None) is not None:
        raise PrunedTreeError(f"The pruned tree of {size} leaves has more hashes than it has places for.")
    return root
