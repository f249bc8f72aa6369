"""Runs under real commits: two workers take a run once, two requests with a key make it once."""

import threading

import pytest
from celery import current_app
from django.db import connections, transaction

from registry import run
from registry.ledger import read
from registry.ledger.verify.entries import entry_faults
from registry.models import Actor, Project, Run
from tests.registry.scene import TASK, queued

WORKERS = 4


@pytest.fixture(autouse=True)
def _no_messages(monkeypatch):
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)


def at_once(act) -> list:
    """Do something in several threads at the same time and return what each of them got."""
    ready, got = threading.Barrier(WORKERS), []

    def body():
        try:
            ready.wait(20)
            got.append(act())
        except Exception as error:  # noqa: BLE001 - told to the test
            got.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=body) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


def test_of_several_workers_one_does_the_work(committed_db):
    one, done = queued(), []

    def work(run_, _lease):
        done.append(run_.attempt)
        return {}

    got = at_once(lambda: run.perform(str(one.pk), work))
    assert [type(each) for each in got].count(Run) == 1
    assert got.count(None) == WORKERS - 1
    assert done == [1]
    assert len(list(read.entries(kind="run.ended"))) == 1


def test_several_requests_under_a_key_are_one_run(committed_db):
    project, actor = Project.default(), Actor.system()
    got = at_once(lambda: run.start(kind="scan", task=TASK, project=project, subject="test:1", actor=actor, key="k").pk)
    assert set(got) == {Run.objects.get().pk}
    assert list(entry_faults(read.entries())) == []


def test_a_run_that_was_rolled_back_sends_no_message(committed_db, monkeypatch):
    messages = []
    monkeypatch.setattr(current_app, "send_task", lambda *arguments, **_options: messages.append(arguments))

    def fail():
        with transaction.atomic():
            queued()
            raise RuntimeError("after the run")

    with pytest.raises(RuntimeError, match="after the run"):
        fail()
    assert (messages, Run.objects.count()) == ([], 0)
    queued()
    assert len(messages) == 1
