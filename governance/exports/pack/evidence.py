"""What is known of a promotion from a log: its entries, the documents that they cite, opened reasons, names."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.ledger.tree import TreeHead

WITHDRAWN = re.compile(r"reason ([0-9a-f]{64})")
NOT_OPENED = "(not opened: the reason was erased, or is not given here; its commitment stays in the log)"


@dataclass(frozen=True, slots=True)
class LogHead:
    """One of the logs: its number, its name, and the size and root that its checkpoint states."""

    number: int
    origin: str
    head: TreeHead


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event with the number of its log, its place there and its leaf hash in hexadecimal."""

    log: int
    seq: int
    leaf: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """The salt and the text behind a commitment, sha256(salt || text)."""

    salt: str
    text: str

    def digest(self) -> str:
        """Return the commitment that they open."""
        return hashlib.sha256((self.salt + self.text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the readable record is made from; ``document`` raises LookupError for what is not there."""

    promotion: str
    logs: Sequence[LogHead]
    events: Sequence[PlacedEvent]
    document: Callable[[str], Mapping[str, Any]]
    openings: Mapping[str, Opening] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> Iterator[PlacedEvent]:
        """Yield the promotion's events of these kinds, in their order."""
        yield from (one for one in self.events if one.event["kind"] in kinds)

    def name(self, identity: str | None) -> str:
        """Return what somebody or something is called, and the id that the log holds."""
        if identity is None:
            return "nobody"
        known = self.names.get(identity)
        return f"{known} ({identity})" if known else identity

    def reason(self, event: Mapping[str, Any]) -> str:
        """Return the opened reason of an event, "" for one that holds none."""
        found = [self.openings.get(one) for one in commitments(event)]
        return "\n".join(one.text if one else NOT_OPENED for one in found)


def commitments(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield the commitments to reasons that an event of a promotion holds."""
    kind, data = event["kind"], event["data"]
    if kind.startswith(("approval.", "waiver.")) and "reason" in data:
        yield data["reason"]
    elif kind == "promotion.advanced" and (found := WITHDRAWN.fullmatch(data["detail"])):
        yield found[1]
