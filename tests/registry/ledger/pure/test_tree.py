"""The tree against the RFC's recursive definition, against known answers, and its tiles against theirs."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.ledger.tree import (
    EMPTY_ROOT,
    LARGEST_SIZE,
    Edge,
    HashSizeError,
    TileError,
    TreeHead,
    TreeSizeError,
    leaf_hash,
    leaf_hashes,
    node_hash,
    partial_tiles,
    root_of,
    split_tile,
    with_partials,
)
from tests.registry.ledger.pure.known import ENTRIES, ROOTS
from tests.registry.ledger.pure.recursive import mth, tile_hashes

MANY = [number.to_bytes(3) for number in range(66_500)]
HASHES = leaf_hashes(MANY)


def _grown(*counts):
    """Return the edge after batches of these sizes, and the full tiles it gave out by (level, index)."""
    edge, tiles, start = Edge(), {}, 0
    for count in counts:
        given_out = edge.extend(HASHES[start : start + count])
        start += count
        for tile in given_out:
            assert (tile.level, tile.index) not in tiles
            tiles[tile.level, tile.index] = tile.hashes
    return edge, tiles


@pytest.fixture(scope="module")
def large():
    return _grown(1, 254, 2, 4096, 65_536 - 4353, 700)


def _reader(edge, tiles):
    partial = {(tile.level, tile.index): tile.hashes for tile in edge.partials()}
    return lambda level, index, _width: {**tiles, **partial}[level, index]


def test_hashes_are_prefixed_as_the_text_says():
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Edge().head() == TreeHead(
        0, bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )
    assert root_of([]) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size):
    edge = Edge()
    edge.extend(leaf_hashes(ENTRIES[:size]))
    assert edge.head() == TreeHead(size, ROOTS[size])
    assert mth(ENTRIES[:size]) == ROOTS[size]


@given(st.lists(st.lists(st.binary(max_size=9), max_size=70), max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_tree_grown_in_batches_is_that_of_the_recursive_definition(batches):
    edge, entries = Edge(), []
    for batch in batches:
        edge.extend(leaf_hashes(batch))
        entries += batch
        assert edge.head() == TreeHead(len(entries), mth(entries))


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 1025])
def test_roots_around_full_tiles_are_those_of_the_recursive_definition(size):
    assert _grown(size)[0].head().root == mth(MANY[:size])


def test_batches_do_not_matter(large):
    edge, tiles = large
    at_once, same = _grown(edge.size)
    assert same == tiles
    assert at_once.head() == edge.head() == TreeHead(edge.size, mth(MANY[: edge.size]))


def test_tiles_hold_the_hashes_that_the_layout_defines(large):
    edge, tiles = large
    assert edge.size == 66_236
    assert set(tiles) == {(0, index) for index in range(258)} | {(1, 0)}
    for level, index in [(0, 0), (0, 255), (0, 257), (1, 0)]:
        assert tiles[level, index] == tile_hashes(MANY, level, index, 256)
    partials = edge.partials()
    assert [(tile.level, tile.index, tile.width) for tile in partials] == [(0, 258, 188), (1, 1, 2), (2, 0, 1)]
    for tile in partials:
        assert tile.hashes == tile_hashes(MANY, tile.level, tile.index, tile.width)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [(0, 0, 1)]),
        (255, [(0, 0, 255)]),
        (256, [(1, 0, 1)]),
        (70_000, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]),
        (256**3, [(3, 0, 1)]),
    ],
)
def test_partial_tiles_are_those_of_the_texts_examples(size, expected):
    assert partial_tiles(size) == expected


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 4097, 65_536])
def test_a_restored_edge_goes_on_as_if_never_stopped(size):
    edge, tiles = _grown(size)
    restored = Edge.restore(size, _reader(edge, tiles))
    assert restored.head() == edge.head()
    more = HASHES[size : size + 300]
    assert restored.extend(more) == edge.extend(more)
    assert restored.head() == edge.head()


def test_partial_tiles_are_computed_from_a_store_of_full_ones(large):
    edge, tiles = large
    read = with_partials(lambda level, index: tiles[level, index], lambda start, count: HASHES[start : start + count])
    assert [read(tile.level, tile.index, tile.width) for tile in edge.partials()] == [
        tile.hashes for tile in edge.partials()
    ]
    assert read(0, 7, 256) == tiles[0, 7]
    assert Edge.restore(edge.size, read).head() == edge.head()


def test_a_copy_is_extended_alone():
    edge, _ = _grown(300)
    before, other = edge.head(), edge.copy()
    other.extend(HASHES[300:600])
    assert edge.head() == before
    assert other.head() == TreeHead(600, mth(MANY[:600]))


def test_a_batch_with_a_wrong_hash_changes_nothing():
    edge, _ = _grown(10)
    before = edge.head()
    with pytest.raises(HashSizeError, match="31 bytes, not 32"):
        edge.extend([HASHES[10], HASHES[11][:31]])
    assert edge.head() == before


@pytest.mark.parametrize("size", [-1, LARGEST_SIZE + 1])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(TreeSizeError):
        TreeHead(size, EMPTY_ROOT)
    with pytest.raises(TreeSizeError):
        partial_tiles(size)


def test_a_head_with_a_short_root_is_refused():
    with pytest.raises(HashSizeError):
        TreeHead(1, b"\x00" * 31)


@pytest.mark.parametrize("length", [0, 31, 33, 32, 8192 + 32])
def test_a_damaged_tile_is_refused(length):
    with pytest.raises(TileError, match="Tile 3 of level 1"):
        split_tile(b"\x00" * length, 2, level=1, index=3)
