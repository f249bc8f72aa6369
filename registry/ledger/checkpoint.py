"""Checkpoints (C2SP ``tlog-checkpoint``): a log's name, size and root, signed by the log and cosigned by witnesses.

Cosignatures are those of the C2SP text ``tlog-cosignature``, with Ed25519.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from registry.ledger import note as notes
from registry.ledger.keys import (
    TIMESTAMP_BYTES,
    KeyKindError,
    SignatureKind,
    Signer,
    VerifierKey,
    cosignature_time,
    cosigned_message,
)
from registry.ledger.note import Note, NoteFormatError, NoteSignature, NotSignedError
from registry.ledger.texts import TextFormError, from_base64, from_decimal, to_base64
from registry.ledger.tree import TreeError, TreeHead

FIXED_LINES = 3


class CheckpointFormatError(ValueError):
    """The text of a note is not that of a checkpoint."""

    code = "checkpoint_malformed"


class CheckpointOriginError(ValueError):
    """A log's key was used for a checkpoint of another log."""

    code = "checkpoint_origin"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, its tree head, and extension lines (opaque, none of ours)."""

    origin: str
    head: TreeHead
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an origin or an extension that is no line."""
        for line in (self.origin, *self.extensions):
            if not line or any(character < " " for character in line):
                raise CheckpointFormatError(f"{line!r} is no line of a checkpoint: empty, or with control characters.")

    @property
    def text(self) -> bytes:
        """The text that is signed, with its final newline."""
        lines = (self.origin, str(self.head.size), to_base64(self.head.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a checkpoint's text. Raises CheckpointFormatError."""
        try:
            lines = notes.check_text(text).split("\n")[:-1]
        except NoteFormatError as error:
            raise CheckpointFormatError(str(error)) from error
        if len(lines) < FIXED_LINES:
            raise CheckpointFormatError(f"A checkpoint has origin, size and root; this text has {len(lines)} lines.")
        try:
            size = from_decimal(lines[1], "The checkpoint's size")
            head = TreeHead(size, from_base64(lines[2], "The checkpoint's root hash"))
        except (TextFormError, TreeError) as error:
            raise CheckpointFormatError(str(error)) from error
        return cls(lines[0], head, tuple(lines[FIXED_LINES:]))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose signatures were verified: by which log key, and by which witnesses at what POSIX time."""

    checkpoint: Checkpoint
    log: VerifierKey
    cosigned: Mapping[VerifierKey, int]
    note: Note = field(repr=False)

    @property
    def head(self) -> TreeHead:
        """The tree head that proofs are checked against."""
        return self.checkpoint.head


def check_kind(key: VerifierKey, kind: SignatureKind, purpose: str) -> None:
    """Raise KeyKindError unless the key is of the kind that the purpose needs."""
    if key.kind != kind:
        raise KeyKindError(f"The key of {key.name} is of kind 0x{key.kind:02x}; a {purpose} needs 0x{kind:02x}.")


def sign(checkpoint: Checkpoint, signer: Signer) -> Note:
    """Return the checkpoint signed by its log. Raises CheckpointOriginError unless key and log have one name."""
    if signer.key.name != checkpoint.origin:
        raise CheckpointOriginError(f"The key of {signer.key.name} cannot sign for the log {checkpoint.origin}.")
    check_kind(signer.key, SignatureKind.NOTE, "log")
    return notes.sign(checkpoint.text, signer)


def cosign(note: Note, signer: Signer, *, at: int) -> NoteSignature:
    """Return a witness's signature line over a checkpoint, stating the POSIX time ``at``.

    The caller has verified the log's signature and the consistency with what it signed before. Raises
    CheckpointFormatError, KeyKindError or TimestampError.
    """
    check_kind(signer.key, SignatureKind.COSIGNATURE, "witness")
    Checkpoint.parse(note.text)
    signature = signer.sign(cosigned_message(note.text, at))
    return NoteSignature(signer.key.name, signer.key.key_id, at.to_bytes(TIMESTAMP_BYTES) + signature)


def open_checkpoint(
    data: bytes, logs: Iterable[VerifierKey], witnesses: Iterable[VerifierKey] = ()
) -> SignedCheckpoint:
    """Read and verify a signed checkpoint: by a log key of its origin's name, and by those witnesses that signed.

    Raises NoteFormatError or CheckpointFormatError when malformed; BadSignatureError when a known key's signature does
    not verify, NotSignedError when no log key of the origin's name signed; KeyKindError for keys of the wrong kind.
    """
    logs, witnesses = list(logs), list(witnesses)
    for key in logs:
        check_kind(key, SignatureKind.NOTE, "log")
    for key in witnesses:
        check_kind(key, SignatureKind.COSIGNATURE, "witness")
    note = notes.parse(data)
    checkpoint = Checkpoint.parse(note.text)
    signed = notes.verify(note, [*logs, *witnesses])
    own = [key for key in logs if key in signed and key.name == checkpoint.origin]
    if not own:
        raise NotSignedError(f"The checkpoint of {checkpoint.origin} has no signature of a known key of that log.")
    cosigned = {key: max(map(cosignature_time, signed[key])) for key in witnesses if key in signed}
    return SignedCheckpoint(checkpoint, own[0], cosigned, note)
