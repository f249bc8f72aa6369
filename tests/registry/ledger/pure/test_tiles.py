"""The static layout: paths and bundles as the text says, and a folder that a crash at any step leaves whole."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.checkpoint import Checkpoint, open_checkpoint, sign
from registry.ledger.folder import FolderPathError, TileFolder
from registry.ledger.keys import Ed25519Signer
from registry.ledger.paths import Prover
from registry.ledger.tiles import (
    CHECKPOINT,
    EntryBundleError,
    PublishedOtherwiseError,
    StoredTileMissingError,
    entries_path,
    pack,
    publish,
    published,
    read_entries,
    tile_path,
    tile_reader,
    unpack,
)
from registry.ledger.tree import EMPTY_ROOT, Edge, TileError, TreeHead, TreeSizeError, leaf_hashes

LOG = Ed25519Signer("log.example/a", bytes(32))
ENTRIES = [b"entry %d" % number for number in range(1000)]


class Log:
    """A log in memory that publishes itself at any size."""

    def __init__(self, entries):
        self.entries, edge = entries, Edge()
        self.tiles = {(tile.level, tile.index): tile.hashes for tile in edge.extend(leaf_hashes(entries))}
        self.tiles |= {(tile.level, tile.index): tile.hashes for tile in edge.partials()}

    def _tile(self, level, index, _width):
        return self.tiles[level, index]

    def note(self, size):
        return sign(Checkpoint("log.example/a", Prover(size, self._tile).head()), LOG).encode()

    def publish(self, store, size):
        return publish(
            store,
            self.note(size),
            entries=lambda start, count: self.entries[start : start + count],
            tiles=self._tile,
        )


LOG_OF_ALL = Log(ENTRIES)


def _check(store, entries=ENTRIES):
    """Rebuild the whole tree from the store's entries; compare root and tiles; return the size."""
    try:
        data = store.get(CHECKPOINT)
    except StoredTileMissingError:
        return 0
    head = open_checkpoint(data, [LOG.key]).head
    found = [entry for bundle in read_entries(store, head.size) for entry in bundle]
    assert found == entries[: head.size]
    edge, read = Edge(), tile_reader(store)
    for tile in [*edge.extend(leaf_hashes(found)), *edge.partials()]:
        assert read(tile.level, tile.index, tile.width) == tile.hashes
    assert edge.head() == head == Prover(head.size, read).head()
    return head.size


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(0, 1234067), "tile/0/x001/x234/067"),
        (tile_path(63, 1000, 255), "tile/63/x001/000.p/255"),
        (tile_path(1, 999, 1), "tile/1/999.p/1"),
        (entries_path(273, 112), "tile/entries/273.p/112"),
        (entries_path(123_456), "tile/entries/x123/456"),
    ],
)
def test_paths_are_those_of_the_text(path, expected):
    assert path == expected


@pytest.mark.parametrize(
    ("level", "index", "width", "error"),
    [
        (64, 0, 1, TileError),
        (-1, 0, 1, TileError),
        (0, -1, 1, TreeSizeError),
        (0, 0, 0, TileError),
        (0, 0, 257, TileError),
    ],
)
def test_what_is_no_tile_has_no_path(level, index, width, error):
    with pytest.raises(error):
        tile_path(level, index, width)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bundles_come_back(entries):
    assert unpack(pack(entries), len(entries)) == entries


def test_a_bundle_is_lengths_and_entries():
    assert pack([b"", b"abc", b"x" * 258]) == b"\x00\x00" + b"\x00\x03abc" + b"\x01\x02" + b"x" * 258
    assert unpack(pack([b"y" * 65_535]), 1) == [b"y" * 65_535]
    with pytest.raises(EntryBundleError, match="65536 bytes"):
        pack([b"", b"y" * 65_536])


@pytest.mark.parametrize(
    ("bundle", "count", "said"),
    [
        (b"\x00", 1, "cut short"),
        (b"\x00\x03ab", 1, "cut short"),
        (b"\x00\x01a\x00", 1, "cut short"),
        (b"", 1, "0 entries, not 1"),
        (b"\x00\x00\x00\x00", 1, "2 entries, not 1"),
    ],
)
def test_a_damaged_bundle_is_refused(bundle, count, said):
    with pytest.raises(EntryBundleError, match=said):
        unpack(bundle, count)


def test_a_log_is_published_step_by_step(tmp_path):
    store = TileFolder(tmp_path / "log")
    assert published(store) == TreeHead(0, EMPTY_ROOT)
    for size in (0, 1, 2, 255, 256, 256, 257, 700, 1000):
        assert LOG_OF_ALL.publish(store, size) == published(store)
        assert (_check(store), published(store).size) == (size, size)


def test_the_files_are_those_of_the_layout(tmp_path):
    store = TileFolder(tmp_path)
    for size in (3, 200, 600):
        LOG_OF_ALL.publish(store, size)
    files = {str(place.relative_to(tmp_path)) for place in tmp_path.rglob("*") if place.is_file()}
    both = {f"tile/{kind}/{name}" for kind in ("0", "entries") for name in ("000", "001", "002.p/88")}
    assert files == both | {"tile/1/000.p/2", "checkpoint"}


def test_a_former_checkpoint_is_still_served_from_full_tiles(tmp_path):
    store = TileFolder(tmp_path)
    LOG_OF_ALL.publish(store, 200)
    LOG_OF_ALL.publish(store, 600)
    assert Prover(200, tile_reader(store)).inclusion(7) == Prover(200, LOG_OF_ALL._tile).inclusion(7)
    assert [len(bundle) for bundle in read_entries(store, 200)] == [200]
    assert [len(bundle) for bundle in read_entries(store, 600, start=256)] == [256, 88]
    with pytest.raises(EntryBundleError):
        next(read_entries(store, 600, start=1))


@pytest.mark.parametrize("damage", ["tile/0/000", "tile/entries/000", "tile/1/000.p/2", "tile/0/002.p/88"])
def test_a_damaged_or_missing_file_is_an_error(tmp_path, damage):
    store = TileFolder(tmp_path)
    LOG_OF_ALL.publish(store, 600)
    place = tmp_path / damage
    place.write_bytes(place.read_bytes()[:-1])
    with pytest.raises((TileError, EntryBundleError)):
        _check(store)
    place.unlink()
    with pytest.raises(StoredTileMissingError, match=r"tile/"):
        _check(store)


def test_a_log_that_forked_or_went_back_is_not_published(tmp_path):
    store = TileFolder(tmp_path)
    LOG_OF_ALL.publish(store, 300)
    forked = Log([*ENTRIES[:280], *ENTRIES[:720]])
    for other, size, said in [(LOG_OF_ALL, 299, "300 leaves"), (forked, 300, "300 leaves"), (forked, 600, "other")]:
        if size == 600:
            (tmp_path / "tile/0/001").write_bytes(LOG_OF_ALL.tiles[0, 1])
        with pytest.raises(PublishedOtherwiseError, match=said):
            other.publish(store, size)
        assert published(store).size == 300


def test_too_few_entries_are_not_published(tmp_path):
    with pytest.raises(EntryBundleError, match="9 entries were given for bundle 0, which has 10"):
        publish(TileFolder(tmp_path), LOG_OF_ALL.note(10), entries=lambda *_: ENTRIES[:9], tiles=LOG_OF_ALL._tile)


class StoppedError(OSError):
    """The fault that is injected."""


def _stop_at(monkeypatch, step):
    """Let the ``step``-th call of a changing file operation fail; return how many there were."""
    calls = []

    def counted(original):
        def call(*arguments, **keywords):
            calls.append(original)
            if len(calls) == step:
                raise StoppedError
            return original(*arguments, **keywords)

        return call

    monkeypatch.setattr(os, "fsync", counted(lambda _: None))
    for name in ("replace", "open", "mkdir"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    return calls


@pytest.mark.parametrize(("old", "new"), [(0, 3), (250, 260), (255, 520)])
def test_a_crash_at_any_step_leaves_a_whole_log_that_goes_on(tmp_path, monkeypatch, old, new):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the disk's own part cannot be seen here, only paid for
    step, failed = 0, True
    while failed:
        step += 1
        store = TileFolder(tmp_path / str(step))
        LOG_OF_ALL.publish(store, old)
        with pytest.MonkeyPatch.context() as patch:
            _stop_at(patch, step)
            try:
                LOG_OF_ALL.publish(store, new)
                failed = False
            except StoppedError:
                pass
        assert _check(store) in {old, new}
        LOG_OF_ALL.publish(store, new)
        assert _check(store) == new
    assert step > 20


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "tile/0/../../x", "tile/0/000\n", "tile/0/0", "checkpoint/"]
)
def test_a_folder_serves_its_layout_alone(tmp_path, path):
    with pytest.raises(FolderPathError):
        TileFolder(tmp_path).get(path)
