"""``fsck``: look at the files of a published record, without believing or needing any signature."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from governance.exports.offline.command import Command
from governance.exports.offline.export import Export
from governance.exports.offline.outcome import UNPROVEN, Outcome
from registry.ledger.tiles import (
    CHECKPOINT,
    EntryBundleError,
    StoredTileMissingError,
    entries_path,
    published,
    read_entries,
)
from registry.ledger.tree import TILE_WIDTH, TreeHead
from registry.ledger.verify.finding import Finding, code_of
from registry.ledger.verify.layout import Layout
from registry.ledger.verify.stored import OversizedFileError, StoredLog

UNPROVEN_BY_FILES = ("anything about signatures, trees and verdicts: see `log`", *UNPROVEN)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the published record: logs/<number>/ and documents/")


def _run(options: Namespace) -> Outcome:
    export, outcome = Export(options.folder), Outcome(unproven=UNPROVEN_BY_FILES)
    sizes = {}
    for number, store in export.logs():
        head = _head(number, store, outcome)
        if head is None:
            continue
        sizes[str(number)] = head.size
        layout = Layout(store, head.size, number)
        outcome.failures += layout.faults()
        outcome.remarks += layout.remarks
        _bundles(number, store, head.size, outcome)
    outcome.failures += export.foreign()
    outcome.failures += export.documents()
    outcome.facts = {"size of each log, unproven": sizes}
    return outcome


def _head(number: int, store: StoredLog, outcome: Outcome) -> TreeHead | None:
    try:
        store.get(CHECKPOINT)
        return published(store)
    except (LookupError, ValueError, OSError) as error:
        outcome.failures.append(Finding(code_of(error), str(error), number, file=CHECKPOINT))
        return None


def _bundles(number: int, store: StoredLog, size: int, outcome: Outcome) -> None:
    """Read every bundle: each holds as many entries as it should."""
    for first in range(0, size, TILE_WIDTH):
        try:
            next(read_entries(store, min(size, first + TILE_WIDTH), first))
        except StoredTileMissingError:
            continue  # said already
        except (EntryBundleError, OversizedFileError, OSError) as error:
            path = entries_path(first // TILE_WIDTH, min(TILE_WIDTH, size - first))
            outcome.failures.append(Finding(code_of(error), f"{path}: {error}", number, first, path))


FSCK = Command("fsck", "look at the files alone: missing, damaged, foreign", _arguments, _run)
