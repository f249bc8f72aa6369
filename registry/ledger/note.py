"""Signed notes (C2SP ``signed-note``): a text, an empty line, and lines of signatures.

A signature of a key that is known and does not verify rejects the note; one of an unknown key is passed over; a note
without a verified signature of a known key is rejected. The text of a note means nothing before that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from registry.ledger.keys import (
    KEY_ID_BYTES,
    KeyFormatError,
    KeyKindError,
    SignatureKind,
    Signer,
    VerifierKey,
    check_name,
)
from registry.ledger.texts import TextFormError, from_base64, to_base64

MOST_BYTES = 1_000_000
MOST_SIGNATURES = 100
MARK = "\u2014 "
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


class NoteFormatError(ValueError):
    """The bytes are not a signed note."""

    code = "note_malformed"


class NoteTooLargeError(NoteFormatError):
    """The note is larger than is read, or has more signatures."""

    code = "note_too_large"


class BadSignatureError(ValueError):
    """A known key is named beside a signature that it did not make over this text."""

    code = "note_bad_signature"


class NotSignedError(ValueError):
    """No key that is asked for has signed the note."""

    code = "note_not_signed"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name and id, and the bytes that the kind of key defines."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"{MARK}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one line without its newline. Raises NoteFormatError."""
        if not line.startswith(MARK):
            raise NoteFormatError("A signature line does not begin with an em dash and a space.")
        name, _, encoded = line.removeprefix(MARK).partition(" ")
        try:
            check_name(name)
            data = from_base64(encoded, f"The signature of {name}")
        except (KeyFormatError, TextFormError) as error:
            raise NoteFormatError(str(error)) from error
        if len(data) <= KEY_ID_BYTES:
            raise NoteFormatError(f"The signature of {name} has {len(data)} bytes; a key id alone has {KEY_ID_BYTES}.")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text (UTF-8, with its final newline) and its signatures, none of them verified yet."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the bytes of the note. Raises NoteFormatError when they would not be one."""
        data = self.text + b"\n" + "".join(signature.line() for signature in self.signatures).encode()
        if parse(data) != self:
            raise NoteFormatError("The note would not be read back as it is.")
        return data

    def add(self, *signatures: NoteSignature) -> "Note":
        """Return the note with further signatures; one that it has already is not added twice."""
        new = [one for one in dict.fromkeys(signatures) if one not in self.signatures]
        return Note(self.text, (*self.signatures, *new))


def check_text(text: bytes) -> str:
    """Return a note's text as characters.

    Raises NoteFormatError unless it is UTF-8, ends in a newline and holds no other control character below U+0020.
    """
    if not text.endswith(b"\n"):
        raise NoteFormatError("A note's text does not end in a newline.")
    if found := CONTROL.search(text):
        raise NoteFormatError(
            f"Byte {found.start()} is the control character 0x{found[0].hex()}; newlines alone may be."
        )
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteFormatError(f"The note is not UTF-8 at byte {error.start}.") from error


def parse(data: bytes) -> Note:
    """Read a note. Raises NoteFormatError, or NoteTooLargeError over 1 000 000 bytes or 100 signatures."""
    if len(data) > MOST_BYTES:
        raise NoteTooLargeError(f"The note has {len(data)} bytes; {MOST_BYTES} are the most that are read.")
    check_text(data)
    end = data.rfind(b"\n\n")
    if end < 0:
        raise NoteFormatError("The note has no empty line between its text and its signatures.")
    lines = data[end + 2 :].decode().split("\n")[:-1]
    if not lines:
        raise NoteFormatError("The note has no signature line after its last empty line.")
    if len(lines) > MOST_SIGNATURES:
        raise NoteTooLargeError(f"The note has {len(lines)} signatures; {MOST_SIGNATURES} are the most that are read.")
    return Note(data[: end + 1], tuple(NoteSignature.parse(line) for line in lines))


def sign(text: bytes, *signers: Signer) -> Note:
    """Return the text signed by each signer, which must be of the kind for notes. Raises KeyKindError."""
    check_text(text)
    signatures = []
    for signer in signers:
        if signer.key.kind != SignatureKind.NOTE:
            raise KeyKindError(f"The key of {signer.key.name} is of kind 0x{signer.key.kind:02x}; it signs no notes.")
        signatures.append(NoteSignature(signer.key.name, signer.key.key_id, signer.sign(text)))
    return Note(text, tuple(signatures))


def verify(note: Note, known: Iterable[VerifierKey]) -> dict[VerifierKey, list[bytes]]:
    """Return the known keys that signed the note, each with its verified signatures (without key id).

    Raises BadSignatureError when a signature of a known key does not verify, NotSignedError when none is there.
    """
    keys: dict[tuple[str, bytes], set[VerifierKey]] = {}
    for key in known:
        keys.setdefault((key.name, key.key_id), set()).add(key)
    found: dict[VerifierKey, list[bytes]] = {}
    for signature in note.signatures:
        for key in keys.get((signature.name, signature.key_id), ()):
            if not key.verifies(note.text, signature.signature):
                raise BadSignatureError(f"The signature that names {key.name} is not one of its key over this text.")
            found.setdefault(key, []).append(signature.signature)
    if not found:
        names = ", ".join(sorted({name for name, _ in keys})) or "none at all"
        raise NotSignedError(f"The note has no signature of a known key; known is {names}.")
    return found
