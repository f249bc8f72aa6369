"""The sequencer on a real database: places, checkpoints, what it refuses to sign, and that failing changes nothing."""

import hashlib
import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from registry.ledger import queue, rows, sequence
from registry.ledger.append import append
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.memory import Memory
from registry.ledger.paths import verify_inclusion
from registry.ledger.sequence import BusyError, RefusedToSignError, Sequencer
from registry.ledger.sequencing import INTERVAL_SECONDS, Loop
from registry.ledger.tree import leaf_hash, root_of
from registry.models import Actor
from tests.governance.exports.tamper import unguarded

pytestmark = pytest.mark.django_db

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
NEXT = Keyring((Ed25519Signer("example.org/next", b"\x02" * 32),))
COUNTED = """SELECT (SELECT COUNT(*) FROM ledger_leaf), (SELECT COUNT(*) FROM ledger_tile),
    (SELECT COUNT(*) FROM ledger_checkpoint)"""
ADD = "INSERT INTO ledger_event (id, body, leaf_hash, kind, subject, actor, at) VALUES (%s, %s, %s, %s, %s, %s, %s)"


def execute(sql, values=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def add_events(count, *, start=1, kind="test.happened", subject="test:1", leaf=leaf_hash):
    """Put events into the table as whoever may insert them would; return their texts."""
    texts = [f'{{"n":{start + at}}}' for at in range(count)]
    values = [(start + at, text, leaf(text.encode()), kind, subject, "x", "now") for at, text in enumerate(texts)]
    with connection.cursor() as cursor:
        cursor.executemany(ADD, values)
    return [text.encode() for text in texts]


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "checkpoint")


@pytest.fixture
def sequencer(memory):
    return Sequencer(RING, memory)


def tree():
    return rows.last_log(), rows.last_checkpoint(rows.last_log())


def drain(sequencer, most=4096):
    found = []
    while signed := sequencer.step(most):
        found.append(signed)
    return found


def test_every_queued_event_gets_the_next_place_and_a_signed_checkpoint_covers_it(sequencer):
    texts = add_events(5)
    (signed,) = drain(sequencer)
    opened = open_checkpoint(signed.note.encode(), RING.verifiers)
    assert opened.head.root == root_of([leaf_hash(text) for text in texts])
    assert execute("SELECT seq, event_id FROM ledger_leaf ORDER BY seq") == [(at, at + 1) for at in range(5)]
    assert queue.waits() is False
    assert sequencer.step() is None
    assert tree()[1].head == signed.head


@pytest.mark.parametrize("most", [1, 7, 256, 300, 4096])
def test_the_tree_does_not_depend_on_the_size_of_the_batches(sequencer, memory, most):
    texts = add_events(600 if most > 1 else 20)
    drain(sequencer, most)
    log, last = tree()
    assert last.head.root == root_of([leaf_hash(text) for text in texts])
    assert execute("SELECT COUNT(*) FROM ledger_tile")[0][0] == len(texts) // 256
    prover = rows.prover(log, last.head.size)
    for index in (0, len(texts) // 2, len(texts) - 1):
        verify_inclusion(last.head, index, leaf_hash(texts[index]), prover.inclusion(index))


@pytest.mark.parametrize("take", [7, 256, 300, 599, 600])
def test_one_step_takes_a_backlog_in_parts_and_signs_once(sequencer, monkeypatch, take):
    monkeypatch.setattr(sequence, "LARGEST_TAKE", take)
    texts = add_events(600)
    (signed,) = drain(sequencer, 1000)
    assert (signed.added, signed.head.root) == (600, root_of([leaf_hash(text) for text in texts]))
    assert execute("SELECT COUNT(*), MIN(seq), MAX(seq) FROM ledger_leaf") == [(600, 0, 599)]
    assert execute("SELECT level, idx FROM ledger_tile ORDER BY 1, 2") == [(0, 0), (0, 1)]
    prover = rows.prover(rows.last_log(), 600)
    for index in (0, 299, 599):
        verify_inclusion(signed.head, index, leaf_hash(texts[index]), prover.inclusion(index))


def test_an_entry_whose_event_was_removed_is_named_and_none_takes_its_place(sequencer):
    add_events(3)
    drain(sequencer)
    with unguarded("ledger_event"):
        execute("DELETE FROM ledger_event WHERE id = 2")
    with pytest.raises(rows.EntryGoneError, match=r"entry 1 of example\.org/log is not in the database"):
        rows.bodies(rows.last_log(), 0, 3)


def test_a_smaller_number_that_commits_later_is_not_lost(sequencer):
    add_events(1, start=10)
    drain(sequencer)
    add_events(1, start=4)
    add_events(1, start=11)
    drain(sequencer)
    assert [row[0] for row in execute("SELECT event_id FROM ledger_leaf ORDER BY seq")] == [10, 4, 11]


def test_a_new_process_goes_on_where_the_old_one_ended(sequencer, memory):
    texts = add_events(300)
    drain(sequencer)
    texts += add_events(300, start=301)
    drain(Sequencer(RING, memory))
    assert tree()[1].head.root == root_of([leaf_hash(text) for text in texts])


def test_two_that_take_turns_make_one_log(sequencer, memory):
    other = Sequencer(RING, memory)
    for turn in range(4):
        add_events(3, start=1 + 3 * turn)
        assert drain(other if turn % 2 else sequencer)
    assert [row[0] for row in execute("SELECT seq FROM ledger_leaf ORDER BY seq")] == list(range(12))


def test_the_lock_of_another_one_is_respected(sequencer, monkeypatch):
    monkeypatch.setattr(rows, "try_lock", lambda: False)
    add_events(1)
    with pytest.raises(BusyError):
        sequencer.step()
    assert execute("SELECT COUNT(*) FROM ledger_leaf") == [(0,)]


def test_nothing_is_signed_when_there_is_nothing(sequencer):
    assert sequencer.step() is None
    assert execute("SELECT COUNT(*) FROM ledger_checkpoint") == [(0,)]


def refuses(sequencer, why):
    before = execute(COUNTED)
    with pytest.raises(RefusedToSignError, match=why), transaction.atomic():
        sequencer.step()
    assert execute(COUNTED) == before


def test_an_older_copy_of_the_database_is_not_continued(sequencer, memory):
    add_events(4)
    older = transaction.savepoint()
    add_events(4, start=5)
    drain(sequencer)
    transaction.savepoint_rollback(older)
    refuses(Sequencer(RING, memory), "the database holds no log")
    other = Memory(memory._place.with_name("other"))
    drain(Sequencer(RING, other))
    refuses(Sequencer(RING, memory), "it is an older copy")
    add_events(4, start=105)
    drain(Sequencer(RING, other))
    refuses(Sequencer(RING, memory), "is another one at size 8")


def test_a_tree_that_does_not_give_the_signed_root_is_not_continued(memory, monkeypatch):
    add_events(3)
    drain(Sequencer(RING, memory))
    wrong = rows.StoredCheckpoint(type(tree()[1].head)(3, b"\x07" * 32), tree()[1].note)
    monkeypatch.setattr(rows, "last_checkpoint", lambda _log: wrong)
    refuses(Sequencer(RING, memory), "does not reproduce the root")


def test_an_event_whose_leaf_is_not_that_of_its_text_gets_no_place(sequencer):
    def add():
        add_events(1, leaf=lambda _text: hashlib.sha256(b"something else").digest())

    if connection.vendor == "postgresql":
        with pytest.raises(IntegrityError, match="is not that of its text"), transaction.atomic():
            add()
        assert queue.waits() is False
    else:
        add()
        refuses(sequencer, "kept with event 1 is not that of its text")


def test_what_waits_and_is_no_event_stops_the_log(sequencer):
    add_events(2)
    execute("INSERT INTO ledger_pending (event_id, leaf_hash) VALUES (7, %s)", [b""])
    refuses(
        sequencer, "event 7 is not that" if connection.vendor == "sqlite" else "3 events wait, but the queue holds 64"
    )


def test_the_key_of_another_log_signs_nothing(sequencer, memory):
    add_events(1)
    drain(sequencer)
    add_events(1, start=2)
    refuses(Sequencer(NEXT, memory), "signs for example.org/next, but the record is kept in example.org/log")


@pytest.mark.parametrize("take", [1, 2, 3, 100])
def test_a_frozen_log_ends_with_its_last_word_and_its_successor_begins_with_the_first(
    sequencer, memory, monkeypatch, take
):
    monkeypatch.setattr(sequence, "LARGEST_TAKE", take)
    add_events(2)
    add_events(1, start=3, kind="log.frozen", subject="log:example.org/log")
    add_events(2, start=4)
    drain(sequencer)
    assert sequencer.is_closed
    assert tree()[1].head.size == 3
    assert Sequencer(RING, memory).step() is None
    refuses(Sequencer(NEXT, memory), "no event makes the one the successor")
    add_events(1, start=6, kind="log.started", subject="log:example.org/next")
    drain(Sequencer(NEXT, memory))
    assert rows.last_log() == rows.Log(2, "example.org/next")
    assert execute("SELECT log_id, seq, event_id FROM ledger_leaf ORDER BY log_id, seq") == [
        (1, 0, 1), (1, 1, 2), (1, 2, 3), (2, 0, 6), (2, 1, 4), (2, 2, 5),
    ]  # fmt: skip


def test_every_key_of_the_ring_signs(memory):
    both = Keyring((Ed25519Signer("example.org/log", b"\x03" * 32), *RING.signers))
    add_events(1)
    (signed,) = drain(Sequencer(both, memory))
    for key in both.verifiers:
        assert open_checkpoint(signed.note.encode(), [key]).head.size == 1


class Nth:
    """Fails the n-th statement that is sent to the database."""

    def __init__(self, number):
        self.left = number

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            raise DatabaseError("injected")
        return execute(sql, params, many, context)


@pytest.mark.parametrize("take", [100, 300])
def test_whichever_statement_fails_nothing_has_changed_and_the_next_step_does_it_all(memory, monkeypatch, take):
    monkeypatch.setattr(sequence, "LARGEST_TAKE", take)
    texts = add_events(300)
    sequencer, number = Sequencer(RING, memory), 0
    while True:
        number += 1
        fault = Nth(number)
        try:
            with transaction.atomic(), connection.execute_wrapper(fault):
                sequencer.step()
        except DatabaseError:
            assert execute(COUNTED) == [(0, 0, 0)]
            assert execute("SELECT COUNT(*) FROM ledger_pending") == [(300,)]
            assert memory.last() is None
        else:
            break
    assert number > 8
    assert tree()[1].head.root == root_of([leaf_hash(text) for text in texts])


def test_what_a_use_case_appends_is_what_is_signed(sequencer):
    with transaction.atomic():
        leaf = append("log.key_added", actor=Actor.system("test"), subject="log:x", data={"key": "k"})
    drain(sequencer)
    log, last = tree()
    assert rows.leaf_reader(log)(last.head.size - 1, 1) == [bytes.fromhex(leaf)]


@pytest.mark.parametrize("call", ["mkstemp", "fdopen", "fsync", "replace"])
def test_a_disk_that_fails_beside_the_database_stops_no_event_and_is_made_up_for(sequencer, memory, monkeypatch, call):
    places = {
        "mkstemp": "tempfile.mkstemp",
        "fdopen": "os.fdopen",
        "fsync": "os.fsync",
        "replace": "pathlib.Path.replace",
    }
    texts = add_events(3)
    loop = Loop(sequencer, [], threading.Event())
    with monkeypatch.context() as broken:
        broken.setattr(places[call], fail)
        assert loop.turn() > INTERVAL_SECONDS
    assert tree()[1].head.root == root_of([leaf_hash(text) for text in texts])
    assert memory.last() is None
    texts += add_events(1, start=4)
    assert loop.turn() == INTERVAL_SECONDS
    assert memory.last().head == tree()[1].head
    assert memory.last().head.root == root_of([leaf_hash(text) for text in texts])


def fail(*_arguments, **_options):
    raise OSError(28, "No space left on device")
