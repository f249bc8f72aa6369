"""Recompute every leaf, follow every subject's ``prev``, and compare the projection: names each bad entry."""

import hashlib
from collections.abc import Iterable, Iterator
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
    """The newest leaf of each subject seen so far, and the leaves that each of them follows."""

    heads: dict[str, str] = field(default_factory=dict)


def _document(entry: StoredEntry) -> tuple[dict[str, Any] | None, Fault | None]:
    try:
        document = parse(entry.body)
    except CanonicalError as error:
        return None, Fault(entry.number, "not_canonical", f"entry {entry.number} is not canonical JSON: {error}")
    if not isinstance(document, dict) or not isinstance(document.get("actor"), dict):
        return None, Fault(entry.number, "not_an_event", f"entry {entry.number} is JSON, but no event with an actor")
    return document, None


def _faults_of(entry: StoredEntry, chains: Chains) -> Iterator[Fault]:
    leaf = hashlib.sha256(b"\x00" + entry.body.encode()).hexdigest()
    if leaf != entry.leaf_hash:
        yield Fault(entry.number, "leaf_hash", f"entry {entry.number}: its text has leaf {leaf}, not {entry.leaf_hash}")
    document, fault = _document(entry)
    if document is None:
        if fault:
            yield fault
        return
    yield from _projection_faults(entry, document)
    subject = str(document.get("subject"))
    expected = chains.heads.get(subject)
    if document.get("prev") != expected:
        message = (
            f"entry {entry.number} of {subject} follows {document.get('prev')}, but the one before it is {expected}"
        )
        yield Fault(entry.number, "prev", message)
    chains.heads[subject] = entry.leaf_hash


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
