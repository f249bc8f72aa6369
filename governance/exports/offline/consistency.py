"""``consistency``: show that the tree of one checkpoint is the beginning of another's, by the tiles of their log."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from governance.exports.offline.command import Command
from governance.exports.offline.examining import OtherLogError
from governance.exports.offline.export import Export
from governance.exports.offline.opening import told
from governance.exports.offline.outcome import UNPROVEN, Outcome
from governance.exports.offline.trust import add_trust, open_older, trusted
from registry.ledger import note as notes
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.note import MOST_BYTES
from registry.ledger.tiles import CHECKPOINT
from registry.ledger.verify.extends import verify_extends
from registry.ledger.verify.stored import StoredLog, read_bounded


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("old", type=Path, help="a file with the older checkpoint")
    parser.add_argument("new", type=Path, help="a file with the newer checkpoint")
    parser.add_argument("--log", type=Path, required=True, metavar="DIR", help="the published record, for its tiles")
    add_trust(parser)


def _stored(folder: Path, origin: str) -> tuple[StoredLog, int]:
    """Return the log of a name and the size that it is published at, by which its files are named."""
    for _, store in Export(folder).logs():
        stated = Checkpoint.parse(notes.parse(store.get(CHECKPOINT)).text)
        if stated.origin == origin:
            return store, stated.head.size
    raise OtherLogError(f"{folder} does not hold the log {origin}.")


def _run(options: Namespace) -> Outcome:
    policy = trusted(options)
    old = open_older(options.old, policy)
    new = policy.open(read_bounded(options.new, MOST_BYTES, str(options.new)))
    origin = new.checkpoint.origin
    if old.checkpoint.origin != origin:
        raise OtherLogError(f"The older checkpoint is of {old.checkpoint.origin}, the newer one of {origin}.")
    verify_extends(old.head, new.head, *_stored(options.log, origin))
    return Outcome({"old": told(old), "new": told(new)}, unproven=("what the entries say: see `log`", *UNPROVEN))


CONSISTENCY = Command("consistency", "show that a checkpoint continues an older one", _arguments, _run)
