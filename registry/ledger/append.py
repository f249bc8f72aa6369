"""Append one event, in the transaction of the change that it records."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from registry.canonical import canonical
from registry.ledger import events
from registry.models.principal import Actor

LARGEST_BODY = 60 * 1024
FORMAT = 1
READ_HEAD = "SELECT leaf_hash FROM ledger_head WHERE subject = %s"
LOCK_HEAD = f"{READ_HEAD} FOR UPDATE"
ADD_HEAD = "INSERT INTO ledger_head (subject, leaf_hash) VALUES (%s, %s) ON CONFLICT DO NOTHING"
MOVE_HEAD = "UPDATE ledger_head SET leaf_hash = %s WHERE subject = %s"
ADD_EVENT = "INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES (%s, %s, %s, %s, %s, %s)"


class EventTooLargeError(ValueError):
    """An event over 60 KiB: larger evidence is cited by digest."""

    code = "event_too_large"


class OutsideTransactionError(RuntimeError):
    """An append without a transaction would record a change that may not happen."""

    code = "append_outside_transaction"


def leaf_hash(body: bytes) -> bytes:
    """Return the RFC 6962 leaf hash: SHA-256(0x00 ‖ body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def moment(at: datetime) -> str:
    """Return a time as UTC text with microseconds: 2026-03-03T12:00:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _locked_head(cursor: Any, subject: str) -> bytes:
    """Lock the subject's head until the transaction ends and return the leaf that it holds; empty at first.

    SQLite has no lock of rows: there the transaction that is open has locked the whole database.
    """
    lock = LOCK_HEAD if connection.features.has_select_for_update else READ_HEAD
    cursor.execute(lock, [subject])
    found = cursor.fetchone()
    if found is None:
        cursor.execute(ADD_HEAD, [subject, b""])
        cursor.execute(lock, [subject])
        found = cursor.fetchone()
    return bytes(found[0])


def append(
    kind: str,
    *,
    actor: Actor,
    subject: str,
    data: Mapping[str, Any],
    subject_digest: str | None = None,
    policy: str | None = None,
    evidence: Sequence[str] = (),
) -> str:
    """Append an event about ``subject`` ("noun:id") and return its leaf hash in hexadecimal.

    Locks the subject's head, so that ``prev`` is the subject's previous event. Raises EventError, CanonicalError,
    EventTooLargeError or OutsideTransactionError; the caller's transaction then rolls back with its change.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"{kind} was appended outside of a transaction")
    description = events.kind(kind)
    description.check(data)
    with connection.cursor() as cursor:
        previous = _locked_head(cursor, subject)
        at = moment(timezone.now())
        body = canonical(
            {
                "format": FORMAT,
                "schema": description.schema,
                "id": str(uuid.uuid4()),
                "kind": kind,
                "at": at,
                "actor": actor.document(),
                "subject": subject,
                "subject_digest": subject_digest,
                "policy": policy,
                "evidence": list(evidence),
                "prev": previous.hex() or None,
                "data": dict(data),
            }
        )
        if len(body) > LARGEST_BODY:
            raise EventTooLargeError(f"{kind} is {len(body)} bytes; the limit is {LARGEST_BODY}")
        leaf = leaf_hash(body)
        _add(cursor, [body.decode(), leaf, kind, subject, str(actor.principal.pk), at])
    return leaf.hex()


def _add(cursor: Any, values: list[Any]) -> None:
    """Add the event and move its subject's head to it: on PostgreSQL in one statement, and so in one round trip."""
    _, leaf, _, subject, *_ = values
    if connection.vendor == "postgresql":
        cursor.execute(f"WITH added AS ({ADD_EVENT}) {MOVE_HEAD}", [*values, leaf, subject])
    else:
        cursor.execute(ADD_EVENT, values)
        cursor.execute(MOVE_HEAD, [leaf, subject])
