"""Rebuild a log from its entries alone: each stored tile is compared with what they give, the root with the signed.

Nothing but the head comes from elsewhere, and that from a checkpoint whose signature was verified. One bundle of
entries, and the right edge of the tree, are in memory at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.ledger.tiles import EntryBundleError, StoredTileMissingError, entries_path, read_entries, tile_path
from registry.ledger.tree import HASH_BYTES, TILE_WIDTH, Edge, Tile, TileError, TreeHead, leaf_hashes
from registry.ledger.verify.finding import Finding, code_of
from registry.ledger.verify.stored import OversizedFileError, StoredLog, reader_at

MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries of a log in their order, the number of the first, and the leaf hash of each."""

    first: int
    entries: list[bytes]
    leaves: list[bytes]


@dataclass(slots=True)
class Rebuilding:
    """One log and the head that its checkpoint states; ``findings`` fill while ``bundles`` is consumed."""

    store: StoredLog
    head: TreeHead
    log: int
    findings: list[Finding] = field(default_factory=list)

    def bundles(self) -> Iterator[Bundle]:
        """Yield all entries, a bundle at a time; a bundle that cannot be read ends it with a finding."""
        edge, first = Edge(), 0
        try:
            for entries in read_entries(self.store, self.head.size):
                leaves = leaf_hashes(entries)
                for tile in edge.extend(leaves):
                    self._compare(tile)
                yield Bundle(first, entries, leaves)
                first += len(entries)
        except (StoredTileMissingError, EntryBundleError, OversizedFileError, OSError) as error:
            index = first // TILE_WIDTH
            path = entries_path(index, min(TILE_WIDTH, self.head.size - first))
            self._add(Finding(code_of(error), f"{path}: {error}", self.log, first, path))
            return
        for tile in edge.partials():
            self._compare(tile)
        if edge.head() != self.head:
            message = (
                f"The entries give the root {edge.head().root.hex()} at size {first}, but the checkpoint states "
                f"{self.head.root.hex()}: entries were changed, or were never in this log."
            )
            self._add(Finding("root", message, self.log, file="checkpoint"))

    def _compare(self, tile: Tile) -> None:
        path = tile_path(tile.level, tile.index, tile.width)
        try:
            stored = reader_at(self.store, self.head.size)(tile.level, tile.index, tile.width)
        except (StoredTileMissingError, TileError, OversizedFileError, OSError) as error:
            self._add(Finding(code_of(error), f"{path}: {error}", self.log, file=path))
            return
        if stored != tile.hashes:
            self._add(self._difference(tile, stored, path))

    def _difference(self, tile: Tile, stored: bytes, path: str) -> Finding:
        places = range(0, len(tile.hashes), HASH_BYTES)
        at = next(at for at in places if stored[at : at + HASH_BYTES] != tile.hashes[at : at + HASH_BYTES])
        number = tile.index * TILE_WIDTH + at // HASH_BYTES
        if tile.level:
            message = f"{path} does not follow from the entries at its hash {at // HASH_BYTES}."
            return Finding("tile_differs", message, self.log, file=path)
        message = f"Entry {number} does not have the leaf hash that {path} states: one of them was changed."
        return Finding("leaf_differs", message, self.log, number, path)

    def _add(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
