"""Appending: only in a transaction, only what its kind declares, chained by subject, gone with the change."""

import json
import threading

import pytest
from django.db import connection, connections, transaction

from registry.ledger import events, read
from registry.ledger.append import (
    LARGEST_BODY,
    EventTooLargeError,
    OutsideTransactionError,
    append,
    leaf_hash,
)
from registry.ledger.events import EventError, EventKind
from registry.ledger.verify.entries import entry_faults, heads
from registry.models import Actor, Project
from registry.register import create_project

DATA = {"slug": "a-project"}


def say(subject: str = "project:1", **options) -> str:
    return append("project.created", actor=Actor.system(), subject=subject, data=DATA, **options)


def test_an_append_outside_of_a_transaction_is_refused(committed_db):
    with pytest.raises(OutsideTransactionError, match=r"project\.created"):
        say()
    assert read.size() == 0


@pytest.mark.django_db
def test_an_event_says_who_what_when_and_after_which():
    first = say(subject_digest="a" * 64, policy="b" * 64, evidence=["c" * 64])
    second = say()
    one, two = read.entries(subject="project:1")
    document = one.document()
    assert set(document) == {
        "format", "schema", "id", "kind", "at", "actor", "subject", "subject_digest", "policy", "evidence", "prev",
        "data",
    }  # fmt: skip
    assert (document["prev"], two.document()["prev"]) == (None, first)
    assert (document["subject_digest"], document["policy"], document["evidence"]) == ("a" * 64, "b" * 64, ["c" * 64])
    assert document["at"].endswith("Z")
    assert len(document["at"]) == len("2026-03-03T12:00:00.000000Z")
    assert document["actor"]["principal"] == str(Actor.system().principal.pk)
    assert leaf_hash(two.body.encode()).hex() == two.leaf_hash == second
    assert list(entry_faults(read.entries())) == []


@pytest.mark.django_db
def test_the_record_is_read_back_by_subject_kind_number_and_newest_first():
    for subject in ("project:1", "project:2", "project:1"):
        say(subject)
    numbers = [entry.number for entry in read.entries()]
    assert [entry.number for entry in read.entries(subject="project:1")] == [numbers[0], numbers[2]]
    assert list(read.entries(kind="role.granted")) == []
    assert [entry.number for entry in read.entries(after=numbers[0])] == numbers[1:]
    assert [entry.number for entry in read.newest(2)] == numbers[:0:-1]
    assert [entry.number for entry in read.newest(5, before=numbers[1])] == numbers[:1]
    assert read.size() == read.pending() == 3
    assert read.stored_heads() == heads(read.entries())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("project.unheard_of", {}, "no app registered"),
        ("project.created", {}, r"missing \['slug'\]"),
        ("project.created", {"slug": "a", "extra": 1}, r"unknown \['extra'\]"),
        ("project.created", {"slug": 1}, "1 is not a text"),
        ("project.created", {"slug": None}, "None is not a text"),
        ("project.created", {"slug": "x" * 301}, "is not a text"),
        ("model_version.retired", {"reason": "A" * 64}, "is not a digest"),
        ("model_version.retired", {"reason": "a" * 63}, "is not a digest"),
        ("role.granted", {"project": "1", "role": "x"}, "is not a id"),
        ("monitor.created", {"deployment": "1", "every_seconds": True, "overdue_seconds": 1}, "not a"),
        ("run.ended", {"kind": "a", "status": "b", "attempt": True, "error_code": ""}, "True is not a integer"),
        ("run.ended", {"kind": "a", "status": "b", "attempt": "1", "error_code": ""}, "'1' is not a integer"),
        ("alias.observed", {"name": "", "alias": "", "to": "", "ok": 1, "message": ""}, "1 is not a boolean"),
    ],
)
def test_an_event_that_its_kind_does_not_allow_is_refused(kind, data, problem):
    with pytest.raises(EventError, match=problem):
        append(kind, actor=Actor.system(), subject="test:1", data=data)
    assert read.size() == 0


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (EventKind("project.created", "Another meaning", {}), "registered twice"),
        (EventKind("NoVerb", "", {}), "noun.verb"),
        (EventKind("noun.verb.more", "", {}), "noun.verb"),
        (EventKind("noun.verb", "", {"a": "float"}), "unknown types"),
    ],
)
def test_a_kind_that_is_malformed_or_means_two_things_is_refused(kind, problem):
    before = events.kinds()
    with pytest.raises(EventError, match=problem):
        events.register(kind)
    assert events.kinds() == before


@pytest.mark.django_db
def test_an_event_larger_than_the_limit_is_refused():
    with pytest.raises(EventTooLargeError, match=str(LARGEST_BODY)):
        say(evidence=["a" * 64] * 1000)
    assert read.size() == 0


@pytest.mark.parametrize("how", ["error", "rollback"])
def test_an_event_goes_with_the_change_that_was_rolled_back(committed_db, how):
    def change():
        with transaction.atomic():
            create_project(slug="lost", name="Lost", actor=Actor.system())
            assert read.size() == 1
            if how == "rollback":
                transaction.set_rollback(True)
            else:
                raise RuntimeError("after the event")

    if how == "error":
        with pytest.raises(RuntimeError, match="after the event"):
            change()
    else:
        change()
    assert read.size() == read.pending() == 0
    assert read.stored_heads() == {}
    assert not Project.objects.filter(slug="lost").exists()


def test_a_change_goes_with_the_event_that_was_refused(committed_db, monkeypatch):
    monkeypatch.setattr(EventKind, "check", lambda *_: (_ for _ in ()).throw(EventError("refused")))
    with pytest.raises(EventError, match="refused"):
        create_project(slug="lost", name="Lost", actor=Actor.system())
    assert not Project.objects.filter(slug="lost").exists()


def _write(subject: str, count: int, ready: threading.Barrier, failures: list) -> None:
    try:
        ready.wait(20)
        for _ in range(count):
            with transaction.atomic():
                say(subject)
                say("project:shared")
    except Exception as error:  # noqa: BLE001 - told to the test
        failures.append(error)
    finally:
        connections.close_all()


def test_concurrent_writers_make_one_chain_per_subject(committed_db):
    count, ready = 15, threading.Barrier(3)
    failures: list[BaseException] = []
    writers = [
        threading.Thread(target=_write, args=(f"project:{number}", count, ready, failures)) for number in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert failures == []
    assert list(entry_faults(read.entries())) == []
    shared = [json.loads(entry.body) for entry in read.entries(subject="project:shared")]
    assert len(shared) == 3 * count
    assert len({event["prev"] for event in shared}) == len(shared)
    assert read.stored_heads() == heads(read.entries())
    assert read.pending() == read.size() == 6 * count


@pytest.mark.django_db
def test_an_event_inserted_by_hand_is_queued_for_the_tree_too():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES ('{}', %s, 'a', 'b', '', '')",
            [leaf_hash(b"{}")],
        )
    [entry] = read.entries()
    assert read.pending() == 1
    assert next(fault.number for fault in entry_faults([entry])) == entry.number
