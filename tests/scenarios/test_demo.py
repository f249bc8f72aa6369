"""The main job, whole: as a story in this process, with another seed on each database, and as the command."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from governance import tasks
from governance.exports.verify import verify
from governance.management.demo import patients, steps, story
from privacy.tasks import anonymize
from registry.ledger import read
from registry.models import Deployment, Run
from registry.tasks import train
from tests.conftest import ROOT

ON_SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
SEEDS = (1 if ON_SQLITE else 2, *(pytest.param(seed, marks=pytest.mark.long) for seed in (3, 4)))
WORK = {
    "anonymize": anonymize,
    "train": train,
    "assess": tasks.assess,
    "release": tasks.release,
    "watch": tasks.watch_batch,
}
SUMMARY = {"step": "summary", "ok": True, "refused": 2, "released": 2, "rolled_back": 1, "ledger_valid": True}


def do_now(run, _tell):
    """Do a run's work in this process, as its worker would."""
    for _ in range(2000):
        WORK[run.kind](str(run.pk))
        run.refresh_from_db()
        if run.status in Run.ENDED:
            break
        steps.time.sleep(0.1)
    assert run.status == "SUCCEEDED", f"{run.kind} {run.status}: {run.error}"
    return run


def sequence():
    """Do what the sequencer does beside the other processes of a service."""
    call_command("sequence", "--once", "--make-key", verbosity=0)


def identities(seed):
    """Return every made-up name, e-mail, phone and social-security number of the demonstration's training rows."""
    rows, _ = patients.split(patients.measured(), seed)
    joined = patients.with_identities(rows, seed)
    return sorted({value for column in patients.IDENTITIES for value in joined[column]})


def holding(folder, values):
    """Return the files below a folder that hold one of the values."""
    wanted = [value.encode() for value in values]
    files = [place for place in sorted(folder.rglob("*")) if place.is_file()]
    return [str(place.relative_to(folder)) for place in files if any(one in place.read_bytes() for one in wanted)]


@pytest.fixture
def played(committed_db, settings, tmp_path, monkeypatch):
    """Play the story in an instance of its own; stop what it serves afterwards."""
    settings.PROBITY_HOME, settings.PROBITY_DEMO = tmp_path, True
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings.MLFLOW_ARTIFACT_ROOT = str(tmp_path / "mlruns")
    settings.PROBITY_LEDGER_EXPORT = str(tmp_path / "ledger" / "export")
    for module in (steps, story):
        monkeypatch.setattr(module, "wait_for", do_now)
    published = story.wait_until_published
    monkeypatch.setattr(story, "wait_until_published", lambda home: sequence() or published(home))

    def play(seed):
        told = story.Story(seed=seed, tell=lambda _text: None)
        return told, {step["step"]: step for step in told.steps()}

    yield play
    for deployment in Deployment.objects.exclude(handle={}):
        story.catalog.serving_backend(deployment.backend).stop(deployment.handle)


@pytest.mark.sandbox
@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_finds_its_way_through_the_gate(played, seed, tmp_path):
    told, by_name = played(seed)
    first, second, third = (by_name[f"version {number}"] for number in (1, 2, 3))
    assert first["refused"]
    assert {"name", "email", "phone", "ssn", "note"} == {line.split("'")[1] for line in first["findings"]}
    assert all("pii." in reason for reason in first["reasons"])
    assert second["refused"]
    assert ["explainability.protected_share" in reason for reason in second["reasons"]] == [True]
    assert third["failed"] == []
    assert any("straddles" in reason and "fairness." in reason for reason in third["undecided"])
    assert by_name["requester approves"] == {
        "step": "requester approves",
        "refused": True,
        "code": "own_request",
        "why": "who is the requester of what is asked for cannot decide on it",
    }
    for number in (3, 4):
        assert by_name[f"approve version {number}"]["after_one"] == "AWAITING_DECISION"
        assert by_name[f"approve version {number}"]["state"] == "APPROVED"
        released = by_name[f"release version {number}"]
        assert released["state"] == "LIVE"
        assert released["served_digest"] == released["approved_digest"] == released["alias"]
    assert by_name["version 4"]["compared"]
    assert by_name["later intake"]["state"] == "ROLLED_BACK"
    assert by_name["later intake"]["serving_version"] == 3
    assert any("performance.auc" in alarm for alarm in by_name["later intake"]["alarms"])
    assert any("drift." in alarm for alarm in by_name["later intake"]["alarms"])
    assert by_name["ledger"]["valid"], (verify().faults, by_name["ledger"]["offline"])
    assert by_name["ledger"]["pack"] == "valid", by_name["ledger"]["pack"]
    assert by_name["ledger"]["signed"] == by_name["ledger"]["entries"]
    assert told.summary(valid=True).items() >= SUMMARY.items()
    bodies = "\n".join(entry.body for entry in read.entries())
    assert not [secret for secret in (*told.cast.passwords.values(), "@example.org", ") 555-0") if secret in bodies]
    assert holding(tmp_path, told.cast.passwords.values()) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the demo instance has its own SQLite file")
@pytest.mark.sandbox
def test_the_command_tells_the_story_as_json_lines_and_leaves_nothing_running(tmp_path):
    home = tmp_path / "demo"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--auto", "--json", "--home", str(home)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-2000:]
    assert lines[-1].items() >= SUMMARY.items()
    assert lines[-1]["ledger_entries"] > 100
    assert [line["step"] for line in lines][:3] == ["set-up", "version 1", "anonymise"]
    people = identities(seed=7)
    assert not [value for value in people if value in done.stdout + done.stderr]
    (raw,) = holding(home, people)  # the rows as they were handed in; no log, database, model, run or report
    assert raw.startswith("blobs/")
    left = subprocess.run(["pgrep", "-f", str(home)], capture_output=True, text=True, check=False).stdout.split()
    assert not left
