"""Signed statements about events, as they are kept: each with the key that signed it. The sequencer alone adds them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from registry.ledger import dsse
from registry.ledger.keys import Signer, VerifierKey
from registry.ledger.rows import Log

ADD = "INSERT INTO ledger_envelope (digest, key, event_id, about, payload, signature) VALUES (%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with its place in a log: its number, the place from 0 on, and its text."""

    number: int
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement that a key signed: what it is about, and the exact bytes."""

    about: str
    payload: bytes
    key: VerifierKey
    signature: bytes


def unsigned(log: Log, kind: str, key: VerifierKey, *, start: int, most: int) -> list[Placed]:
    """Return the first events of a kind from a place of a log on, of which a key has signed no statement."""
    sql = (
        "SELECT e.id, l.seq, e.body FROM ledger_event e JOIN ledger_leaf l ON l.event_id = e.id "
        "WHERE e.kind = %s AND l.log_id = %s AND l.seq >= %s AND NOT EXISTS "
        "(SELECT 1 FROM ledger_envelope v WHERE v.event_id = e.id AND v.key = %s) ORDER BY l.seq LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [kind, log.number, start, str(key), most])
        return [Placed(number, seq, body.encode()) for number, seq, body in cursor.fetchall()]


def keep(event: int, statements: Sequence[tuple[str, bytes]], signer: Signer) -> None:
    """Sign the statements about an event, (about, payload) each, and keep them: all or none. Raises EnvelopeError."""
    rows = [
        (hashlib.sha256(one).hexdigest(), str(signer.key), event, about, one.decode(), dsse.sign(one, signer))
        for about, one in statements
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(ADD, rows)


def of_event(event: int) -> list[Signed]:
    """Return what was signed about an event, by what it is about, by its bytes, and by key."""
    sql = "SELECT about, payload, key, signature FROM ledger_envelope WHERE event_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [event])
        found = sorted(cursor.fetchall(), key=lambda row: row[:3])
    return [
        Signed(about, payload.encode(), VerifierKey.parse(key), bytes(signature))
        for about, payload, key, signature in found
    ]


def keys(origins: Sequence[str]) -> list[VerifierKey]:
    """Return the keys of these logs that have signed statements, by their text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT key FROM ledger_envelope")
        found = [VerifierKey.parse(row[0]) for row in sorted(cursor.fetchall())]
    return [key for key in found if key.name in origins]
