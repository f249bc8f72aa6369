"""Training runs: what their backend runs is ended with them, also where nobody kept its handle."""

from typing import Any, ClassVar

import pytest
from celery import current_app

from registry import run
from registry.backends.base import RunSpec, RunState, RunStatus
from registry.models import Actor, Run
from registry.tasks import train
from registry.train import start_training
from tests.registry.scene import SCHEMA, rows_file

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


class Elsewhere:
    """A backend that runs what it is given for ever, and may lose the process that submitted."""

    name = "local"
    running: ClassVar[set[str]] = set()
    dies: ClassVar[bool] = False

    def __init__(self, **_options: Any) -> None:
        pass

    def submit(self, spec: RunSpec) -> dict[str, Any]:
        self.running.add(spec.run_id)
        if self.dies:
            raise Killed
        return {"id": spec.run_id}

    def poll(self, _handle: Any) -> RunStatus:
        return RunStatus(RunState.RUNNING)

    def cancel(self, handle: Any) -> None:
        self.running.discard(handle["id"])

    def find(self, run_id: str, _workdir: Any) -> dict[str, Any]:
        return {"id": run_id}


@pytest.fixture
def queued(world, settings, monkeypatch, tmp_path) -> Run:
    from registry.register import register_dataset_version

    monkeypatch.setattr(Elsewhere, "running", set())
    settings.PROBITY_TRAINING_BACKENDS = {"local": f"{__name__}.Elsewhere"}
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    actor = world.actor("engineer")
    rows = register_dataset_version(
        project=world.project, name="training", file=rows_file(tmp_path, 6), schema=SCHEMA, actor=actor
    )
    return start_training(model=world.model, entry_point="scorecard", dataset_version=rows, features=["x"], actor=actor)


def submitted_and_died(one: Run, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Elsewhere, "dies", True)
        with pytest.raises(Killed):
            train(str(one.pk))
    Run.objects.filter(pk=one.pk).update(lease_until=one.created_at)


def test_a_training_whose_submitter_died_ends_with_its_cancelled_run(queued, monkeypatch):
    submitted_and_died(queued, monkeypatch)
    queued.refresh_from_db()
    assert (queued.status, queued.handle, Elsewhere.running) == ("RUNNING", {}, {str(queued.pk)})
    run.cancel(queued, actor=Actor.system("session"))
    assert run.sweep() == 1
    train(str(queued.pk))
    queued.refresh_from_db()
    assert (queued.status, Elsewhere.running) == ("CANCELLED", set())


def test_a_training_whose_workers_all_died_ends_with_the_run_that_is_given_up(queued, monkeypatch):
    for _ in range(queued.max_attempts):
        submitted_and_died(queued, monkeypatch)
    assert Elsewhere.running == {str(queued.pk)}
    train(str(queued.pk))
    queued.refresh_from_db()
    assert (queued.status, queued.error_code, Elsewhere.running) == ("FAILED", "gave_up", set())


def test_a_training_that_is_cancelled_between_claim_and_poll_is_stopped(queued, monkeypatch):
    train(str(queued.pk))
    Run.objects.filter(pk=queued.pk).update(not_before=None)

    def poll(_self, _handle):
        run.cancel(queued, actor=Actor.system("session"))
        return RunStatus(RunState.RUNNING)

    monkeypatch.setattr(Elsewhere, "poll", poll)
    train(str(queued.pk))
    queued.refresh_from_db()
    assert (queued.status, Elsewhere.running) == ("CANCELLED", set())


def test_a_training_that_goes_on_is_left_alone(queued):
    for _ in range(2):
        train(str(queued.pk))
        Run.objects.filter(pk=queued.pk).update(not_before=None)
    queued.refresh_from_db()
    assert (queued.status, Elsewhere.running) == ("WAITING", {str(queued.pk)})
