"""Whether a promotion can be packed: a checkpoint covers its newest entry, and its decisions are attested."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from governance.exports.attest import DECIDED, is_attested
from governance.exports.receipts import witnesses
from governance.models import PromotionRequest
from registry.canonical import parse
from registry.ledger import envelopes, rows, selection
from registry.ledger.envelopes import Placed, Signed
from registry.ledger.policy import LogPolicy, QuorumError
from registry.ledger.receipt import cosigned
from registry.ledger.rows import Log
from registry.ledger.tree import TreeHead

POLL_SECONDS = 0.1


class PackNotReadyError(LookupError):
    """What is recorded is not signed yet: the pack comes when it is."""

    code = "pack_not_ready"


@dataclass(frozen=True, slots=True)
class Covered:
    """A log up to a checkpoint: its signed note with cosignatures, and the head that it states."""

    log: Log
    note: bytes
    head: TreeHead


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of the promotion: its log, its place and text there, and what was signed about it."""

    log: Log
    entry: Placed
    signed: Sequence[Signed]


@dataclass(frozen=True, slots=True)
class Ready:
    """A promotion with the logs that cover it, its entries by log, and its decisions."""

    promotion: PromotionRequest
    logs: Sequence[Covered]
    entries: Sequence[tuple[Log, Placed]]
    decisions: Sequence[Decided]

    @property
    def sized(self) -> list[tuple[Log, int]]:
        """The logs, and how many entries of each are covered."""
        return [(one.log, one.head.size) for one in self.logs]


def _covered(log: Log, policy: LogPolicy | None) -> Covered:
    """Return a log with its newest checkpoint, or the newest that has the cosignatures that the policy asks for."""
    for stored in (rows.last_checkpoint(log), rows.last_cosigned_checkpoint(log)):
        if stored is not None:
            note = cosigned(log, stored)
            try:
                if policy is not None:
                    policy.open(note)
            except QuorumError:
                continue
            return Covered(log, note, stored.head)
    raise PackNotReadyError(f"The log {log.origin} has no checkpoint yet that is signed as the trust policy asks.")


def ready(promotion: PromotionRequest) -> Ready:
    """Return what a pack is made of; raises PackNotReadyError while something of it is not signed."""
    subject = f"promotion:{promotion.pk}"
    policy = witnesses()
    if waiting := selection.unplaced(subject):
        raise PackNotReadyError(f"{waiting} entries of {subject} have no place in the log yet.")
    logs = [_covered(log, policy) for log in rows.logs()]
    entries = [(one.log, entry) for one in logs for entry in selection.about(one.log, 2**62, {subject})]
    sizes = {one.log: one.head.size for one in logs}
    if not entries or any(entry.seq >= sizes[log] for log, entry in entries):
        raise PackNotReadyError(f"No checkpoint covers the newest entry of {subject} yet.")
    return Ready(promotion, logs, entries, [_decided(log, one) for log, one in entries if _is_decision(one)])


def _is_decision(entry: Placed) -> bool:
    return bool(parse(entry.body)["kind"] == DECIDED)


def _decided(log: Log, entry: Placed) -> Decided:
    signed = envelopes.of_event(entry.number)
    if not signed and is_attested(parse(entry.body)):
        raise PackNotReadyError(f"The decision in entry {entry.seq} of {log.origin} is not attested yet.")
    return Decided(log, entry, signed)


def await_ready(promotion: PromotionRequest, seconds: float) -> Ready:
    """Wait for what is recorded to be signed, up to a time; raises PackNotReadyError after that."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ready(promotion)
        except PackNotReadyError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(POLL_SECONDS)
