"""Notes: the worked examples verify, and nothing that is malformed, changed or unsigned is accepted."""

import pytest

from registry.ledger.keys import Ed25519Signer, KeyKindError, SignatureKind, VerifierKey
from registry.ledger.note import (
    MOST_BYTES,
    BadSignatureError,
    Note,
    NoteFormatError,
    NoteSignature,
    NoteTooLargeError,
    NotSignedError,
    parse,
    sign,
    verify,
)
from tests.registry.ledger.pure.test_keys import EXAMPLE, PRIVATE, PUBLIC

MESSAGE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3Ze"
    "kRwNtIc=\n"
).encode()
PROBLEM = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
KNOWN = VerifierKey.parse(EXAMPLE)
OTHER = Ed25519Signer("example.com/foo", bytes(32))
LINE = MESSAGE.decode().splitlines()[-1]


def test_the_texts_example_verifies():
    note = parse(MESSAGE)
    assert note.text == b"This is an example message.\n"
    assert list(verify(note, [KNOWN])) == [KNOWN]
    assert note.encode() == MESSAGE


def test_a_text_with_empty_lines_ends_at_the_last_of_them():
    note = parse(POEM)
    assert note.text.endswith("\n\ned è subito sera.\n".encode())
    assert [one.name for one in note.signatures] == ["quasimodo.example/salvatore"]
    assert note.encode() == POEM


def test_a_published_note_is_signed_again_byte_for_byte():
    note = parse(PROBLEM)
    assert verify(note, [VerifierKey.parse(PUBLIC)])
    assert sign(note.text, Ed25519Signer.parse(PRIVATE)).encode() == PROBLEM


@pytest.mark.parametrize("bit", range(8))
def test_no_byte_of_a_note_can_be_changed(bit):
    for place in range(len(MESSAGE)):
        changed = MESSAGE[:place] + bytes([MESSAGE[place] ^ 1 << bit]) + MESSAGE[place + 1 :]
        with pytest.raises((NoteFormatError, BadSignatureError, NotSignedError)):
            verify(parse(changed), [KNOWN])


def test_no_byte_of_a_note_can_be_left_out_or_doubled():
    for place in range(len(MESSAGE)):
        for changed in (
            MESSAGE[:place] + MESSAGE[place + 1 :],
            MESSAGE[: place + 1] + MESSAGE[place:],
            MESSAGE[:place],
        ):
            with pytest.raises((NoteFormatError, BadSignatureError, NotSignedError)):
                verify(parse(changed), [KNOWN])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "does not end in a newline"),
        ("text", "does not end in a newline"),
        ("text\n", "no empty line"),
        ("text\n\n", "no signature line"),
        (f"text\n{LINE}\n", "no empty line"),
        (f"\n{LINE}\n", "no empty line"),
        (f"text\n\n{LINE}", "newline"),
        (f"text\n\n{LINE}\n\n", "no signature line"),
        (f"te\txt\n\n{LINE}\n", "control character 0x09"),
        (f"text\r\n\r\n{LINE}\r\n", "control character 0x0d"),
        (f"te\x00xt\n\n{LINE}\n", "control character 0x00"),
        (b"te\xffxt\n\n" + LINE.encode() + b"\n", "not UTF-8 at byte 2"),
        (b"te\xed\xa0\x80xt\n\n" + LINE.encode() + b"\n", "not UTF-8"),
        (f"text\n\n{LINE.replace('— ', '- ')}\n", "em dash"),
        (f"text\n\n{LINE.replace('— ', '—')}\n", "em dash"),
        (f"text\n\n{LINE.replace('— ', '—  ')}\n", "empty"),
        (f"text\n\n{LINE.replace('foo ', 'foo  ')}\n", "base64"),
        (f"text\n\n{LINE.replace('foo ', 'f+o ')}\n", "plus"),
        (f"text\n\n{LINE}\n".replace("foo ", "f\u2003o "), "space"),
        (f"text\n\n{LINE} \n", "base64"),
        (f"text\n\n{LINE[:-1]}\n", "base64"),
        ("text\n\n— example.com/foo\n", "has 0 bytes"),
        ("text\n\n— example.com/foo Uw2QOg==\n", "has 4 bytes"),
        (f"text\n\n{LINE}\nmore\n", "em dash"),
        (f"text\n\n{LINE}\u2028{LINE}\n", "base64"),
    ],
)
def test_what_is_malformed_is_refused(data, said):
    with pytest.raises(NoteFormatError, match=said):
        parse(data if isinstance(data, bytes) else data.encode())


def test_sixteen_large_signatures_are_read_and_a_hundred_and_one_are_not():
    line = NoteSignature("example.com/pq", b"abcd", bytes(5000)).line()
    assert len(parse(f"text\n\n{line * 16}".encode()).signatures) == 16
    with pytest.raises(NoteTooLargeError, match="101 signatures"):
        parse(("text\n\n" + "— a YWJjZGU=\n" * 101).encode())
    with pytest.raises(NoteTooLargeError, match=str(MOST_BYTES)):
        parse(b"x" * MOST_BYTES + b"\n")


def test_an_unknown_key_is_passed_over():
    note = parse(MESSAGE)
    strangers = [
        NoteSignature("example.com/foo", OTHER.key.key_id, bytes(64)),  # the name is known, the id is not
        NoteSignature("example.com/bar", KNOWN.key_id, bytes(64)),  # the id is known, the name is not
    ]
    assert list(verify(Note(note.text, (*strangers, *note.signatures)), [KNOWN])) == [KNOWN]


def test_a_bad_signature_of_a_known_key_rejects_the_note_whoever_else_signed():
    note = parse(MESSAGE)
    bad = NoteSignature(KNOWN.name, KNOWN.key_id, bytes(64))
    for signatures in ((bad, *note.signatures), (*note.signatures, bad)):
        with pytest.raises(BadSignatureError) as caught:
            verify(Note(note.text, signatures), [KNOWN])
        assert caught.value.code == "note_bad_signature"


@pytest.mark.parametrize("known", [[], [OTHER.key]])
def test_a_note_without_a_known_key_is_rejected(known):
    with pytest.raises(NotSignedError):
        verify(parse(MESSAGE), known)


def test_several_keys_sign_and_a_signature_is_added_once():
    first, second = Ed25519Signer.generate("a.example"), Ed25519Signer.generate("b.example")
    note = sign(b"text\n", first)
    both = note.add(*sign(b"text\n", first, second).signatures)
    assert [one.name for one in both.signatures] == ["a.example", "b.example"]
    assert set(verify(parse(both.encode()), [first.key, second.key])) == {first.key, second.key}


def test_a_key_for_cosignatures_signs_no_note():
    with pytest.raises(KeyKindError):
        sign(b"text\n", Ed25519Signer.generate("w.example", SignatureKind.COSIGNATURE))


@pytest.mark.parametrize("text", [b"", b"text", b"te\rxt\n", b"te\xfft\n"])
def test_a_text_that_is_none_is_not_signed(text):
    with pytest.raises(NoteFormatError):
        sign(text, OTHER)


def test_a_note_that_would_not_be_read_back_is_not_written():
    with pytest.raises(NoteFormatError):
        Note(b"text\n", ()).encode()
