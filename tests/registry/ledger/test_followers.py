"""What follows the sequencer: witnesses that cosign, receipts that rest on them, and threads that hold nobody up."""

import threading

import pytest
from django.db import transaction

from registry.ledger import rows
from registry.ledger.append import append
from registry.ledger.copying import Copying
from registry.ledger.cosigning import Cosigning, WitnessAddressError, WitnessError, check_address
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.memory import Memory
from registry.ledger.places import FolderPlace
from registry.ledger.policy import parse_policy
from registry.ledger.proof import Proof
from registry.ledger.read import entries
from registry.ledger.receipt import await_receipt, receipt
from registry.ledger.sequence import Sequencer
from registry.ledger.sequencing import Loop, follow
from registry.ledger.tree import leaf_hash
from registry.ledger.witness import Witness
from registry.models import Actor
from tests.registry.ledger.pure.test_witness import KEY, served

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
SECOND = Ed25519Signer("second.example.org", b"\x05" * 32, SignatureKind.COSIGNATURE)


def add(count=1):
    for _ in range(count):
        with transaction.atomic():
            append("log.key_added", actor=Actor.system("test"), subject="log:x", data={"key": "k"})


def policy(quorum="witness", **addresses):
    named = {"witness": KEY, "second": SECOND}
    lines = [
        f"log {RING.verifiers[0]}",
        *(f"witness {name} {named[name].key} {url}" for name, url in addresses.items()),
    ]
    lines += ["group both all witness second"] if quorum == "both" else []
    return parse_policy(("\n".join([*lines, f"quorum {quorum}"]) + "\n").encode())


@pytest.fixture
def sequencer(db, tmp_path):
    return Sequencer(RING, Memory(tmp_path / "checkpoint"))


@pytest.fixture
def address(tmp_path):
    with served(Witness(KEY, RING.verifiers, tmp_path / "cosigned")) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_receipt_is_there_when_the_entry_has_its_place_and_verifies_from_its_bytes_alone(sequencer):
    add(3)
    entry = list(entries())[-2]
    assert receipt(entry.number) is None
    sequencer.step()
    proof = Proof.parse(receipt(entry.number).encode())
    assert proof.extra == entry.body.encode()
    signed = proof.verify(leaf_hash(proof.extra), parse_policy(f"log {RING.verifiers[0]}\nquorum none\n".encode()))
    assert signed.head.size == rows.last_checkpoint(rows.last_log()).head.size


def test_who_waits_for_a_receipt_is_not_kept_longer_than_asked(sequencer):
    add()
    assert await_receipt(list(entries())[-1].number, 0) is None


def test_a_witness_cosigns_each_checkpoint_and_receipts_carry_that(sequencer, address):
    asked = policy(witness=address)
    cosigning = Cosigning(asked, RING.verifiers)
    for _ in range(3):
        add(2)
        sequencer.step()
        number = list(entries())[-1].number
        assert receipt(number, asked) is None
        cosigning.follow()
        assert asked.open(receipt(number, asked).checkpoint).cosigned.keys() == {KEY.key}
        cosigning.follow()  # there is nothing more to ask for
    assert len(rows.cosignatures(rows.last_log(), rows.last_checkpoint(rows.last_log()).head.size)) == 1


def test_a_receipt_rests_on_the_newest_checkpoint_that_has_the_quorum(sequencer, address):
    asked = policy(witness=address)
    add(2)
    sequencer.step()
    number = list(entries())[-1].number
    Cosigning(asked, RING.verifiers).follow()
    size = asked.open(receipt(number, asked).checkpoint).head.size
    add(5)
    sequencer.step()
    assert asked.open(receipt(number, asked).checkpoint).head.size == size
    assert receipt(number).checkpoint != receipt(number, asked).checkpoint


def test_a_new_process_learns_from_the_witness_where_it_was(sequencer, address):
    for _ in range(2):
        add(3)
        sequencer.step()
        Cosigning(policy(witness=address), RING.verifiers).follow()
    assert len(rows.cosignatures(rows.last_log(), rows.last_checkpoint(rows.last_log()).head.size)) == 1


def test_one_witness_that_is_away_does_not_keep_the_other_from_signing(sequencer, address):
    add()
    sequencer.step()
    asked = policy("both", second="http://127.0.0.1:9/", witness=address)
    with pytest.raises(WitnessError, match=r"127\.0\.0\.1 cannot be reached"):
        Cosigning(asked, RING.verifiers).follow()
    assert len(rows.cosignatures(rows.last_log(), rows.last_checkpoint(rows.last_log()).head.size)) == 1
    assert receipt(list(entries())[-1].number, asked) is None


def test_a_witness_with_another_key_than_the_policy_says_is_not_believed(sequencer, address):
    add()
    sequencer.step()
    with pytest.raises(WitnessError, match="without a cosignature of its key"):
        Cosigning(policy("second", second=address), RING.verifiers).follow()
    assert rows.cosignatures(rows.last_log(), rows.last_checkpoint(rows.last_log()).head.size) == []


def test_a_witness_that_saw_more_than_we_have_is_an_alarm(sequencer, address, tmp_path):
    add(4)
    older = transaction.savepoint()
    add(4)
    sequencer.step()
    Cosigning(policy(witness=address), RING.verifiers).follow()
    transaction.savepoint_rollback(older)
    Sequencer(RING, Memory(tmp_path / "another")).step()
    with pytest.raises(WitnessError, match=r"cosigned size \d+ before, and ours is"):
        Cosigning(policy(witness=address), RING.verifiers).follow()


@pytest.mark.parametrize(
    "url", ["http://example.org/", "ftp://127.0.0.1/", "https://", "https://a:b@example.org/", "file:///etc/passwd"]
)
def test_an_address_that_is_not_asked(url):
    with pytest.raises(WitnessAddressError, match="is not https"):
        check_address(url)


class Slow:
    """A follower that fails at first."""

    name = "slow"

    def __init__(self):
        self.calls, self.done = 0, threading.Event()

    def follow(self):
        self.calls += 1
        if self.calls == 1:
            raise OSError("not now")
        self.done.set()


class Nothing:
    """A sequencer with one step to do."""

    def __init__(self):
        self.steps = 0

    def step(self):
        self.steps += 1


def test_a_follower_that_fails_is_tried_again_and_the_loop_ends_when_told():
    stopping, slow, nothing = threading.Event(), Slow(), Nothing()
    loop = threading.Thread(target=Loop(nothing, [slow], stopping).run)
    loop.start()
    assert slow.done.wait(30)
    stopping.set()
    loop.join(30)
    assert not loop.is_alive()
    assert nothing.steps >= 1


def test_following_says_whether_it_could():
    slow = Slow()
    assert [follow(slow), follow(slow)] == [False, True]


def test_every_checkpoint_is_copied_under_its_size_and_a_copy_is_never_written_over(sequencer, tmp_path):
    copying = Copying([FolderPlace(tmp_path / "copies")])
    copying.follow()
    for _ in range(2):
        add(2)
        sequencer.step()
        copying.follow()
    names = sorted(place.name for place in (tmp_path / "copies/example.org/log").iterdir())
    assert names == [f"{size:020}" for size in (2, 4)]
    first = tmp_path / "copies/example.org/log" / names[0]
    assert first.read_text().startswith("example.org/log\n2\n")


def test_a_place_that_refuses_does_not_keep_the_others_from_their_copy(sequencer, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    add()
    sequencer.step()
    with pytest.raises(OSError, match="file"):
        Copying([FolderPlace(tmp_path / "file"), FolderPlace(tmp_path / "copies")]).follow()
    assert len(list((tmp_path / "copies/example.org/log").iterdir())) == 1
