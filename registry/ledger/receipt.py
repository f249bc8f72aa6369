"""Receipts: the C2SP proof that an entry is in the log, with the entry itself as extra data, to be kept elsewhere."""

import time
from collections.abc import Iterator

from registry.ledger import note as notes
from registry.ledger import rows
from registry.ledger.note import NoteSignature
from registry.ledger.policy import LogPolicy, QuorumError
from registry.ledger.proof import Proof
from registry.ledger.rows import Log, StoredCheckpoint

POLL_SECONDS = 0.05


def cosigned(log: Log, stored: StoredCheckpoint) -> bytes:
    """Return a checkpoint's note with the cosignatures that witnesses have given since."""
    note = notes.parse(stored.note.encode())
    lines = rows.cosignatures(log, stored.head.size)
    return note.add(*(NoteSignature.parse(line) for line in lines)).encode()


def receipts(number: int) -> Iterator[Proof]:
    """Yield receipts of an event by its number: against the newest checkpoint, then the newest one with cosignatures.

    None while the event waits for its place in the tree.
    """
    place = rows.place_of(number)
    if place is None:
        return
    log, seq = place
    for stored in (rows.last_checkpoint(log), rows.last_cosigned_checkpoint(log)):
        if stored is not None and stored.head.size > seq:
            path = rows.prover(log, stored.head.size).inclusion(seq)
            yield Proof(seq, tuple(path), cosigned(log, stored), extra=rows.bodies(log, seq, 1)[0])


def receipt(number: int, policy: LogPolicy | None = None) -> Proof | None:
    """Return the newest receipt of an event whose checkpoint has the cosignatures that a policy asks for, if any."""
    return next((proof for proof in receipts(number) if _is_enough(proof, policy)), None)


def _is_enough(proof: Proof, policy: LogPolicy | None) -> bool:
    if policy is None:
        return True
    try:
        policy.open(proof.checkpoint)
    except QuorumError:
        return False
    return True


def await_receipt(number: int, seconds: float, policy: LogPolicy | None = None) -> Proof | None:
    """Wait for the receipt of a committed event, up to a time; None when it did not come, and then it comes later."""
    deadline = time.monotonic() + seconds
    while True:
        found = receipt(number, policy)
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(min(POLL_SECONDS, seconds))
