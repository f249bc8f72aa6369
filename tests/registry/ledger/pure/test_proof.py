"""Receipts: what is written verifies offline, and no byte of it can be changed."""

import pytest

from registry.ledger.checkpoint import Checkpoint, CheckpointFormatError, cosign, sign
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.note import BadSignatureError, NoteFormatError, NotSignedError
from registry.ledger.paths import InclusionError, OutsideTreeError, Prover
from registry.ledger.policy import QuorumError, parse_policy
from registry.ledger.proof import Proof, ProofFormatError
from registry.ledger.texts import to_base64
from registry.ledger.tree import Edge, TreeHead, leaf_hash, leaf_hashes
from tests.registry.ledger.pure.known import ENTRIES, ROOTS

LOG = Ed25519Signer("log.example/a", bytes(32))
WITNESS = Ed25519Signer("w.example", bytes(range(32)), SignatureKind.COSIGNATURE)
POLICY = parse_policy(f"log {LOG.key}\nwitness w {WITNESS.key}\nquorum w\n".encode())
LEAVES = leaf_hashes(ENTRIES)
HASH = to_base64(bytes(32))


def _checkpoint(size, root):
    note = sign(Checkpoint("log.example/a", TreeHead(size, root)), LOG)
    return note.add(cosign(note, WITNESS, at=1_700_000_000)).encode()


def _proof(index, size=8, **kwargs):
    edge = Edge()
    edge.extend(LEAVES[:size])
    tiles = {(tile.level, tile.index): tile.hashes for tile in edge.partials()}
    path = Prover(size, lambda level, index, _: tiles[level, index]).inclusion(index)
    return Proof(index, tuple(path), _checkpoint(size, ROOTS[size]), **kwargs)


@pytest.mark.parametrize("extra", [None, b"\x00salt"])
@pytest.mark.parametrize(("index", "size"), [(0, 1), (5, 8), (6, 7)])
def test_a_receipt_is_written_read_and_verified(index, size, extra):
    proof = _proof(index, size, extra=extra)
    again = Proof.parse(proof.encode())
    assert again == proof
    signed = again.verify(leaf_hash(ENTRIES[index]), POLICY)
    assert (signed.head, signed.cosigned) == (TreeHead(size, ROOTS[size]), {WITNESS.key: 1_700_000_000})


def test_a_receipt_has_the_form_of_the_text():
    proof = _proof(5, extra=b"salt")
    lines = proof.encode().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra c2FsdA==", "index 5"]
    assert lines[3:7] == [*map(to_base64, proof.path), ""]
    assert "\n".join(lines[7:]).encode() == proof.checkpoint


def test_no_byte_of_a_receipt_can_be_changed():
    data, leaf = _proof(5).encode(), LEAVES[5]
    refused = (
        *(ProofFormatError, InclusionError, OutsideTreeError, CheckpointFormatError),
        *(NoteFormatError, BadSignatureError, NotSignedError, QuorumError),
    )
    for place in range(len(data)):
        changed = [data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :] for bit in range(8)]
        for one in (*changed, data[:place], data[:place] + data[place + 1 :]):
            with pytest.raises(refused):
                Proof.parse(one).verify(leaf, POLICY)


def test_a_receipt_is_of_its_own_entry():
    proof = _proof(5)
    for index, leaf in enumerate(LEAVES):
        if index != 5:
            with pytest.raises(InclusionError):
                proof.verify(leaf, POLICY)
            with pytest.raises(InclusionError):
                Proof(index, proof.path, proof.checkpoint).verify(LEAVES[5], POLICY)
    with pytest.raises(OutsideTreeError):
        Proof(8, proof.path, proof.checkpoint).verify(LEAVES[5], POLICY)


def test_a_path_into_a_tree_that_was_not_signed_proves_nothing():
    proof = _proof(5)
    with pytest.raises(InclusionError):
        Proof(5, proof.path, _checkpoint(7, ROOTS[7])).verify(LEAVES[5], POLICY)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "no empty line"),
        (f"c2sp.org/tlog-proof@v1\nindex 5\n{HASH}\n", "no empty line"),
        ("c2sp.org/tlog-proof@v1\nindex 5\n\n", "no empty line"),
        ("c2sp.org/tlog-proof@v2\nindex 5\n\nnote\n", "begin"),
        ("\nc2sp.org/tlog-proof@v1\nindex 5\n\nnote\n", "begin"),
        ("c2sp.org/tlog-proof@v1\r\nindex 5\n\nnote\n", "begin"),
        ("c2sp.org/tlog-proof@v1\n\nnote\n", "its index"),
        ("c2sp.org/tlog-proof@v1\nIndex 5\n\nnote\n", "its index"),
        ("c2sp.org/tlog-proof@v1\nindex 05\n\nnote\n", "leading zeroes"),
        ("c2sp.org/tlog-proof@v1\nindex -5\n\nnote\n", "'-5'"),
        ("c2sp.org/tlog-proof@v1\nindex  5\n\nnote\n", "' 5'"),
        ("c2sp.org/tlog-proof@v1\nindex 5\nextra AAAA\n\nnote\n", "Hash 0"),
        ("c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 5\n\nnote\n", "its index"),
        ("c2sp.org/tlog-proof@v1\nextra \nindex 5\n\nnote\n", "without data"),
        ("c2sp.org/tlog-proof@v1\nextra AAA\nindex 5\n\nnote\n", "extra data"),
        ("c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n\nnote\n", "Hash 0 of the proof has 3 bytes"),
        (f"c2sp.org/tlog-proof@v1\nindex 5\n{HASH} \n\nnote\n", "Hash 0"),
        (f"c2sp.org/tlog-proof@v1\nindex 5\n{HASH[:-2]}B=\n\nnote\n", "canonical"),
        ("c2sp.org/tlog-proof@v1\nindex é\n\nnote\n", "not ASCII"),
        ("c2sp.org/tlog-proof@v1\nindex 5\n" + f"{HASH}\n" * 64 + "\nnote\n", "64 hashes"),
        ("c2sp.org/tlog-proof@v1\nindex 5\n\n" + "x" * 2_000_000, "bytes"),
    ],
)
def test_what_is_malformed_is_refused(data, said):
    with pytest.raises(ProofFormatError, match=said):
        Proof.parse(data.encode())


@pytest.mark.parametrize(
    "proof", [Proof(-1, (), b"note"), Proof(1, (b"short",), b"note"), Proof(1, (), b""), Proof(1, (), b"note", b"")]
)
def test_what_would_not_be_read_back_is_not_written(proof):
    with pytest.raises(ProofFormatError):
        proof.encode()
