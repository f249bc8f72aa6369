"""Recompute every leaf, follow every subject's ``prev``, and compare the projection: names each bad entry."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from registry.canonical import CanonicalError, parse


class StoredEntry(Protocol):
    """What is read of one stored event."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def body(self) -> str:
        """The exact stored text."""

    @property
    def leaf_hash(self) -> str:
        """The stored leaf, in hexadecimal."""

    @property
    def kind(self) -> str:
        """The kind, as projected."""

    @property
    def subject(self) -> str:
        """The subject, as projected."""

    @property
    def actor(self) -> str:
        """The actor, as projected."""

    @property
    def at(self) -> str:
        """The time, as projected."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the entry's number (0 when it is of none), a stable code and a sentence."""

    number: int
    code: str
    message: str


@dataclass(slots=True)
class Chains:
    """The newest leaf of each subject seen so far, as bytes."""

    heads: dict[str, bytes] = field(default_factory=dict)

    def follow(self, number: int, document: Mapping[str, Any], leaf: bytes) -> Fault | None:
        """Take an event as the newest of its subject; the fault when it does not name the one before it."""
        subject, newest = str(document.get("subject")), None
        if (before := self.heads.get(subject)) is not None:
            newest = before.hex()
        self.heads[subject] = leaf
        if document.get("prev") == newest:
            return None
        message = f"entry {number} of {subject} follows {document.get('prev')}, but the one before it is {newest}"
        return Fault(number, "prev", message)


def read_document(number: int, body: bytes | str) -> dict[str, Any] | Fault:
    """Return the event that a stored text is, or what is wrong with it."""
    try:
        document = parse(body)
    except CanonicalError as error:
        return Fault(number, "not_canonical", f"entry {number} is not canonical JSON: {error}")
    if not isinstance(document, dict) or not isinstance(document.get("actor"), dict):
        return Fault(number, "not_an_event", f"entry {number} is JSON, but no event with an actor")
    return document


def _faults_of(entry: StoredEntry, chains: Chains) -> Iterator[Fault]:
    leaf = hashlib.sha256(b"\x00" + entry.body.encode()).hexdigest()
    if leaf != entry.leaf_hash:
        yield Fault(entry.number, "leaf_hash", f"entry {entry.number}: its text has leaf {leaf}, not {entry.leaf_hash}")
    document = read_document(entry.number, entry.body)
    if isinstance(document, Fault):
        yield document
        return
    yield from _projection_faults(entry, document)
    if unfollowed := chains.follow(entry.number, document, bytes.fromhex(entry.leaf_hash)):
        yield unfollowed


def _projection_faults(entry: StoredEntry, document: dict[str, Any]) -> Iterator[Fault]:
    truth = {
        "kind": document.get("kind"),
        "subject": document.get("subject"),
        "actor": document["actor"].get("principal"),
        "at": document.get("at"),
    }
    for name, value in truth.items():
        stored = getattr(entry, name)
        if stored != value:
            message = f"entry {entry.number}: column {name} says {stored!r}, the event says {value!r}"
            yield Fault(entry.number, "projection", message)


def entry_faults(entries: Iterable[StoredEntry]) -> Iterator[Fault]:
    """Yield what is wrong with a sequence of entries in their stored order."""
    chains = Chains()
    for entry in entries:
        yield from _faults_of(entry, chains)


def heads(entries: Iterable[StoredEntry]) -> dict[str, str]:
    """Return the newest leaf of each subject, recomputed."""
    found: dict[str, str] = {}
    for entry in entries:
        found[entry.subject] = entry.leaf_hash
    return found
