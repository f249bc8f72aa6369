"""Envelopes: the encoding that DSSE publishes, signatures of known keys alone, and nothing that passes for a note."""

import pytest

from registry.ledger.checkpoint import Checkpoint, CheckpointFormatError
from registry.ledger.dsse import Envelope, EnvelopeError, EnvelopeSignatureError, sign, signed_text
from registry.ledger.keys import Ed25519Signer
from registry.ledger.note import NoteFormatError, check_text

SIGNER, OTHER = Ed25519Signer("example.org/log", b"\x01" * 32), Ed25519Signer("example.org/log", b"\x02" * 32)
PAYLOAD = b'{"a":1}'


def envelope(*signers):
    return Envelope(PAYLOAD, tuple((one.key.fingerprint, sign(PAYLOAD, one)) for one in signers))


def test_what_is_signed_is_the_encoding_of_the_protocols_text():
    assert signed_text(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_is_read_back_and_names_the_known_keys_that_signed():
    found = Envelope.parse(envelope(SIGNER, OTHER).encode())
    assert found == envelope(SIGNER, OTHER)
    assert list(found.verify([SIGNER.key])) == [SIGNER.key]


def test_no_signature_of_a_known_key_or_a_wrong_one_is_refused():
    with pytest.raises(EnvelopeSignatureError, match="No key"):
        envelope(OTHER).verify([SIGNER.key])
    forged = Envelope(PAYLOAD, ((SIGNER.key.fingerprint, sign(PAYLOAD, OTHER)),))
    with pytest.raises(EnvelopeSignatureError, match="does not verify"):
        forged.verify([SIGNER.key])
    plain = Envelope(PAYLOAD, ((SIGNER.key.fingerprint, SIGNER.sign(PAYLOAD)),))
    with pytest.raises(EnvelopeSignatureError, match="does not verify"):
        plain.verify([SIGNER.key])


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"payload":"e30=","payloadType":"text/plain","signatures":[]}', b'{"payload":1}']
)
def test_anything_else_is_no_envelope(data):
    with pytest.raises(EnvelopeError):
        Envelope.parse(data)


@pytest.mark.parametrize("payload", [b"example.org/log\n5\nroot\n", b"[1]", b'{"a": 1}', b'{"a":1}\n', b'"text"'])
def test_the_key_signs_canonical_objects_alone(payload):
    with pytest.raises(EnvelopeError):
        sign(payload, SIGNER)


def test_what_is_signed_is_no_note_and_no_checkpoint():
    with pytest.raises(NoteFormatError):
        check_text(signed_text(PAYLOAD))
    with pytest.raises(CheckpointFormatError):
        Checkpoint.parse(signed_text(PAYLOAD))


def test_a_fingerprint_binds_the_name_and_the_key():
    assert len({one.key.fingerprint for one in (SIGNER, OTHER, Ed25519Signer("example.org/b", b"\x01" * 32))}) == 3
