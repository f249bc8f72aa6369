"""The witness: cosigns what extends, refuses the rest with the status that the text gives, and forgets nothing."""

import base64
import contextlib
import http.client
import threading

import pytest

from registry.ledger.checkpoint import Checkpoint, open_checkpoint, sign
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.paths import Prover
from registry.ledger.tree import Edge, with_partials
from registry.ledger.witness import MOST_BYTES, Witness
from registry.ledger.witness_server import WitnessServer

LOG = Ed25519Signer("example.org/log", b"\x01" * 32)
SAME_NAME = Ed25519Signer("example.org/log", b"\x02" * 32)
OTHER = Ed25519Signer("example.org/other", b"\x03" * 32)
KEY = Ed25519Signer("witness.example.org", b"\x04" * 32, SignatureKind.COSIGNATURE)


class Tree:
    """A log in memory."""

    def __init__(self, leaves, salt=b""):
        self.leaves = [bytes([number]) * 31 + (salt or b"\0") for number in range(leaves)]

    def note(self, size, signer=LOG, **changes):
        edge = Edge()
        edge.extend(self.leaves[:size])
        return sign(Checkpoint(changes.get("origin", signer.key.name), edge.head()), signer).encode()

    def proof(self, old, new):
        read = with_partials(lambda *_: b"", lambda start, count: self.leaves[start : start + count])
        return Prover(new, read).consistency(old) if 0 < old < new else []

    def body(self, old, new, **changes):
        proof = changes.pop("proof", None) or self.proof(old, new)
        lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
        return f"old {old}\n{lines}\n".encode() + self.note(new, **changes)


@pytest.fixture
def witness(tmp_path):
    return Witness(KEY, [LOG.key], tmp_path / "cosigned", clock=lambda: 1_700_000_000)


def test_what_extends_the_last_one_is_cosigned_with_the_time(witness):
    tree = Tree(20)
    for old, new in ((0, 3), (3, 3), (3, 20)):
        answer = witness.add_checkpoint(tree.body(old, new))
        assert answer.status == 200, answer.body
        signed = open_checkpoint(tree.note(new) + answer.body, [LOG.key], [KEY.key])
        assert signed.cosigned == {KEY.key: 1_700_000_000}
        assert signed.head.size == new


def test_a_fork_is_never_cosigned_and_the_first_branch_goes_on(witness):
    tree, fork = Tree(20), Tree(20, salt=b"\x09")
    assert witness.add_checkpoint(tree.body(0, 8)).status == 200
    for body in (fork.body(8, 20), fork.body(8, 8)):
        assert witness.add_checkpoint(body).status == 422
    assert witness.add_checkpoint(fork.body(0, 20)).status == 409
    assert witness.add_checkpoint(tree.body(8, 20)).status == 200


def test_two_witnesses_of_a_forked_log_sign_two_trees_and_neither_signs_the_other(tmp_path):
    first, second = (Witness(KEY, [LOG.key], tmp_path / name) for name in ("one", "two"))
    tree, fork = Tree(9), Tree(9, salt=b"\x09")
    assert first.add_checkpoint(tree.body(0, 5)).status == second.add_checkpoint(fork.body(0, 5)).status == 200
    assert first.add_checkpoint(fork.body(5, 9)).status == second.add_checkpoint(tree.body(5, 9)).status == 422


def test_the_size_that_was_cosigned_last_is_told_and_outlives_the_process(witness, tmp_path):
    tree = Tree(9)
    witness.add_checkpoint(tree.body(0, 5))
    for one in (witness, Witness(KEY, [LOG.key], tmp_path / "cosigned")):
        answer = one.add_checkpoint(tree.body(3, 9))
        assert (answer.status, answer.body, answer.kind) == (409, b"5\n", "text/x.tlog.size")


CASES = {
    "another log": (404, lambda tree: tree.body(0, 5, signer=OTHER)),
    "an unknown key of the log's name": (403, lambda tree: tree.body(0, 5, signer=SAME_NAME)),
    "a signature that does not verify": (403, lambda tree: tree.body(0, 5).replace(b"\n5\n", b"\n6\n")),
    "an old size above the new": (400, lambda tree: tree.body(7, 5)),
    "no proof where one is due": (422, lambda tree: b"old 5\n\n" + tree.note(9)),
    "a proof of another step": (422, lambda tree: tree.body(5, 9, proof=tree.proof(4, 9))),
    "no empty line": (400, lambda _tree: b"old 0\n"),
    "no old size": (400, lambda tree: tree.body(0, 5).replace(b"old 0", b"new 0")),
    "an old size with a zero in front": (400, lambda tree: tree.body(0, 5).replace(b"old 0", b"old 00")),
    "a proof that is no base64": (400, lambda tree: tree.body(0, 5).replace(b"old 0\n", b"old 0\n!!\n")),
    "too many lines": (400, lambda tree: tree.body(0, 5).replace(b"old 0\n", b"old 0\n" + b"AA==\n" * 64)),
    "too many bytes": (400, lambda tree: tree.body(0, 5) + b"x" * MOST_BYTES),
    "not a note": (400, lambda _tree: b"old 0\n\nexample.org/log\nabc\n"),
    "a proof from nothing": (422, lambda tree: tree.body(0, 5).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n")),
}


@pytest.mark.parametrize(("status", "body"), CASES.values(), ids=CASES.keys())
def test_what_is_refused_and_how(witness, status, body):
    tree = Tree(9)
    if status == 422 and b"old 5" in body(tree):
        witness.add_checkpoint(tree.body(0, 5))
    answer = witness.add_checkpoint(body(tree))
    assert answer.status == status, answer.body
    assert "—".encode() not in answer.body


@contextlib.contextmanager
def served(witness):
    with WitnessServer(witness, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def post(port, path, body, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body, dict(headers))
    response = connection.getresponse()
    found = response.status, response.read(), response.headers["Content-Type"]
    connection.close()
    return found


def test_it_answers_over_http_and_only_there(witness):
    tree = Tree(9)
    with served(witness) as port:
        assert post(port, "/add-checkpoint", tree.body(0, 5))[0] == 200
        assert post(port, "/prefix/add-checkpoint", tree.body(0, 5)) == (409, b"5\n", "text/x.tlog.size")
        assert post(port, "/", b"")[0] == 404
        assert post(port, "/add-checkpoint", b"", {"Content-Length": str(MOST_BYTES + 1)})[0] == 413
