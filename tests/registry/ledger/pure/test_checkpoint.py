"""Checkpoints: the worked examples are read, the log's own signature is needed, cosignatures bind text and time."""

import pytest

from registry.ledger.checkpoint import (
    Checkpoint,
    CheckpointFormatError,
    CheckpointOriginError,
    cosign,
    open_checkpoint,
    sign,
)
from registry.ledger.keys import Ed25519Signer, KeyKindError, SignatureKind, TimestampError, cosignature_time
from registry.ledger.note import BadSignatureError, Note, NoteFormatError, NotSignedError, parse
from registry.ledger.note import sign as sign_note
from registry.ledger.tree import EMPTY_ROOT, TreeHead

SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
LOG = Ed25519Signer("log.example/a", bytes(32))
WITNESS = Ed25519Signer("w.example", bytes(range(32)), SignatureKind.COSIGNATURE)
CHECKPOINT = Checkpoint("log.example/a", TreeHead(7, bytes(range(32))))
ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SIGNED = sign(CHECKPOINT, LOG)
COSIGNED = SIGNED.add(cosign(SIGNED, WITNESS, at=1_700_000_000))
REFUSED = (NoteFormatError, CheckpointFormatError, BadSignatureError, NotSignedError)


def test_the_texts_example_is_read():
    note = parse(SOFA)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.head.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == note.text
    assert cosignature_time(note.signatures[1].signature) == 1679315147
    assert note.encode() == SOFA


def test_a_checkpoint_is_written_signed_and_opened():
    assert CHECKPOINT.text == f"log.example/a\n7\n{ROOT}\n".encode()
    signed = open_checkpoint(SIGNED.encode(), [LOG.key], [WITNESS.key])
    assert (signed.checkpoint, signed.log, signed.cosigned) == (CHECKPOINT, LOG.key, {})
    assert signed.head == TreeHead(7, bytes(range(32)))


def test_the_empty_tree_and_extension_lines_come_back():
    checkpoint = Checkpoint("log.example/a", TreeHead(0, EMPTY_ROOT), ("one", "two words"))
    assert open_checkpoint(sign(checkpoint, LOG).encode(), [LOG.key]).checkpoint == checkpoint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "newline"),
        ("log\n", "1 lines"),
        ("log\n7\n", "2 lines"),
        (f"log\n7\n{ROOT}", "newline"),
        (f"\n7\n{ROOT}\n", "no line"),
        (f"log\n07\n{ROOT}\n", "without leading zeroes"),
        (f"log\n-7\n{ROOT}\n", "'-7'"),
        (f"log\n+7\n{ROOT}\n", "7"),
        (f"log\n7 \n{ROOT}\n", "'7 '"),
        (f"log\n\u0667\n{ROOT}\n", "decimal"),
        (f"log\n\n{ROOT}\n", "''"),
        (f"log\n{2**63}\n{ROOT}\n", str(2**63)),
        ("log\n7\n\n", "root hash has 0 bytes"),
        ("log\n7\nAAEC\n", "root hash has 3 bytes"),
        (f"log\n7\n{ROOT[:-1]}\n", "base64"),
        (f"log\n7\n{ROOT[:-2]}9=\n", "canonical"),
        (f"log\n7\n{ROOT}\n\n", "no line"),
        (f"log\n7\n{ROOT}\n\nextension\n", "no line"),
        (f"log\r\n7\r\n{ROOT}\r\n", "control"),
    ],
)
def test_a_malformed_checkpoint_is_refused_however_well_it_is_signed(text, said):
    with pytest.raises(CheckpointFormatError, match=said):
        Checkpoint.parse(text.encode())
    if text.endswith("\n"):
        with pytest.raises((CheckpointFormatError, NoteFormatError)):
            open_checkpoint(sign_note(text.encode(), Ed25519Signer("log", bytes(32))).encode(), [LOG.key])


@pytest.mark.parametrize("origin", ["", "a\nb", "a\tb"])
def test_an_origin_is_one_line(origin):
    with pytest.raises(CheckpointFormatError):
        Checkpoint(origin, CHECKPOINT.head)


def test_a_log_signs_for_itself_alone():
    with pytest.raises(CheckpointOriginError):
        sign(Checkpoint("log.example/b", CHECKPOINT.head), LOG)


def test_another_logs_key_does_not_open_a_checkpoint():
    foreign = sign_note(Checkpoint("log.example/b", CHECKPOINT.head).text, LOG)
    with pytest.raises(NotSignedError, match=r"log.example/b"):
        open_checkpoint(foreign.encode(), [LOG.key])


def test_a_cosignature_alone_does_not_open_a_checkpoint():
    only = Note(SIGNED.text, (cosign(SIGNED, WITNESS, at=5),))
    with pytest.raises(NotSignedError):
        open_checkpoint(only.encode(), [LOG.key], [WITNESS.key])


def test_a_cosignature_tells_the_witness_and_its_time():
    assert open_checkpoint(COSIGNED.encode(), [LOG.key], [WITNESS.key]).cosigned == {WITNESS.key: 1_700_000_000}
    assert open_checkpoint(COSIGNED.encode(), [LOG.key]).cosigned == {}
    twice = COSIGNED.add(cosign(SIGNED, WITNESS, at=1_800_000_000))
    assert open_checkpoint(twice.encode(), [LOG.key], [WITNESS.key]).cosigned == {WITNESS.key: 1_800_000_000}


def test_a_cosignature_of_another_checkpoint_rejects_this_one():
    other = sign(Checkpoint("log.example/a", TreeHead(8, bytes(32))), LOG)
    moved = SIGNED.add(cosign(other, WITNESS, at=5))
    with pytest.raises(BadSignatureError, match=r"w.example"):
        open_checkpoint(moved.encode(), [LOG.key], [WITNESS.key])


def test_keys_serve_their_own_purpose_alone():
    plain = Ed25519Signer("w.example", bytes(range(32)))
    with pytest.raises(KeyKindError):
        cosign(SIGNED, plain, at=5)
    with pytest.raises(KeyKindError):
        open_checkpoint(SIGNED.encode(), [LOG.key], [plain.key])
    with pytest.raises(KeyKindError):
        open_checkpoint(SIGNED.encode(), [WITNESS.key])
    with pytest.raises(KeyKindError):
        sign(Checkpoint("w.example", CHECKPOINT.head), WITNESS)


@pytest.mark.parametrize("at", [0, -5, 2**63])
def test_a_cosignature_states_its_time(at):
    with pytest.raises(TimestampError):
        cosign(SIGNED, WITNESS, at=at)


def test_only_checkpoints_are_cosigned():
    with pytest.raises(CheckpointFormatError):
        cosign(sign_note(b"hello\n", LOG), WITNESS, at=5)


def test_no_byte_of_a_signed_checkpoint_can_be_changed():
    data = SIGNED.encode()
    for place in range(len(data)):
        for bit in range(8):
            changed = data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
            with pytest.raises(REFUSED):
                open_checkpoint(changed, [LOG.key])
