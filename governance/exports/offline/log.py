"""``log``: verify a published record, its trees alone or with every verdict in it."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from governance.exports.offline.command import Command
from governance.exports.offline.examining import examine
from governance.exports.offline.export import Export
from governance.exports.offline.outcome import Outcome
from governance.exports.offline.trust import add_trust, trusted


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the published record: logs/<number>/ and documents/")
    add_trust(parser)
    parser.add_argument("--full", action="store_true", help="judge again what the entries say, from the documents")
    parser.add_argument(
        "--since",
        action="append",
        type=Path,
        metavar="CHECKPOINT",
        help="show that the log continues a checkpoint that was kept; may be repeated",
    )


def _run(options: Namespace) -> Outcome:
    return examine(Export(options.folder), trusted(options), full=options.full, since=options.since)


LOG = Command(
    "log", "verify a published record: signatures, every tile, the root; --full: every verdict", _arguments, _run
)
