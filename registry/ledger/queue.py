"""The queue of events without a place in the tree: what waits, and how the first of it gets contiguous places.

PostgreSQL does all of it in one statement, and so on one snapshot: it takes the rows from the queue, adds the leaves,
and sends back their hashes, which the trigger that queued them has checked. An event may commit behind others with
greater numbers at any moment, so that two statements could speak of different rows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from registry.ledger.rows import Log
from registry.ledger.tree import HASH_BYTES, leaf_hash

FROZEN, STARTED = "log.frozen", "log.started"

# The last that a log takes is the event that freezes it; a new log begins with the word that starts it, alone.
_UPTO_END = """
    WHERE p.event_id <= COALESCE((
        SELECT MIN(e.id) FROM ledger_event e JOIN ledger_pending q ON q.event_id = e.id
        WHERE e.kind = %(frozen)s AND e.subject = %(subject)s), 9223372036854775807)
"""
_BEGIN = """
    WHERE p.event_id IN (SELECT id FROM ledger_event WHERE kind = %(started)s AND subject = %(subject)s)
"""
_FIRST = "{where} ORDER BY p.event_id LIMIT %(most)s"
_TAKE = """
    WITH first AS MATERIALIZED (SELECT p.ctid AS place, p.event_id, p.leaf_hash FROM ledger_pending p {first}),
    taken AS (DELETE FROM ledger_pending WHERE ctid = ANY (ARRAY(SELECT place FROM first))),
    placed AS (
        INSERT INTO ledger_leaf (log_id, seq, event_id)
        SELECT %(log)s, %(start)s - 1 + ROW_NUMBER() OVER (ORDER BY event_id), event_id FROM first
    )
    SELECT COUNT(*), STRING_AGG(leaf_hash, ''::bytea ORDER BY event_id),
        (SELECT kind = %(frozen)s AND subject = %(subject)s FROM ledger_event
            WHERE id = (SELECT MAX(event_id) FROM first))
    FROM first
"""
_READ = """
    SELECT p.event_id, p.leaf_hash, CAST(e.body AS BLOB) FROM ledger_pending p
    LEFT JOIN ledger_event e ON e.id = p.event_id {first}
"""
_PLACE = "INSERT INTO ledger_leaf (log_id, seq, event_id) SELECT %s, %s + key, value FROM json_each(%s)"
_REMOVE = "DELETE FROM ledger_pending WHERE event_id IN (SELECT value FROM json_each(%s))"
_FREEZES = "SELECT 1 FROM ledger_event WHERE id = %s AND kind = %s AND subject = %s"


class UnsoundEventError(RuntimeError):
    """What waits in the queue is not the leaf hash of an event's text."""

    code = "event_unsound"


@dataclass(frozen=True, slots=True)
class Taken:
    """What got a place: the leaf hashes in their order, and whether the last of them freezes the log."""

    leaves: list[bytes]
    freezes: bool


def waits(*, started: str | None = None) -> bool:
    """Say whether any event waits for its place (or the one that starts a log), without locking anything."""
    if started is None:
        return bool(_rows("SELECT 1 FROM ledger_pending LIMIT 1", {}))
    named = {"started": STARTED, "subject": started, "most": 1}
    return bool(_rows(f"SELECT 1 FROM ledger_pending p {_FIRST.format(where=_BEGIN)}", named))  # noqa: S608


def take(log: Log, start: int, most: int) -> Taken:
    """Give the first ``most`` events of the queue the places from ``start`` on.

    Raises UnsoundEventError; the caller's transaction then has to be rolled back.
    """
    begins = start == 0 and log.number > 1
    first = _FIRST.format(where=_BEGIN if begins else _UPTO_END)
    named = {"log": log.number, "start": start, "most": 1 if begins else most, "subject": log.subject}
    take_all = _take_there if connection.vendor == "postgresql" else _take
    return take_all(first, {**named, "frozen": FROZEN, "started": STARTED})


def _take_there(first: str, named: dict[str, Any]) -> Taken:
    [(count, joined, freezes)] = _rows(_TAKE.format(first=first), named)
    hashes = bytes(joined or b"")
    if len(hashes) != count * HASH_BYTES:
        raise UnsoundEventError(f"{count} events wait, but the queue holds {len(hashes)} bytes of their leaf hashes.")
    return Taken([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)], bool(freezes))


def _take(first: str, named: dict[str, Any]) -> Taken:
    """Take them step by step: SQLite has locked the whole database for this transaction."""
    numbers, leaves = [], []
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(first=first), named)
        for number, leaf, body in cursor:
            if body is None or leaf_hash(body) != leaf:
                raise UnsoundEventError(f"The leaf hash kept with event {number} is not that of its text.")
            numbers.append(number)
            leaves.append(leaf)
        listed = json.dumps(numbers)
        cursor.execute(_PLACE, [named["log"], named["start"], listed])
        cursor.execute(_REMOVE, [listed])
        cursor.execute(_FREEZES, [max(numbers, default=0), named["frozen"], named["subject"]])
        return Taken(leaves, cursor.fetchone() is not None)


def _rows(sql: str, named: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, named)
        return list(cursor.fetchall())
