"""``exceptions``: verify a published record in full, and list what in it was out of the ordinary."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from governance.exports.offline.command import Command
from governance.exports.offline.continuing import replayed_sizes
from governance.exports.offline.examining import examine
from governance.exports.offline.export import Export
from governance.exports.offline.opening import open_logs
from governance.exports.offline.outcome import Outcome
from governance.exports.offline.trust import add_trust, trusted
from governance.rules.replay.exceptional import exceptions
from registry.canonical import parse
from registry.ledger.policy import LogPolicy
from registry.ledger.tiles import read_entries


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the published record: logs/<number>/ and documents/")
    add_trust(parser)


def _run(options: Namespace) -> Outcome:
    export, policy = Export(options.folder), trusted(options)
    outcome = examine(export, policy, full=True)
    if not outcome.failures:  # what is not true is not listed
        found = exceptions(_events(export, policy), export.document)
        outcome.facts["exceptions"] = [asdict(one) for one in found]
    return outcome


def _events(export: Export, policy: LogPolicy) -> Iterator[tuple[int, Mapping[str, Any]]]:
    silent = Outcome()
    logs = open_logs(export, policy, silent)
    for log, size in zip(logs, replayed_sizes(logs, silent), strict=True):
        entries = (one for bundle in read_entries(log.store, size) for one in bundle)
        yield from ((log.base + at, parse(one)) for at, one in enumerate(entries))


EXCEPTIONS = Command(
    "exceptions",
    "list every waiver, what was accepted, overruled, declared, unconfined, opened or removed",
    _arguments,
    _run,
)
