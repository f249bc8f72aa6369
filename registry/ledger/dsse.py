"""Signed statements in DSSE envelopes (Dead Simple Signing Envelope v1), with the Ed25519 keys of a log.

What is signed is ``DSSEv1 <length> <type> <length> <payload>``, never the payload alone. No such text can pass for a
checkpoint or another note, which the same keys sign: a checkpoint begins with the name of its log, a key's name has no
space, and a note ends with a newline, while a payload here is canonical JSON, which has none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry.canonical import CanonicalError, canonical, parse
from registry.ledger.keys import Signer, VerifierKey
from registry.ledger.texts import TextFormError, from_base64, to_base64

IN_TOTO = "application/vnd.in-toto+json"


class EnvelopeError(ValueError):
    """The bytes are no envelope of a statement."""

    code = "envelope_malformed"


class EnvelopeSignatureError(ValueError):
    """A known key's signature over the statement does not verify, or there is none of a known key."""

    code = "envelope_signature"


def signed_text(payload: bytes, payload_type: str = IN_TOTO) -> bytes:
    """Return the pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signer: Signer) -> bytes:
    """Return the 64 bytes of a signature. Raises EnvelopeError unless the payload is one canonical JSON object."""
    try:
        document = parse(payload)
    except CanonicalError as error:
        raise EnvelopeError(f"What is to be signed is not canonical: {error}") from error
    if not isinstance(document, dict):
        raise EnvelopeError("What is to be signed is no statement.")
    return signer.sign(signed_text(payload))


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, and signatures by the fingerprint of their key. As read, nothing of it is verified."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def encode(self) -> bytes:
        """Return the envelope as canonical JSON."""
        signatures = [{"keyid": key, "sig": to_base64(signature)} for key, signature in self.signatures]
        return canonical({"payload": to_base64(self.payload), "payloadType": IN_TOTO, "signatures": signatures})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what ``encode`` writes. Raises EnvelopeError."""
        try:
            found = parse(data)
            signatures = tuple((str(one["keyid"]), from_base64(one["sig"], "sig")) for one in found["signatures"])
            envelope = cls(from_base64(found["payload"], "payload"), signatures)
        except (CanonicalError, TextFormError, LookupError, TypeError, AttributeError) as error:
            raise EnvelopeError(f"It is no envelope of a statement: {error}") from error
        if envelope.encode() != data:
            raise EnvelopeError("It is an envelope, but with other fields, or of another type, than ours have.")
        return envelope

    def verify(self, known: Iterable[VerifierKey]) -> Sequence[VerifierKey]:
        """Return the known keys that signed; raises EnvelopeSignatureError when one did not, or when there is none."""
        keys = {key.fingerprint: key for key in known}
        found = []
        for fingerprint, signature in self.signatures:
            if (key := keys.get(fingerprint)) is None:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed_text(self.payload))
            except (InvalidSignature, ValueError) as error:
                raise EnvelopeSignatureError(f"The signature of {key.name} does not verify.") from error
            found.append(key)
        if not found:
            raise EnvelopeSignatureError("No key that you trust has signed it.")
        return found
