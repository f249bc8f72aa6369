"""Entries of a log by what they are about, each with its place: what is carried elsewhere of a larger log."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import connection

from registry.ledger.envelopes import Placed
from registry.ledger.rows import Log

AT_ONCE = 2000
_LISTED = {
    "sqlite": "IN (SELECT value FROM json_each(%s))",
    "postgresql": "IN (SELECT json_array_elements_text(%s::json))",
}
_PLACED = "SELECT e.id, l.seq, e.body FROM ledger_event e JOIN ledger_leaf l ON l.event_id = e.id WHERE l.log_id = %s"


def _placed(where: str, values: Sequence[Any], log: Log) -> Iterator[Placed]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_PLACED} AND {where} ORDER BY l.seq", [log.number, *values])
        while found := cursor.fetchmany(AT_ONCE):
            yield from (Placed(number, seq, body.encode()) for number, seq, body in found)


def about(log: Log, size: int, subjects: Collection[str]) -> Iterator[Placed]:
    """Yield the entries of the first ``size`` of a log that are about any of the subjects, in their order."""
    listed = _LISTED[connection.vendor]
    yield from _placed(f"l.seq < %s AND e.subject {listed}", [size, json.dumps(sorted(subjects))], log)


def of_kind(log: Log, size: int, kind: str) -> Iterator[Placed]:
    """Yield the entries of a kind among the first ``size`` of a log, in their order."""
    yield from _placed("l.seq < %s AND e.kind = %s", [size, kind], log)


def unplaced(subject: str) -> int:
    """Return how many events about a subject have no place in any log yet."""
    sql = (
        "SELECT COUNT(*) FROM ledger_event e WHERE e.subject = %s "
        "AND NOT EXISTS (SELECT 1 FROM ledger_leaf l WHERE l.event_id = e.id)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [subject])
        return int(cursor.fetchone()[0])
