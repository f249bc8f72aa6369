"""Append one event, in the transaction of the change that it records."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from registry.canonical import canonical
from registry.ledger import events
from registry.models.ledger import LedgerEvent, LedgerHead
from registry.models.principal import Actor

LARGEST_BODY = 60 * 1024
FORMAT = 1


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


def _lock_head(subject: str) -> LedgerHead:
    LedgerHead.objects.bulk_create([LedgerHead(subject=subject, leaf_hash=b"")], ignore_conflicts=True)
    return LedgerHead.objects.select_for_update().get(pk=subject)


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
    with transaction.atomic():
        head = _lock_head(subject)
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
                "prev": bytes(head.leaf_hash).hex() or None,
                "data": dict(data),
            }
        )
        if len(body) > LARGEST_BODY:
            raise EventTooLargeError(f"{kind} is {len(body)} bytes; the limit is {LARGEST_BODY}")
        leaf = leaf_hash(body)
        LedgerEvent.objects.create(
            body=body.decode(), leaf_hash=leaf, kind=kind, subject=subject, actor=str(actor.principal.pk), at=at
        )
        head.leaf_hash = leaf
        head.save(update_fields=["leaf_hash"])
    return leaf.hex()
