"""Pruned trees: any selection of entries gives the signed root, and no other entries, hashes or sizes do."""

import random

import pytest

from registry.ledger.paths import Prover
from registry.ledger.pruned import PrunedTreeError, prune, rebuild
from registry.ledger.tree import EMPTY_ROOT, Edge, HashSizeError, leaf_hash, root_of, with_partials


def prover_of(leaves):
    edge = Edge()
    tiles = {(one.level, one.index): one.hashes for one in edge.extend(leaves)}

    def full(level, index):
        return tiles.get((level, index), b"")

    return Prover(len(leaves), with_partials(full, lambda start, count: leaves[start : start + count]))


LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 600])
def test_every_selection_gives_the_root(size):
    source, prover = random.Random(size), prover_of(LEAVES[:size])  # noqa: S311 - a seeded choice of cases
    for count in {0, 1, min(3, size), size // 2, size}:
        selected = sorted(source.sample(range(size), count))
        pruned = prune(prover, selected)
        assert rebuild(size, {at: LEAVES[at] for at in selected}, pruned) == root_of(LEAVES[:size])
        assert (pruned == []) == (count == size)


def test_the_empty_tree_has_the_empty_root():
    assert prune(prover_of([]), []) == []
    assert rebuild(0, {}, []) == EMPTY_ROOT


def test_another_entry_place_or_hash_gives_another_root_or_is_refused():
    selected, root = [3, 77, 78, 300], root_of(LEAVES)
    pruned = prune(prover_of(LEAVES), selected)
    leaves = {at: LEAVES[at] for at in selected}
    assert rebuild(600, leaves | {77: LEAVES[5]}, pruned) != root
    assert rebuild(600, leaves, [LEAVES[0], *pruned[1:]]) != root
    for changed in (pruned[:-1], [*pruned, LEAVES[0]]):
        with pytest.raises(PrunedTreeError):
            rebuild(600, leaves, changed)
    with pytest.raises(PrunedTreeError, match="no leaf 600"):
        rebuild(600, {600: LEAVES[0]}, pruned)
    with pytest.raises(PrunedTreeError):
        prune(prover_of(LEAVES), [600])
    with pytest.raises(HashSizeError):
        rebuild(600, leaves, [b"short", *pruned[1:]])
