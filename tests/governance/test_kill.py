"""Real workers and a real broker, killed in the middle of work: it is taken up again, and nothing is done twice."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from celery import Celery, current_app

from governance.exports.verify import verify
from governance.management.children import end_detached, plan
from governance.management.supervisor import Supervisor, stack
from governance.models import CheckRun, Evaluation, Evidence, PromotionRequest
from governance.promotion.approve import approve
from governance.promotion.assess import assess
from governance.promotion.release import release, start_release
from privacy.anonymize import start_anonymizing
from registry.ledger import read
from registry.models import Deployment, ModelVersion, Run
from registry.register import register_dataset_version
from registry.train import start_training
from tests.governance import killing_settings
from tests.governance.api.world import SCHEMA, World, build
from tests.governance.killing import HOLD
from tests.privacy import patients
from tests.registry.scene import cheapen, rows_file

LONGEST = 90
POLICY = """
name: held
version: "1"
tier: limited
requires: {sandbox: false}
checks:
  - {check: first, max_age_days: 30, limits: [{metric: first.score, bound: interval, min: "0.5"}]}
  - {check: second, max_age_days: 30, limits: [{metric: second.score, bound: interval, min: "0.5"}]}
approval:
  stages: [{name: compliance, role: compliance_officer}]
  separation: [requester]
"""


@pytest.fixture
def world(committed_db, child_environment, settings, monkeypatch, tmp_path) -> World:
    """A committed world whose plug-ins can be held, and the environment of the workers that shall see it."""
    cheapen(settings, monkeypatch)
    held = tmp_path / "held"
    held.mkdir()
    settings.PROBITY_HOME = tmp_path / "home"
    settings.PROBITY_CHECKS = killing_settings.PROBITY_CHECKS
    settings.PROBITY_SERVING_BACKENDS = killing_settings.PROBITY_SERVING_BACKENDS
    settings.PROBITY_ENTRY_POINTS = killing_settings.PROBITY_ENTRY_POINTS
    chosen = {
        "DATABASE_URL": child_environment["DATABASE_URL"],
        "PROBITY_HOME": str(settings.PROBITY_HOME),
        "DJANGO_SETTINGS_MODULE": "tests.governance.killing_settings",
        "PROBITY_RUN_LEASE_SECONDS": "5",
        HOLD: str(held),
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    made = build(tmp_path)
    made.assign(POLICY)
    return made


@pytest.fixture
def held(world) -> Path:
    return Path(os.environ[HOLD])


@pytest.fixture
def service(world, monkeypatch) -> Callable[[], object]:
    """Broker, worker and beat of the world's home, to which this process sends its tasks."""

    @contextmanager
    def run() -> Iterator[SimpleNamespace]:
        lines: list[tuple[str, str]] = []
        todo = plan(web=False, workers=2)
        with (
            Celery("test", broker=todo.broker_url, set_as_current=False) as sender,
            stack(
                todo.children,
                home=Path(os.environ["PROBITY_HOME"]),
                files=todo.files,
                clean_up=end_detached,
                output=lambda name, line: lines.append((name, line)),
            ) as running,
        ):

            def send(task, args, countdown=None, **_options):
                prefix = task.partition(".")[0]
                queue = prefix if prefix == "governance" else "default"
                sender.send_task(task, args=args, countdown=countdown, queue=queue, retry=False)

            monkeypatch.setattr(current_app, "send_task", send)
            yield SimpleNamespace(running=running, lines=lines)

    return run


def eventually(condition: Callable[[], object], lines: list[tuple[str, str]]) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, "\n".join(f"{name}: {line}" for name, line in lines[-40:])
        time.sleep(0.05)


def reached(held: Path, point: str) -> list[int]:
    place = held / f"{point}.reached"
    return [int(line) for line in place.read_text().split()] if place.exists() else []


def kill(running: Supervisor, name: str) -> None:
    """Kill a process of the service and all that works for it, as a machine that loses power does."""
    os.killpg(running.pids()[name], signal.SIGKILL)


def run_of(promotion: PromotionRequest, kind: str) -> Run:
    return Run.objects.get(kind=kind, subject=f"promotion:{promotion.pk}")


def ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.status in Run.ENDED


def count(promotion: PromotionRequest, kind: str, **data: object) -> int:
    entries = read.entries(subject=f"promotion:{promotion.pk}", kind=kind)
    documents = [entry.document()["data"] for entry in entries]
    return sum(all(one[name] == value for name, value in data.items()) for one in documents)


def assert_measured_once(promotion: PromotionRequest, run: Run) -> None:
    assert run.status == "SUCCEEDED", run.error
    promotion.refresh_from_db()
    assert promotion.state == "AWAITING_DECISION", promotion.detail
    assert sorted(CheckRun.objects.values_list("check_name", flat=True)) == ["first", "second"]
    assert Evidence.objects.filter(promotion=promotion).count() == 2
    assert count(promotion, "report.recorded") == 2
    assert Evaluation.objects.filter(promotion=promotion).count() == 1
    assert count(promotion, "evaluation.recorded") == 1
    assert len(list(read.entries(subject=f"run:{run.pk}", kind="run.ended"))) == 1
    assert verify().faults == ()


def test_an_assessment_whose_worker_was_killed_is_taken_up_and_measures_each_check_once(world, held, service):
    (held / "second.hold").touch()
    with service() as up:
        promotion = world.request()
        run = run_of(promotion, "assess")
        eventually(lambda: reached(held, "second"), up.lines)
        kill(up.running, "worker")
        (held / "second.hold").unlink()
        eventually(lambda: ended(run), up.lines)
    assert_measured_once(promotion, run)
    assert run.attempt == 2
    assert len(reached(held, "first")) == 1, "what was measured before the kill is not measured again"
    assert len(set(reached(held, "second"))) == 2


def test_an_assessment_goes_on_when_the_broker_was_killed(world, held, service):
    (held / "second.hold").touch()
    with service() as up:
        promotion = world.request()
        run = run_of(promotion, "assess")
        eventually(lambda: reached(held, "second"), up.lines)
        first_broker = up.running.pids()["broker"]
        kill(up.running, "broker")
        eventually(lambda: up.running.pids().get("broker", first_broker) != first_broker, up.lines)
        (held / "second.hold").unlink()
        eventually(lambda: ended(run), up.lines)
    assert_measured_once(promotion, run)


def approved(world: World) -> PromotionRequest:
    promotion = world.assessed()
    approve(
        promotion,
        actor=world.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=promotion.evaluation_digest,
    )
    return promotion


@pytest.mark.parametrize(
    "point",
    ["deployed", pytest.param("status", marks=pytest.mark.long)],
    ids=["before the take-over", "after the take-over"],
)
def test_a_release_whose_worker_was_killed_is_taken_up_and_one_deployment_is_live(world, held, service, point):
    promotion = approved(world)
    (held / f"{point}.hold").touch()
    with service() as up:
        run = start_release(promotion, actor=world.actor("engineer"))
        eventually(lambda: reached(held, point), up.lines)
        assert len(list((held / "served").iterdir())) == 1
        kill(up.running, "worker")
        (held / f"{point}.hold").unlink()
        eventually(lambda: ended(run), up.lines)
    assert run.status == "SUCCEEDED", run.error
    assert run.attempt >= 2, "a slow machine may outlive the short lease once more"
    promotion.refresh_from_db()
    assert promotion.state == "RELEASED", promotion.detail
    live = Deployment.objects.get()
    assert (live.state, live.desired) == ("LIVE", True)
    assert [place.name for place in (held / "served").iterdir()] == [str(live.pk)]
    assert count(promotion, "promotion.advanced", to="RELEASED") == 1
    advanced = [entry.document()["data"] for entry in read.entries(kind="deployment.advanced")]
    assert [one["to"] for one in advanced] == ["LIVE"]
    assert verify().faults == ()


@pytest.mark.long
@pytest.mark.sandbox
def test_a_training_outlives_its_worker_and_is_found_again(world, held, service, tmp_path):
    dataset = register_dataset_version(
        project=world.project,
        name="training",
        file=rows_file(tmp_path, 6),
        schema=SCHEMA,
        actor=world.actor("engineer"),
    )
    with service() as up:
        run = start_training(
            model=world.model,
            entry_point="slow",
            dataset_version=dataset,
            features=["x"],
            parameters={"seconds": 12},
            actor=world.actor("engineer"),
        )

        def handle() -> dict[str, object]:
            run.refresh_from_db()
            return run.handle

        eventually(handle, up.lines)
        before = handle()
        kill(up.running, "worker")
        eventually(lambda: ended(run), up.lines)
    assert run.status == "SUCCEEDED", run.error
    assert run.handle == before
    [version] = ModelVersion.objects.filter(source__run=str(run.pk))
    assert run.result["version"] == str(version.pk)
    assert version.assurance == "built_here"
    assert verify().faults == ()


@pytest.mark.long
def test_an_anonymisation_whose_worker_was_killed_leaves_nothing_half_and_is_made_once(world, service, tmp_path):
    pq.write_table(patients.patients(1, 4000), tmp_path / "patients.parquet")
    source = register_dataset_version(
        project=world.project,
        name="patients",
        file=tmp_path / "patients.parquet",
        schema=patients.SCHEMA,
        actor=world.actor("engineer"),
    )
    with service() as up:
        run = start_anonymizing(source, actor=world.actor("engineer"))

        def applying() -> bool:
            run.refresh_from_db()
            return run.message.startswith("anonymising")

        eventually(applying, up.lines)
        kill(up.running, "worker")
        assert not source.children.exists()
        eventually(lambda: ended(run), up.lines)
    assert run.status == "SUCCEEDED", run.error
    assert run.attempt >= 2, "a slow machine may outlive the short lease once more"
    [made] = source.children.all()
    assert run.result["dataset_version"] == str(made.pk)
    assert len(list(read.entries(kind="dataset.anonymized"))) == 1
    assert verify().faults == ()


def test_the_plug_ins_that_can_be_held_do_their_work_unheld(world, held):
    promotion = world.request()
    queued = run_of(promotion, "assess")
    from registry import run as runs

    done = runs.perform(str(queued.pk), assess)
    assert done is not None
    assert_measured_once(promotion, done)
    approve(
        promotion,
        actor=world.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=PromotionRequest.objects.get(pk=promotion.pk).evaluation_digest,
    )
    start_release(promotion, actor=world.actor("engineer"))
    finished = runs.perform(str(run_of(promotion, "release").pk), release)
    assert finished is not None
    assert finished.result["state"] == "RELEASED"
