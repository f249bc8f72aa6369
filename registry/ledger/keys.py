"""Named Ed25519 keys of signed notes: verifier keys, signer keys, key ids, and what each kind of signature covers.

Kinds, key ids and verifier keys are those of the C2SP texts ``signed-note`` and ``tlog-cosignature``; the text form of
signer keys is the one in use with them.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.ledger.texts import TextFormError, from_base64, to_base64

KEY_BYTES = 32
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
TIMESTAMP_BYTES = 8
LARGEST_TIMESTAMP = 2**63 - 1
PRIVATE = "PRIVATE+KEY+"
VERIFIER_PARTS = 3


class KeyFormatError(ValueError):
    """A key's name or text that is malformed. The message never repeats a signer key."""

    code = "key_malformed"


class KeyKindError(KeyFormatError):
    """A key of a kind of signature that is not supported, or not meant for the purpose."""

    code = "key_kind"


class TimestampError(ValueError):
    """A time that a cosignature cannot state."""

    code = "cosignature_time"


class SignatureKind(IntEnum):
    """The kinds of signature that are made and verified here, by their type byte."""

    NOTE = 0x01
    COSIGNATURE = 0x04


def check_name(name: str) -> None:
    """Raise KeyFormatError unless the name is one of a key: not empty, no spaces, no plus, no control characters."""
    if not name:
        raise KeyFormatError("A key's name is empty.")
    if any(character.isspace() or character < " " or character == "+" for character in name):
        raise KeyFormatError(f"The key name {name!r} holds a space, a control character or a plus.")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise KeyFormatError(f"The key name {name!r} holds a lone surrogate.") from error


def cosigned_message(text: bytes, timestamp: int) -> bytes:
    """Return what a cosignature signs: two lines with the time (POSIX seconds), then the checkpoint's text.

    Raises TimestampError for a time before 1 or after 2**63 - 1.
    """
    if not 1 <= timestamp <= LARGEST_TIMESTAMP:
        raise TimestampError(f"A cosignature cannot state the time {timestamp}; 1 to {LARGEST_TIMESTAMP} are possible.")
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def cosignature_time(signature: bytes) -> int:
    """Return the time that a cosignature states, in POSIX seconds. Raises TimestampError when it is malformed."""
    if len(signature) != TIMESTAMP_BYTES + SIGNATURE_BYTES:
        expected = TIMESTAMP_BYTES + SIGNATURE_BYTES
        raise TimestampError(f"A cosignature has {len(signature)} bytes, not {expected}.")
    return int.from_bytes(signature[:TIMESTAMP_BYTES])


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and the one kind of signature that it verifies."""

    name: str
    kind: SignatureKind
    public: bytes

    def __post_init__(self) -> None:
        """Refuse a name or a public key that is malformed."""
        check_name(self.name)
        if len(self.public) != KEY_BYTES:
            raise KeyFormatError(f"The public key of {self.name} has {len(self.public)} bytes, not {KEY_BYTES}.")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || kind || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:KEY_ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key's text, in hexadecimal: short enough to compare by eye, and it binds the name too."""
        return hashlib.sha256(str(self).encode()).hexdigest()

    def __str__(self) -> str:
        """Return the verifier key's text: name+id+base64."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name+id+base64``. Raises KeyFormatError, or KeyKindError for a kind that is not supported."""
        name, kind, public, key_id = _parts(text, "verifier key")
        key = cls(name, kind, public)
        if key.key_id.hex() != key_id:
            raise KeyFormatError(f"The verifier key of {name} states the id {key_id!r}; it has {key.key_id.hex()}.")
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Say whether a signature (without key id) of this kind covers a note's text. False for anything malformed."""
        message = text
        try:
            if self.kind == SignatureKind.COSIGNATURE:
                message = cosigned_message(text, cosignature_time(signature))
                signature = signature[TIMESTAMP_BYTES:]
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, TimestampError, ValueError):
            return False
        return True


def _parts(text: str, what: str) -> tuple[str, SignatureKind, bytes, str]:
    """Return name, kind, key bytes and the stated id of a key's text."""
    parts = text.split("+", VERIFIER_PARTS - 1)
    if len(parts) != VERIFIER_PARTS:
        raise KeyFormatError(f"A {what} has {VERIFIER_PARTS} parts, name+id+base64; this text has {len(parts)}.")
    name, key_id, encoded = parts
    check_name(name)
    try:
        data = from_base64(encoded, f"The last part of the {what} of {name}")
    except TextFormError as error:
        raise KeyFormatError(str(error)) from None
    if not data:
        raise KeyFormatError(f"The {what} of {name} holds no key.")
    if data[0] not in set(SignatureKind):
        known = ", ".join(f"0x{kind:02x}" for kind in SignatureKind)
        raise KeyKindError(f"The {what} of {name} is of kind 0x{data[0]:02x}; supported are {known}.")
    return name, SignatureKind(data[0]), data[1:], key_id


class Signer(Protocol):
    """Whatever holds a private key: a file, a hardware token, a service."""

    @property
    def key(self) -> VerifierKey:
        """The public half, with the name, the kind and the key id."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature over exactly these bytes."""


class Ed25519Signer:
    """A signer with its private key in memory."""

    __slots__ = ("_private", "key")

    def __init__(self, name: str, seed: bytes, kind: SignatureKind = SignatureKind.NOTE) -> None:
        """Use the 32 bytes of an RFC 8032 private key. Raises KeyFormatError."""
        if len(seed) != KEY_BYTES:
            raise KeyFormatError(f"The private key of {name} has {len(seed)} bytes, not {KEY_BYTES}.")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """Show the public half alone."""
        return f"{type(self).__name__}({self.key})"

    @classmethod
    def generate(cls, name: str, kind: SignatureKind = SignatureKind.NOTE) -> Self:
        """Make a new key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw(), kind)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PRIVATE+KEY+name+id+base64``. Raises KeyFormatError, which never repeats the text."""
        if not text.startswith(PRIVATE):
            raise KeyFormatError(f"A signer key begins with {PRIVATE}; this text does not.")
        name, kind, seed, key_id = _parts(text.removeprefix(PRIVATE), "signer key")
        signer = cls(name, seed, kind)
        if signer.key.key_id.hex() != key_id:
            raise KeyFormatError(f"The signer key of {name} has the id {signer.key.key_id.hex()}, not the stated one.")
        return signer

    def encode(self) -> str:
        """Return the signer key's text: a secret."""
        secret = to_base64(bytes([self.key.kind]) + self._private.private_bytes_raw())
        return f"{PRIVATE}{self.key.name}+{self.key.key_id.hex()}+{secret}"

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature (RFC 8032, deterministic)."""
        return self._private.sign(message)
