"""Append one event, in the transaction of the change that it records."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from registry.canonical import canonical
from registry.ledger import events
from registry.models.principal import Actor

LARGEST_BODY = 60 * 1024
FORMAT = 1
PREVIOUS = '"prev":'
NO_PREVIOUS = f"{PREVIOUS}null"
MOVE_HEAD = (
    "INSERT INTO ledger_head (subject, leaf_hash) VALUES (%s, %s) "
    "ON CONFLICT (subject) DO UPDATE SET leaf_hash = excluded.leaf_hash"
)
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

    Locks the subject's head, so that ``prev`` is the subject's previous event; ``at`` is when it was asked for, which
    may be a little before that lock. Raises EventError, CanonicalError,
    EventTooLargeError or OutsideTransactionError; the caller's transaction then rolls back with its change.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"{kind} was appended outside of a transaction")
    description = events.kind(kind)
    description.check(data)
    at = moment(timezone.now())
    text = Split.of(
        {
            "actor": actor.document(),
            "at": at,
            "data": dict(data),
            "evidence": list(evidence),
            "format": FORMAT,
            "id": str(uuid.uuid4()),
            "kind": kind,
            "policy": policy,
            "prev": None,
            "schema": description.schema,
            "subject": subject,
            "subject_digest": subject_digest,
        }
    )
    if (size := len(text.around(b"\x00" * 32).encode())) > LARGEST_BODY:
        raise EventTooLargeError(f"{kind} is {size} bytes; the limit is {LARGEST_BODY}")
    add = _add_there if connection.vendor == "postgresql" else _add
    return add(text, [kind, subject, str(actor.principal.pk), at])


@dataclass(frozen=True, slots=True)
class Split:
    """The canonical text of an event around its ``prev``, which is known only once its subject's head is locked."""

    before: str
    after: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Split":
        """Split a document whose ``prev`` is null: what follows it holds no other key of that name."""
        before, _, after = canonical(document).decode().rpartition(NO_PREVIOUS)
        return cls(f"{before}{PREVIOUS}", after)

    def around(self, previous: bytes) -> str:
        """Return the whole text: ``prev`` is a leaf hash in hexadecimal, null for the first event of a subject."""
        told = f'"{previous.hex()}"' if previous else "null"
        return f"{self.before}{told}{self.after}"


def _add_there(text: Split, columns: list[str]) -> str:
    """Let PostgreSQL lock the head, complete the text, hash and add it: one round trip (migration 0010)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_append(%s, %s, %s, %s, %s, %s)", [text.before, text.after, *columns])
        return bytes(cursor.fetchone()[0]).hex()


def _add(text: Split, columns: list[str]) -> str:
    """Add the event behind its subject's head. SQLite has locked the whole database for this transaction."""
    _, subject, *_ = columns
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf_hash FROM ledger_head WHERE subject = %s", [subject])
        found = cursor.fetchone()
        body = text.around(bytes(found[0]) if found else b"")
        leaf = leaf_hash(body.encode())
        cursor.execute(ADD_EVENT, [body, leaf, *columns])
        cursor.execute(MOVE_HEAD, [subject, leaf])
    return leaf.hex()
