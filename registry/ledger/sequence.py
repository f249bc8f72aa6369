"""Give the queued events their place in the tree and sign the result: one process, the only holder of the key.

A step is one transaction under a lock that one sequencer at a time can hold: the queue's first events, in the order of
their numbers, get the next contiguous places; full tiles and a signed checkpoint follow; the queue forgets them. Events
are never found by ``number > last``: numbers are given before commit, so that a smaller one may appear later.
"""

from dataclasses import dataclass

from django.db import transaction

from registry.ledger import queue, rows
from registry.ledger.checkpoint import Checkpoint, sign
from registry.ledger.keyring import Keyring
from registry.ledger.memory import Memory
from registry.ledger.note import Note
from registry.ledger.note import sign as sign_note
from registry.ledger.queue import FROZEN, Taken, UnsoundEventError
from registry.ledger.rows import Log
from registry.ledger.tree import Edge, TreeHead, with_partials

LARGEST_BATCH = 32_768


class RefusedToSignError(RuntimeError):
    """Signing would fork the log or continue one that is not ours: somebody has to look first (docs/ledger.md)."""

    code = "refused_to_sign"


class BusyError(RuntimeError):
    """Another sequencer works on this database at this moment."""

    code = "sequencer_busy"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a step made: the log, the checkpoint and its note, and how many leaves it added."""

    log: Log
    head: TreeHead
    note: Note
    added: int


class Sequencer:
    """Sequences one log. Keeps the right edge of its tree between steps; what has committed is the truth."""

    def __init__(self, keyring: Keyring, memory: Memory) -> None:
        """Sign with the keys of a ring, and remember in ``memory`` what was signed last."""
        self._keyring, self._memory = keyring, memory
        self._log: Log | None = None
        self._edge: Edge | None = None
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the log was frozen: its last checkpoint stands, nothing is added."""
        return self._closed

    def step(self, most: int = LARGEST_BATCH) -> Signed | None:
        """Sequence up to ``most`` queued events; None when there is nothing to do.

        Raises BusyError while another sequencer holds the lock, RefusedToSignError when the record and what was signed
        before do not agree. Either way nothing has changed.
        """
        if self._edge is not None and not queue.waits():
            return None
        with transaction.atomic():
            if not rows.try_lock():
                raise BusyError("Another sequencer holds the lock of this database.")
            log, edge = self._position()
            taken = None if self._closed else self._take(log, edge.size, most)
            if taken:
                edge = edge.copy()
                signed = self._extend(log, edge, taken)
        self._log, self._edge = log, edge
        if not taken:
            return None
        self._closed = taken.freezes
        self._memory.keep(signed.note)
        return signed

    def _take(self, log: Log, size: int, most: int) -> Taken | None:
        try:
            taken = queue.take(log, size, most)
        except UnsoundEventError as error:
            raise RefusedToSignError(str(error)) from error
        return taken if taken.leaves else None

    def _extend(self, log: Log, edge: Edge, taken: Taken) -> Signed:
        tiles = edge.extend(taken.leaves)
        checkpoint = Checkpoint(log.origin, edge.head())
        first, *others = self._keyring.signers
        note = sign(checkpoint, first)
        if others:
            note = note.add(*sign_note(checkpoint.text, *others).signatures)
        rows.add_tiles(log, tiles)
        rows.add_checkpoint(log, checkpoint.head, note.encode().decode())
        return Signed(log, checkpoint.head, note, len(taken.leaves))

    def _position(self) -> tuple[Log, Edge]:
        """Return the log and its right edge, as the database has them now."""
        last = rows.last_log()
        if last is None or last.origin != self._keyring.origin:
            last = self._begin(last)
        signed = rows.last_checkpoint(last)
        size = signed.head.size if signed else 0
        if self._log == last and self._edge is not None and self._edge.size == size:
            return last, self._edge
        edge = Edge.restore(size, with_partials(rows.tile_reader(last), rows.leaf_reader(last)))
        self._check(last, edge, signed)
        self._closed = size > 0 and rows.kind_of_leaf(last, size - 1) == FROZEN
        return last, edge

    def _check(self, log: Log, edge: Edge, signed: rows.StoredCheckpoint | None) -> None:
        """Refuse to go on unless the tree is the one that was signed, here and as far as it was seen outside."""
        said = Checkpoint(log.origin, edge.head())
        if signed and (said.head != signed.head or said != Checkpoint.parse(signed.text)):
            raise RefusedToSignError(
                f"The tree of {log.origin} does not reproduce the root that was signed at size {signed.head.size}."
            )
        seen = self._memory.last()
        if seen is None or seen.origin != log.origin or seen.head.size == 0:
            return
        if seen.head.size > edge.size:
            raise RefusedToSignError(
                f"A checkpoint of {log.origin} of size {seen.head.size} was signed, but the database ends at "
                f"{edge.size}: it is an older copy. Signing would fork the log; a new one has to succeed it."
            )
        if rows.prover(log, seen.head.size).head() != seen.head:
            raise RefusedToSignError(
                f"The database's tree of {log.origin} is another one at size {seen.head.size} than what was signed."
            )

    def _begin(self, last: Log | None) -> Log:
        """Begin the first log, or one that an event introduces as the successor of the last."""
        origin, number = self._keyring.origin, last.number + 1 if last else 1
        if last and not queue.waits(started=f"log:{origin}"):
            raise RefusedToSignError(
                f"The key signs for {origin}, but the record is kept in {last.origin}, and no event makes the one "
                "the successor of the other: use the key of that log, or `manage.py ledger_key succeed`."
            )
        if number == 1 and (seen := self._memory.last()) and seen.head.size:
            raise RefusedToSignError(
                f"A checkpoint of {seen.origin} of size {seen.head.size} was signed, but the database holds no log."
            )
        return rows.add_log(Log(number, origin))
