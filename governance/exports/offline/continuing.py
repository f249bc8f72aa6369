"""How logs follow one another: a successor begins by citing where the log before it was last known to end."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from governance.exports.offline.opening import OpenLog
from governance.exports.offline.outcome import Outcome
from registry.canonical import CanonicalError, parse
from registry.ledger.tiles import EntryBundleError, StoredTileMissingError, read_entries
from registry.ledger.verify.finding import Finding
from registry.ledger.verify.rebuild import Bundle
from registry.ledger.verify.stored import OversizedFileError

STARTED, FROZEN = "log.started", "log.frozen"
FROZEN_MARK = b'"kind":"log.frozen"'


def _event(entry: bytes) -> Mapping[str, Any]:
    try:
        found = parse(entry)
    except CanonicalError:
        return {}
    return found if isinstance(found, dict) else {}


def _first(log: OpenLog) -> Mapping[str, Any]:
    """Return the first event of a log; an empty one when there is none to be read, which rebuilding it says."""
    try:
        return _event(next(read_entries(log.store, log.head.size))[0])
    except (StopIteration, EntryBundleError, StoredTileMissingError, OversizedFileError, OSError):
        return {}


def replayed_sizes(logs: list[OpenLog], outcome: Outcome) -> list[int]:
    """Return how many entries of each log the record rests on: all, or as many as the successor's database held."""
    if not logs:
        return []
    first = _first(logs[0])
    if first.get("kind") == STARTED and first.get("subject") == f"log:{logs[0].origin}":
        message = f"The log {logs[0].origin} succeeds another one, which is not in this record."
        outcome.failures.append(Finding("predecessor_missing", message, logs[0].number, 0))
    sizes = [_held(before, after, outcome) for before, after in pairwise(logs)]
    return [*sizes, logs[-1].head.size]


def _held(before: OpenLog, after: OpenLog, outcome: Outcome) -> int:
    started, data = _first(after), _first(after).get("data")
    wanted = {"predecessor": before.origin, "size": before.head.size, "root": before.head.root.hex()}
    told = data if isinstance(data, dict) else {}
    named = (started.get("kind"), started.get("subject")) == (STARTED, f"log:{after.origin}")
    held = told.get("held")
    differing = [name for name, value in wanted.items() if told.get(name) != value]
    if not named or differing or not isinstance(held, int) or not 0 <= held <= before.head.size:
        what = f"another {', '.join(differing)}" if named and differing else "no such thing"
        message = (
            f"The first entry of {after.origin} should say that it continues {before.origin} at size "
            f"{before.head.size}; it says {what}."
        )
        outcome.failures.append(Finding("log_not_continued", message, after.number, 0))
        return before.head.size
    if held < before.head.size:
        message = (
            f"Entries {held} to {before.head.size - 1} of {before.origin} were signed, but the database that went on "
            f"did not hold them: they are in the tree, and nothing rests on them. The reason given: {told['reason']!r}"
        )
        outcome.remarks.append(Finding("forgotten", message, before.number, held))
    return held


def after_the_end(log: OpenLog, bundle: Bundle) -> Iterator[Finding]:
    """Say when a bundle holds the entry that freezes its log, and that entry is not the last one."""
    if FROZEN_MARK not in b"".join(bundle.entries):
        return
    for at, entry in enumerate(bundle.entries):
        event, number = _event(entry), bundle.first + at
        if (event.get("kind"), event.get("subject")) != (FROZEN, f"log:{log.origin}"):
            continue
        if number != log.head.size - 1:
            message = f"Entry {number} freezes {log.origin}, but {log.head.size - 1 - number} entries follow it."
            yield Finding("log_not_ended", message, log.number, number)
