"""Proofs are the RFC's, verify, and do not verify once anything about them is changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.ledger.paths import (
    ConsistencyError,
    EmptyBeginningError,
    InclusionError,
    OutsideTreeError,
    Prover,
    verify_consistency,
    verify_extension,
    verify_inclusion,
)
from registry.ledger.tree import EMPTY_ROOT, Edge, HashSizeError, TileError, TreeError, TreeHead, leaf_hash, leaf_hashes
from tests.registry.ledger.pure.known import CONSISTENCY_OF_6_IN_8, ENTRIES, INCLUSION_OF_5_IN_8
from tests.registry.ledger.pure.recursive import mth, path, proof

MANY = [number.to_bytes(2) for number in range(1400)]


def _reader(entries):
    edge = Edge()
    tiles = {(tile.level, tile.index): tile.hashes for tile in edge.extend(leaf_hashes(entries))}
    tiles |= {(tile.level, tile.index): tile.hashes for tile in edge.partials()}
    return lambda level, index, _width: tiles[level, index]


MANY_TILES = _reader(MANY)


def _head(entries):
    return TreeHead(len(entries), mth(entries))


def _flipped(value, bit=0):
    return bytes([value[0] ^ 1 << bit]) + value[1:]


def test_proofs_are_the_published_ones():
    prover = Prover(8, _reader(ENTRIES))
    assert [value.hex() for value in prover.inclusion(5)] == INCLUSION_OF_5_IN_8
    assert [value.hex() for value in prover.consistency(6)] == CONSISTENCY_OF_6_IN_8


@pytest.mark.parametrize("size", range(1, 20))
def test_every_proof_of_a_small_tree_is_the_recursive_one_and_verifies(size):
    entries = MANY[:size]
    prover, head = Prover(size, _reader(entries)), _head(entries)
    assert prover.head() == head
    for index in range(size):
        given_out = prover.inclusion(index)
        assert given_out == path(index, entries)
        assert prover.leaf(index) == leaf_hash(entries[index])
        verify_inclusion(head, index, leaf_hash(entries[index]), given_out)
    for old in range(1, size + 1):
        given_out = prover.consistency(old)
        assert given_out == proof(old, entries)
        verify_consistency(_head(entries[:old]), head, given_out)
        verify_extension(_head(entries[:old]), head, given_out)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_proofs_of_larger_trees_are_the_recursive_ones(data):
    size = data.draw(st.integers(1, len(MANY)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    prover, entries = Prover(size, MANY_TILES), MANY[:size]
    assert prover.inclusion(index) == path(index, entries)
    assert prover.consistency(old) == proof(old, entries)
    verify_inclusion(_head(entries), index, leaf_hash(entries[index]), prover.inclusion(index))
    verify_consistency(_head(entries[:old]), _head(entries), prover.consistency(old))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 13])
def test_an_inclusion_proof_holds_for_nothing_else(size):
    entries = MANY[:size]
    head, prover = _head(entries), Prover(size, _reader(entries))
    for index in range(size):
        leaf, good = leaf_hash(entries[index]), prover.inclusion(index)
        wrong = [(head, other, leaf, good) for other in range(-1, size + 1) if other != index] + [
            (TreeHead(size, _flipped(head.root)), index, leaf, good),
            (head, index, _flipped(leaf), good),
            (head, index, leaf, [*good, head.root]),
            (head, index, leaf, [head.root, *good]),
            (head, index, leaf, good[:-1] if good else [leaf]),
            *((head, index, leaf, [*good[:at], _flipped(good[at]), *good[at + 1 :]]) for at in range(len(good))),
        ]
        for case in wrong:
            with pytest.raises(TreeError) as caught:
                verify_inclusion(*case)
            assert isinstance(caught.value, InclusionError | OutsideTreeError)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 13])
def test_a_consistency_proof_holds_for_nothing_else(size):
    entries = MANY[:size]
    head, prover = _head(entries), Prover(size, _reader(entries))
    for old in range(1, size + 1):
        before, good = _head(entries[:old]), prover.consistency(old)
        wrong = [
            (TreeHead(old, _flipped(before.root)), head, good),
            (before, TreeHead(size, _flipped(head.root)), good),
            (before, head, [*good, head.root]),
            (before, head, good[:-1] if good else [head.root]),
            (before, head, [*good[1:], head.root]),
            *((before, head, [*good[:at], _flipped(good[at]), *good[at + 1 :]]) for at in range(len(good))),
            *((TreeHead(other, before.root), head, good) for other in range(1, size + 2) if other != old),
        ]
        for case in wrong:
            with pytest.raises(ConsistencyError):
                verify_consistency(*case)


def test_the_verifier_refuses_a_proof_from_nothing_and_the_witness_accepts_it_empty():
    empty, head = TreeHead(0, EMPTY_ROOT), _head(MANY[:5])
    with pytest.raises(EmptyBeginningError) as caught:
        verify_consistency(empty, head, [])
    assert caught.value.code == "consistency_from_empty"
    verify_extension(empty, head, [])
    verify_extension(empty, empty, [])
    with pytest.raises(ConsistencyError, match="must be empty"):
        verify_extension(empty, head, [head.root])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TreeHead(0, b"\x01" * 32), _head(MANY[:2])),
        (TreeHead(0, b"\x01" * 32), TreeHead(0, EMPTY_ROOT)),
        (TreeHead(0, EMPTY_ROOT), TreeHead(0, b"\x01" * 32)),
    ],
)
def test_an_empty_tree_with_another_root_is_refused(old, new):
    with pytest.raises(ConsistencyError, match="size 0"):
        verify_extension(old, new, [])


def test_a_log_that_shrank_or_forked_is_refused():
    with pytest.raises(ConsistencyError, match="shrunk: 3 leaves now, 5 before"):
        verify_consistency(_head(MANY[:5]), _head(MANY[:3]), [])
    with pytest.raises(ConsistencyError, match="Two different trees"):
        verify_consistency(_head(MANY[:5]), _head(MANY[1:6]), [])


def test_a_hash_of_another_length_is_refused():
    head, good = _head(ENTRIES), Prover(8, _reader(ENTRIES)).inclusion(5)
    with pytest.raises(HashSizeError, match="Hash 1 of the proof has 31 bytes"):
        verify_inclusion(head, 5, leaf_hash(ENTRIES[5]), [good[0][:31], *good[1:]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (8, 8), (-1, 8)])
def test_nothing_is_proved_outside_the_tree(index, size):
    prover = Prover(size, _reader(ENTRIES[:size]))
    with pytest.raises(OutsideTreeError):
        prover.inclusion(index)
    with pytest.raises(OutsideTreeError):
        prover.leaf(index)


@pytest.mark.parametrize("old", [-1, 0, 9])
def test_consistency_is_proved_from_sizes_of_the_tree_alone(old):
    with pytest.raises(OutsideTreeError):
        Prover(8, _reader(ENTRIES)).consistency(old)


def test_a_store_that_gives_too_little_is_an_error_and_no_proof():
    with pytest.raises(TileError):
        Prover(8, lambda *_: b"\x00" * 32 * 7).inclusion(2)
