"""A witness (C2SP ``tlog-witness``): cosigns a log's checkpoint if it extends the last one it cosigned, else refuses.

It should run under the control of somebody else than the log's. What it knows is one row a log, on disk before it
answers.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from registry.ledger.checkpoint import CheckpointFormatError, SignedCheckpoint, cosign, open_checkpoint
from registry.ledger.keys import Signer, VerifierKey
from registry.ledger.note import BadSignatureError, NoteFormatError, NotSignedError
from registry.ledger.paths import verify_extension
from registry.ledger.texts import TextFormError, from_base64, from_decimal
from registry.ledger.tree import EMPTY_ROOT, TreeError, TreeHead

MOST_BYTES = 64 << 10
MOST_PROOF_LINES = 63
SIZE_TYPE = "text/x.tlog.size"
SCHEMA = "CREATE TABLE IF NOT EXISTS cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a submission."""

    status: HTTPStatus
    body: bytes
    kind: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Submission:
    """A parsed request: the size that the client believes was cosigned last, a proof from there, and a checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @classmethod
    def parse(cls, body: bytes) -> "Submission":
        """Read the body of a request; raises TextFormError."""
        head, found, checkpoint = body.partition(b"\n\n")
        if len(body) > MOST_BYTES or not found:
            raise TextFormError(f"The request has no empty line, or more than {MOST_BYTES} bytes.")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise TextFormError("The proof is not ASCII.") from error
        if not first.startswith("old ") or len(lines) > MOST_PROOF_LINES:
            raise TextFormError(f"The request does not begin with an old size, or has over {MOST_PROOF_LINES} hashes.")
        proof = tuple(from_base64(line, "A line of the proof") for line in lines)
        return cls(from_decimal(first.removeprefix("old "), "The old size"), proof, checkpoint)


class Witness:
    """Cosigns for the logs it was told of."""

    def __init__(
        self, signer: Signer, logs: Sequence[VerifierKey], place: Path, clock: Callable[[], float] = time.time
    ) -> None:
        """Sign with ``signer`` (of the kind for cosignatures); keep what was cosigned in the file ``place``."""
        self._signer, self._logs, self._place, self._clock = signer, tuple(logs), place, clock
        with self._state() as state:
            state.execute(SCHEMA)

    @contextlib.contextmanager
    def _state(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._place, isolation_level=None, timeout=20)) as state:
            state.execute("PRAGMA synchronous = FULL")
            yield state

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer the body of an add-checkpoint request, as the C2SP text says for each case."""
        try:
            submission = Submission.parse(body)
            signed = self._open(submission.checkpoint)
        except (TextFormError, NoteFormatError, CheckpointFormatError) as error:
            return _refusal(HTTPStatus.BAD_REQUEST, error)
        except UnknownLogError as error:
            return _refusal(HTTPStatus.NOT_FOUND, error)
        except (BadSignatureError, NotSignedError) as error:
            return _refusal(HTTPStatus.FORBIDDEN, error)
        if submission.old > signed.head.size:
            problem = f"The old size {submission.old} is larger than the checkpoint's, {signed.head.size}."
            return _refusal(HTTPStatus.BAD_REQUEST, problem)
        with self._state() as state:
            return self._extend(state, submission, signed)

    def _open(self, data: bytes) -> SignedCheckpoint:
        origin = data.partition(b"\n")[0].decode("utf-8", errors="replace")
        known = [key for key in self._logs if key.name == origin]
        if not known:
            raise UnknownLogError(f"No key of a log called {origin[:200]!r} is known here.")
        return open_checkpoint(data, known)

    def _extend(self, state: sqlite3.Connection, submission: Submission, signed: SignedCheckpoint) -> Answer:
        state.execute("BEGIN IMMEDIATE")
        try:
            origin, head = signed.checkpoint.origin, signed.head
            row = state.execute("SELECT size, root FROM cosigned WHERE origin = ?", [origin]).fetchone()
            last = TreeHead(*row) if row else TreeHead(0, EMPTY_ROOT)
            if submission.old != last.size:
                return Answer(HTTPStatus.CONFLICT, f"{last.size}\n".encode(), SIZE_TYPE)
            verify_extension(last, head, submission.proof)
            state.execute("INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?)", [origin, head.size, head.root])
            state.execute("COMMIT")
        except TreeError as error:
            return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error)
        finally:
            if state.in_transaction:
                state.execute("ROLLBACK")
        line = cosign(signed.note, self._signer, at=int(self._clock())).line()
        return Answer(HTTPStatus.OK, line.encode())


class UnknownLogError(LookupError):
    """A checkpoint of a log that this witness was not told of."""

    code = "unknown_log"


def _refusal(status: HTTPStatus, problem: object) -> Answer:
    return Answer(status, f"{problem}\n".encode())
