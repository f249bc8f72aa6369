"""Defects of runs and of reading the ledger that a review found: each stays closed."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from registry import run
from registry.backends.base import BackendError
from registry.ledger import read
from registry.ledger.append import append
from registry.models import Actor, Run
from tests.registry.scene import queued


def note(subject: str) -> None:
    with transaction.atomic():
        append("project.created", actor=Actor.system(), subject=subject, data={"slug": "x"})


def elsewhere(work: Any) -> None:
    """Do work in another thread, with a connection of its own, and wait for it."""

    def body() -> None:
        try:
            work()
        finally:
            connection.close()

    worker = threading.Thread(target=body)
    worker.start()
    worker.join(30)
    assert not worker.is_alive()


def test_a_snapshot_sees_one_moment_and_keeps_no_writer_waiting(committed_db):
    note("project:before")
    with read.snapshot():
        seen = read.size()
        elsewhere(lambda: note("project:meanwhile"))
        assert read.size() == seen
        assert len(list(read.entries())) == seen
    assert read.size() == seen + 1
    note("project:after")
    assert read.size() == seen + 2


@pytest.mark.django_db
def test_cancelling_what_waits_to_be_tried_again_elsewhere_stops_it():
    one = queued()
    assert run.perform(str(one.pk), lambda *_: run.Wait(0, {"job": "7"})) is not None

    def away(*_given: Any) -> Any:
        raise BackendError("away", code="away", retriable=True)

    run.perform(str(one.pk), away)
    assert Run.objects.get(pk=one.pk).status == "QUEUED"
    assert run.cancel(one, actor=Actor.system()).status == "QUEUED"
    asked = []

    def stop(run_: Run) -> None:
        asked.append((run_.cancel_requested, run_.handle))

    ended = run.perform(str(one.pk), away, stop=stop)
    assert ended is not None
    assert (ended.status, asked) == ("CANCELLED", [(True, {"job": "7"})])
