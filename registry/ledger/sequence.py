"""Give the queued events their place in the tree and sign the result: one process, the only holder of the key.

A step is one transaction under a lock that one sequencer at a time can hold: the queue's first events, in the order of
their numbers, get the next contiguous places; full tiles and a signed checkpoint follow; the queue forgets them. Events
are never found by ``number > last``: numbers are given before commit, so that a smaller one may appear later. Of a
backlog the tree hashes what was taken last while the database takes the next.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
from registry.ledger.tree import Edge, Tile, TreeHead, with_partials

LARGEST_TAKE = 32_768
LARGEST_BATCH = 4 * LARGEST_TAKE


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


@dataclass(frozen=True, slots=True)
class Grown:
    """The right edge with what a step took, how many leaves that was, and whether the log ends with them."""

    edge: Edge
    added: int
    freezes: bool


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
            grown = None if self._closed else self._grow(log, edge.copy(), most)
            signed = self._sign(log, grown) if grown else None
        self._log, self._edge = log, grown.edge if grown else edge
        if not grown or not signed:
            return None
        self._closed = grown.freezes
        self._memory.keep(signed.note)
        return signed

    def _grow(self, log: Log, edge: Edge, most: int) -> Grown | None:
        """Extend the edge by what waits, up to ``most`` events, and keep the tiles; None when nothing waits."""
        before, freezes = edge.size, False
        hashed: Future[list[Tile]] | None = None
        with ThreadPoolExecutor(1) as apart:
            for taken in self._take(log, before, most):
                if hashed:
                    rows.add_tiles(log, hashed.result())
                hashed, freezes = apart.submit(edge.extend, taken.leaves), taken.freezes
            if hashed is None:
                return None
            rows.add_tiles(log, hashed.result())
        return Grown(edge, edge.size - before, freezes)

    def _take(self, log: Log, size: int, most: int) -> Iterator[Taken]:
        """Yield what gets the places from ``size`` on, a take at a time, until the queue or the log ends."""
        end = size + most
        while size < end:
            asked = min(end - size, LARGEST_TAKE)
            try:
                taken = queue.take(log, size, asked)
            except UnsoundEventError as error:
                raise RefusedToSignError(str(error)) from error
            if taken.leaves:
                yield taken
            if taken.freezes or len(taken.leaves) < asked:
                return
            size += asked

    def _sign(self, log: Log, grown: Grown) -> Signed:
        checkpoint = Checkpoint(log.origin, grown.edge.head())
        first, *others = self._keyring.signers
        note = sign(checkpoint, first)
        if others:
            note = note.add(*sign_note(checkpoint.text, *others).signatures)
        rows.add_checkpoint(log, checkpoint.head, note.encode().decode())
        return Signed(log, checkpoint.head, note, grown.added)

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
