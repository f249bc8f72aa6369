"""Runs: who may work on one and for how long; what becomes of errors, silence, cancelled work and lost messages."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAwayError

from registry import run
from registry.backends.base import BackendError
from registry.blobs import BlobError
from registry.checks import Cancelled
from registry.ledger import read
from registry.models import Actor, Run
from registry.run import LeaseLostError, Wait
from registry.telling import told
from tests.registry.scene import TASK, queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> list[tuple]:
    """The messages that went to the broker."""
    messages: list[tuple] = []

    def note(task, args, countdown, retry):
        messages.append((task, args[0], countdown))

    monkeypatch.setattr(current_app, "send_task", note)
    monkeypatch.setattr(transaction, "on_commit", lambda function: function())
    return messages


def silence(one: Run) -> None:
    """Let the lease of a run be over, as when its worker died."""
    Run.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def due(one: Run) -> None:
    Run.objects.filter(pk=one.pk).update(not_before=timezone.now() - timedelta(minutes=1))


def perform(one: Run, work=lambda _run, _lease: {"done": True}, **how) -> Run | None:
    return run.perform(str(one.pk), work, **how)


def ends(one: Run) -> list[dict]:
    return [entry.document()["data"] for entry in read.entries(subject=f"run:{one.pk}", kind="run.ended")]


def raising(error):
    def work(_run, _lease):
        raise error

    return work


def test_a_run_is_queued_with_its_event_claimed_worked_on_and_ended(sent):
    one = queued(rows=3)
    assert sent == [(TASK, str(one.pk), None)]
    ended = perform(one, lambda run_, _lease: {"attempt": run_.attempt, "rows": run_.arguments["rows"]})
    assert (ended.status, ended.result, ended.progress) == ("SUCCEEDED", {"attempt": 1, "rows": 3}, 1)
    assert (ended.lease, ended.lease_until) == (None, None)
    assert ended.started_at <= ended.ended_at
    kinds = [entry.kind for entry in read.entries(subject=f"run:{one.pk}")]
    assert kinds == ["run.queued", "run.ended"]
    assert ends(one) == [{"kind": "scan", "status": "SUCCEEDED", "attempt": 1, "error_code": ""}]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "CANCELLED"])
def test_what_has_ended_is_not_done_again(status):
    one = queued()
    Run.objects.filter(pk=one.pk).update(status=status)
    assert perform(one, raising(AssertionError("it was done again"))) is None
    assert run.perform(str(uuid.uuid4()), raising(AssertionError)) is None


def test_a_run_that_somebody_works_on_is_not_taken():
    one = queued()
    assert run.claim(str(one.pk)) is not None
    assert run.claim(str(one.pk)) is None


def test_a_silent_run_is_taken_over_and_the_late_result_of_the_old_worker_is_lost():
    one = queued()

    def slow(_run, _lease):
        silence(one)
        assert perform(one, lambda run_, _new: {"by": f"attempt {run_.attempt}"}).status == "SUCCEEDED"
        return {"by": "the old worker"}

    assert perform(one, slow) is None
    one.refresh_from_db()
    assert (one.status, one.result, one.attempt) == ("SUCCEEDED", {"by": "attempt 2"}, 2)
    assert len(ends(one)) == 1


@pytest.mark.parametrize("error", [RuntimeError("late"), BlobError("late"), Cancelled("late")], ids=repr)
def test_the_late_error_of_an_old_worker_is_lost_too(error):
    one = queued()

    def slow(_run, _lease):
        silence(one)
        run.claim(str(one.pk))
        raise error

    assert perform(one, slow) is None
    one.refresh_from_db()
    assert (one.status, one.error, one.attempt) == ("RUNNING", "", 2)


def claimed_by_a_worker(one):
    found = run.claim(str(one.pk))
    assert found is not None
    return found


def test_a_heartbeat_prolongs_the_lease_and_an_old_worker_hears_that_it_lost_it(settings):
    settings.PROBITY_RUN_LEASE_SECONDS = 30
    one = queued()
    claimed, lease = claimed_by_a_worker(one)
    Run.objects.filter(pk=one.pk).update(lease_until=timezone.now() + timedelta(seconds=1))
    lease.beat(0.4, "m" * 600)
    one.refresh_from_db()
    assert one.lease_until > timezone.now() + timedelta(seconds=20)
    assert (one.progress, len(one.message), claimed.attempt) == (0.4, 500, 1)
    silence(one)
    run.claim(str(one.pk))
    for act in (lambda: lease.beat(0.5, ""), lease.lock):
        with pytest.raises(LeaseLostError, match=str(one.pk)), transaction.atomic():
            act()


def test_progress_is_written_at_most_once_a_second(django_assert_num_queries):
    one = queued()
    _, lease = claimed_by_a_worker(one)
    with django_assert_num_queries(0):
        lease.progress(0.1, "")
    lease.last -= 2
    lease.progress(0.2, "now")
    one.refresh_from_db()
    assert (one.progress, one.message) == (0.2, "now")


RETRIED = [OperationalError("locked"), BlobError("full"), BackendError("away", code="away", retriable=True)]


@pytest.mark.parametrize("error", RETRIED, ids=repr)
def test_what_may_pass_is_tried_again_after_a_growing_pause_and_then_given_up(sent, error):
    one = queued()
    pauses = []
    for attempt in range(1, 5):
        sent.clear()
        waiting = perform(one, raising(error))
        assert (waiting.status, waiting.attempt, waiting.error) == ("QUEUED", attempt, str(error))
        [(_, _, countdown)] = sent
        pauses.append(countdown)
        assert waiting.not_before > timezone.now() + timedelta(seconds=countdown - 1.5)
        assert perform(one) is None, "it was taken before its time"
        due(one)
    assert pauses == [2, 4, 8, 16]
    ended = perform(one, raising(error))
    assert (ended.status, ended.attempt) == ("FAILED", 5)
    assert ended.error == f"gave up after 5 attempts: {error}"
    assert ended.error_code == getattr(error, "code", "database")
    assert len(ends(one)) == 1


def test_the_pause_has_a_longest_length(sent):
    one = queued()
    Run.objects.filter(pk=one.pk).update(attempt=20, max_attempts=30)
    perform(one, raising(BlobError("full")))
    assert sent[-1][2] == run.LONGEST_BACK_OFF


def test_a_run_whose_workers_all_died_is_given_up():
    one = queued()
    for _ in range(one.max_attempts):
        assert run.claim(str(one.pk)) is not None
        silence(one)
    stopped: list[Run] = []
    ended = perform(one, raising(AssertionError("it was done again")), stop=stopped.append)
    assert (ended.status, ended.error_code, ended.attempt) == ("FAILED", "gave_up", 5)
    assert stopped == [one]
    assert ends(one)[0]["error_code"] == "gave_up"


class OddError(Exception):
    code = "odd"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BackendError("refused", code="refused"), "refused"),
        (OddError("odd"), "odd"),
        (ZeroDivisionError("division by zero"), "unexpected"),
        (BackendError("long", code="c" * 200), "c" * 80),
    ],
    ids=repr,
)
def test_other_errors_end_the_run_and_are_kept(error, code, sent):
    one = queued()
    sent.clear()
    ended = perform(one, raising(error))
    assert (ended.status, ended.error_code, ended.error, sent) == ("FAILED", code, told(error), [])
    assert ends(one)[0]["status"] == "FAILED"


def test_an_error_with_a_character_the_database_refuses_is_kept_too():
    ended = perform(queued(), raising(BackendError("a NUL \x00 and a surrogate \ud800", code="odd")))
    assert ended.status == "FAILED"
    assert "a NUL" in ended.error


def test_waiting_work_is_called_again_with_its_handle_and_polls_are_no_attempts(sent):
    one = queued()
    seen = []

    def poll(run_, _lease):
        seen.append(dict(run_.handle))
        return Wait(3, {"poll": len(seen)}) if len(seen) < 8 else {"polls": len(seen)}

    for _ in range(7):
        assert perform(one, poll).status == "WAITING"
        assert perform(one, poll) is None, "it was polled before its time"
        due(one)
    ended = perform(one, poll)
    assert (ended.status, ended.result, ended.attempt) == ("SUCCEEDED", {"polls": 8}, 1)
    assert seen[:3] == [{}, {"poll": 1}, {"poll": 2}]
    assert {countdown for _, _, countdown in sent[1:]} == {3}


def test_cancelling_what_nobody_works_on_ends_it_at_once_and_twice_is_harmless():
    one = queued()
    assert run.cancel(one, actor=Actor.system()).status == "CANCELLED"
    assert run.cancel(one, actor=Actor.system()).status == "CANCELLED"
    assert perform(one) is None
    assert [end["status"] for end in ends(one)] == ["CANCELLED"]
    assert len(list(read.entries(subject=f"run:{one.pk}", kind="run.cancel_requested"))) == 1


def test_cancelling_what_runs_ends_it_at_its_next_sign_of_life():
    one = queued()

    def work(_run, lease):
        assert run.cancel(one, actor=Actor.system()).status == "RUNNING"
        lease.last -= 2
        lease.progress(0.5, "")
        pytest.fail("it went on")

    ended = perform(one, work)
    assert (ended.status, ended.error_code) == ("CANCELLED", "cancelled")


def test_cancelling_a_silent_run_ends_it_when_it_is_taken_over():
    one = queued()
    run.claim(str(one.pk))
    run.cancel(one, actor=Actor.system())
    silence(one)
    ended = perform(one, raising(AssertionError("it was done again")))
    assert (ended.status, ended.error_code) == ("CANCELLED", "cancelled")


def test_cancelling_what_waits_elsewhere_stops_it_before_its_time(sent):
    one = queued()
    perform(one, lambda *_: Wait(30, {"pid": 7}))
    sent.clear()
    assert run.cancel(one, actor=Actor.system()).status == "WAITING"
    assert sent == [(TASK, str(one.pk), None)]
    stopped = []
    ended = perform(one, raising(AssertionError("it was polled")), stop=lambda run_: stopped.append(run_.handle["pid"]))
    assert (ended.status, stopped) == ("CANCELLED", [7])


def cancelled_meanwhile(one, lease):
    run.cancel(one, actor=Actor.system())
    lease.beat(0.5, "")


def broken(_run, _lease):
    raise BackendError("refused", code="refused")


@pytest.mark.parametrize(
    ("work", "status"), [(cancelled_meanwhile, "CANCELLED"), (broken, "FAILED")], ids=["cancelled", "failed"]
)
def test_what_ends_badly_is_stopped_first_and_what_succeeds_is_not(work, status):
    seen = []

    def stop(run_):
        seen.append(Run.objects.get(pk=run_.pk).status)

    assert perform(queued(), work, stop=stop).status == status
    assert perform(queued(), stop=stop).status == "SUCCEEDED"
    assert seen == ["RUNNING"]


def test_what_cannot_be_stopped_now_is_stopped_at_a_later_try_and_not_for_ever(sent):
    one = queued()
    perform(one, lambda *_: Wait(1, {"pid": 7}))
    run.cancel(one, actor=Actor.system())
    asked = []

    def stop(_run):
        asked.append(1)
        raise BackendError("away", code="away", retriable=True)

    for tries in range(1, 5):
        assert perform(one, raising(AssertionError), stop=stop).status == "QUEUED"
        assert len(asked) == tries
    ended = perform(one, raising(AssertionError), stop=stop)
    assert (ended.status, len(asked)) == ("CANCELLED", 5)
    assert len(ends(one)) == 1


def test_who_asked_for_the_end_is_recorded_once_with_it():
    one = queued()
    run.claim(str(one.pk))
    asking = Actor.system("session")
    for _ in range(2):
        run.cancel(one, actor=asking)
    [entry] = list(read.entries(subject=f"run:{one.pk}", kind="run.cancel_requested"))
    assert entry.document()["data"] == {"kind": "scan", "status": "RUNNING", "attempt": 1}
    assert entry.document()["actor"] == asking.document()


def test_a_run_that_has_ended_is_not_asked_to_stop():
    one = queued()
    perform(one)
    assert run.cancel(one, actor=Actor.system()).status == "SUCCEEDED"
    assert list(read.entries(kind="run.cancel_requested")) == []


def test_the_same_key_is_one_run_until_it_has_ended(sent):
    one = queued("k")
    assert queued("k").pk == one.pk
    assert len(sent) == 1
    assert queued("other").pk != one.pk
    assert queued().pk != queued().pk
    run.claim(str(one.pk))
    assert queued("k").pk == one.pk
    silence(one)
    perform(one)
    assert queued("k").pk != one.pk


SWEPT: dict[str, dict[str, Any]] = {
    "a silent lease": {"status": "RUNNING", "lease_until": -1},
    "a wait whose message was lost": {"status": "WAITING", "not_before": -60},
    "a retry whose message was lost": {"status": "QUEUED", "not_before": -60},
    "a message that was lost at the start": {"status": "QUEUED", "created_at": -60},
}
LEFT: dict[str, dict[str, Any]] = {
    "a living lease": {"status": "RUNNING", "lease_until": 10},
    "a wait that is not due": {"status": "WAITING", "not_before": 10},
    "a wait that has just been queued": {"status": "WAITING", "not_before": -5},
    "a pause that is not over": {"status": "QUEUED", "not_before": 10, "created_at": -60},
    "what was queued just now": {"status": "QUEUED"},
    "what has ended": {"status": "FAILED", "lease_until": -60, "not_before": -60},
}


@pytest.mark.parametrize(("case", "swept"), [*((case, True) for case in SWEPT), *((case, False) for case in LEFT)])
def test_the_sweep_queues_again_what_has_no_living_worker(sent, case, swept):
    one = queued()
    values = (SWEPT | LEFT)[case]
    moments = {name: timezone.now() + timedelta(seconds=value) for name, value in values.items() if name != "status"}
    Run.objects.filter(pk=one.pk).update(status=values["status"], **moments)
    sent.clear()
    assert run.sweep() == int(swept)
    assert sent == [(TASK, str(one.pk), None)] * swept


@pytest.mark.parametrize(
    "error", [BrokerAwayError("away"), ConnectionRefusedError(111, "refused"), TimeoutError()], ids=repr
)
def test_a_broker_that_is_away_delays_a_run_and_loses_nothing(sent, monkeypatch, error):
    with monkeypatch.context() as patched:
        patched.setattr(current_app, "send_task", lambda *_arguments, **_options: (_ for _ in ()).throw(error))
        one = queued()
    assert Run.objects.get(pk=one.pk).status == "QUEUED"
    assert sent == []
    Run.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    assert run.sweep() == 1
    assert sent == [(TASK, str(one.pk), None)]
    assert perform(one).status == "SUCCEEDED"
