"""Read the ledger: events of a subject, all events in the order they were recorded, how many there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from registry.canonical import parse
from registry.models.ledger import LedgerEvent, LedgerHead, LedgerPending

SNAPSHOT = {"sqlite": "BEGIN DEFERRED", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is stored: its number, the exact text, the stored hash and the projection."""

    number: int
    body: str
    leaf_hash: str
    kind: str
    subject: str
    actor: str
    at: str

    def document(self) -> dict[str, Any]:
        """Return the parsed event; raises CanonicalError when the stored text is not canonical."""
        found: dict[str, Any] = parse(self.body)
        return found


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as of one moment while others go on writing; within a transaction that is what it is.

    Not ``atomic``: on SQLite that would take the lock of the writers, and keep it for as long as there is to read.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT[connection.vendor])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def _entry(row: LedgerEvent) -> Entry:
    return Entry(
        number=row.pk,
        body=row.body,
        leaf_hash=bytes(row.leaf_hash).hex(),
        kind=row.kind,
        subject=row.subject,
        actor=row.actor,
        at=row.at,
    )


def entries(*, subject: str | None = None, kind: str | None = None, after: int = 0) -> Iterator[Entry]:
    """Yield entries by number, streaming, optionally of one subject or kind.

    Numbers are given before commit: this order is for reading a finished record, never for tailing a live one.
    """
    rows = LedgerEvent.objects.filter(pk__gt=after).order_by("pk")
    if subject is not None:
        rows = rows.filter(subject=subject)
    if kind is not None:
        rows = rows.filter(kind=kind)
    for row in rows.iterator(chunk_size=2000):
        yield _entry(row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody looks for: each part that is not empty narrows them. Times as in ``at``, UTC text.

    ``text`` is found anywhere in an entry's text: a digest, an id, a word. It reads every entry that the rest leaves.
    """

    kind: str = ""
    subject: str = ""
    actor: str = ""
    since: str = ""
    until: str = ""
    text: str = ""

    def conditions(self) -> dict[str, str]:
        """Return the lookups on the projection."""
        named = {
            "kind": self.kind,
            "subject": self.subject,
            "actor": self.actor,
            "at__gte": self.since,
            "at__lt": self.until,
            "body__contains": self.text,
        }
        return {lookup: value for lookup, value in named.items() if value}


def newest(count: int, *, before: int | None = None, wanted: Wanted | None = None) -> list[Entry]:
    """Return the newest entries (of those numbered below ``before``, and that are wanted), newest first."""
    rows = LedgerEvent.objects.order_by("-pk").filter(**(wanted or Wanted()).conditions())
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_entry(row) for row in rows[:count]]


def by_number(number: int) -> Entry | None:
    """Return the entry of a number, if there is one."""
    row = LedgerEvent.objects.filter(pk=number).first()
    return _entry(row) if row else None


def by_leaf(leaf: str) -> Entry | None:
    """Return the entry with a leaf hash (hexadecimal), if there is one."""
    row = LedgerEvent.objects.filter(leaf_hash=bytes.fromhex(leaf)).first()
    return _entry(row) if row else None


def subjects_citing(text: str) -> set[str]:
    """Return the subjects of the entries that hold a text, such as a digest; it reads every entry."""
    return set(LedgerEvent.objects.filter(body__contains=text).values_list("subject", flat=True).distinct())


def size() -> int:
    """Return how many entries there are."""
    return LedgerEvent.objects.count()


def pending() -> int:
    """Return how many entries wait for a place in the tree."""
    return LedgerPending.objects.count()


def stored_heads() -> dict[str, str]:
    """Return the projection of each subject's newest leaf, as it is stored (not as it ought to be)."""
    return {head.subject: bytes(head.leaf_hash).hex() for head in LedgerHead.objects.all()}
