"""Training on this machine: it survives its worker, starts once, can be cancelled, and is never RUNNING for ever."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.backends import detached
from registry.backends.base import BackendError, RunSpec, RunState
from registry.backends.child import ROOT
from registry.backends.inference import infer
from registry.backends.training.local import LocalTraining
from registry.backends.training.supervisor import _curves
from tests.registry.backends.conftest import ENTRY_POINTS

pytestmark = pytest.mark.sandbox
SLEEPS = (
    "import time\ndef train(tables, parameters, output, seed):\n    print('began', flush=True)\n    time.sleep(600)\n"
)


def spec(tmp_path, diabetes, code=None, **more):
    entry = ENTRY_POINTS / "scorecard.py"
    if code is not None:
        entry = tmp_path / "entry.py"
        entry.write_text(code)
    parameters = {"features": diabetes.features, "target": "progression_high", "positive": "1"}
    values: dict[str, Any] = {
        "run_id": "run-1",
        "entry_point": entry,
        "datasets": {"train": diabetes.path},
        "parameters": parameters,
    }
    return RunSpec(**(values | {"seed": 3, "workdir": tmp_path / "run"} | more))


def ended(training, handle, seconds=60.0):
    detached.wait_until(lambda: training.poll(handle).state is not RunState.RUNNING, seconds)
    return training.poll(handle)


def child_runs(tmp_path):
    return [
        place.parent.name
        for place in Path("/proc").glob("[0-9]*/cmdline")
        if str(tmp_path / "run" / "work").encode() in _read(place)
        and detached.start_time(int(place.parent.name)) is not None
    ]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def running(tmp_path):
    return detached.wait_until(lambda: _read(tmp_path / "run" / "work" / "stage") == b"training", 30)


def test_a_run_ends_with_a_model_that_can_be_asked(tmp_path, diabetes):
    training = LocalTraining()
    handle = training.submit(spec(tmp_path, diabetes))
    status = ended(training, handle)
    assert (status.state, status.exit_code) == (RunState.SUCCEEDED, 0), status
    assert 0.8 < status.metrics["train.auc"] < 0.9
    assert all(values for values in status.curves.values())
    assert len(status.curves) == 1
    assert handle["isolation"] == "landlock+seccomp"
    done = infer(
        status.output, diabetes.path, features=diabetes.features, positive="1", seed=1, workdir=tmp_path / "inference"
    )
    assert done.meta == {"rows": 442}
    assert training.submit(spec(tmp_path, diabetes)) == handle
    training.cancel(handle)
    assert training.poll(handle).state is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("returned", "kept"),
    [
        ({"curves": {"train/loss": [1, 0.5]}}, {"train/loss": [1.0, 0.5]}),
        ({"curves": {"train/loss": "falling", "../x": [1.0], "": [1.0], "long": [0.0] * 20_001}}, {}),
        ({"curves": {"loss": [True, None, 2]}}, {"loss": [2.0]}),
        ({"curves": [1.0]}, {}),
        ({}, {}),
    ],
)
def test_of_the_curves_that_a_training_returns_those_that_are_numbers_by_a_plain_name_are_kept(returned, kept):
    assert _curves({"returned": returned}) == kept


def test_a_run_outlives_the_worker_that_submitted_it_and_leaves_no_child_of_it(tmp_path, diabetes):
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom registry.backends.base import RunSpec\n"
        "from registry.backends.training.local import LocalTraining\n"
        "given = json.loads(sys.argv[1])\n"
        "for name in ('entry_point', 'workdir'): given[name] = Path(given[name])\n"
        "given['datasets'] = {role: Path(path) for role, path in given['datasets'].items()}\n"
        "print(json.dumps(LocalTraining().submit(RunSpec(**given))))"
    )
    import json

    made = spec(tmp_path, diabetes, SLEEPS)
    given = {name: getattr(made, name) for name in ("run_id", "parameters", "seed")} | {
        "entry_point": str(made.entry_point),
        "workdir": str(made.workdir),
        "datasets": {"train": str(diabetes.path)},
    }
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(given)], capture_output=True, check=True, text=True, cwd=ROOT
    )
    handle = json.loads(done.stdout)
    training = LocalTraining()
    try:
        assert running(tmp_path)
        assert training.poll(handle).state is RunState.RUNNING
        assert training.submit(made) == handle
    finally:
        training.cancel(handle)
    assert training.poll(handle).state is RunState.CANCELLED
    assert not detached.is_alive(handle)
    assert child_runs(tmp_path) == []
    training.cancel(handle)
    assert training.poll(handle).state is RunState.CANCELLED


def test_a_run_whose_supervisor_was_killed_is_lost_and_its_child_is_gone(tmp_path, diabetes):
    training = LocalTraining()
    handle = training.submit(spec(tmp_path, diabetes, SLEEPS))
    assert running(tmp_path)
    assert len(child_runs(tmp_path)) == 1
    os.kill(handle["pid"], signal.SIGKILL)
    assert detached.wait_until(lambda: child_runs(tmp_path) == [], 10)
    assert training.poll(handle).state is RunState.LOST


def test_a_handle_of_another_process_with_the_same_id_is_lost(tmp_path):
    handle = {"folder": str(tmp_path), "pid": os.getpid(), "started": 1}
    assert LocalTraining().poll(handle).state is RunState.LOST
    LocalTraining().cancel(handle)


FAILURES = {
    "raises": ("def train(*_):\n    raise ValueError('bad luck')", {}, "ValueError"),
    "has no function": ("x = 1", {}, "no function train"),
    "is not Python": ("def", {}, "SyntaxError"),
    "leaves no model": ("def train(*_):\n    return {}", {}, "left no file"),
    "returns NaN": (
        "def train(t, p, output, s):\n    (output / 'x').touch()\n    return {'metrics': {'auc': float('nan')}}",
        {},
        "nan as $.metrics.auc",
    ),
    "takes too long": (SLEEPS, {"wall_seconds": 3}, "longer than the 3 s"),
    "takes too much": ("def train(*_):\n    bytearray(8 << 30)", {}, "more memory"),
}


@pytest.mark.parametrize(("code", "more", "words"), FAILURES.values(), ids=list(FAILURES))
def test_a_failed_run_says_why(code, more, words, tmp_path, diabetes):
    training = LocalTraining()
    status = ended(training, training.submit(spec(tmp_path, diabetes, code, **more)))
    assert status.state is RunState.FAILED
    assert words in status.message
    assert status.output is None


def test_a_folder_is_of_one_run(tmp_path, diabetes):
    training = LocalTraining()
    training.cancel(training.submit(spec(tmp_path, diabetes, SLEEPS)))
    with pytest.raises(BackendError, match="already belongs to run run-1") as caught:
        training.submit(spec(tmp_path, diabetes, SLEEPS, run_id="run-2"))
    assert caught.value.code == "folder_taken"


def test_a_run_whose_submitter_died_is_found_by_its_id_and_ended(tmp_path, diabetes):
    training, made = LocalTraining(), spec(tmp_path, diabetes, SLEEPS)
    handle = training.submit(made)
    assert running(tmp_path)
    found = training.find("run-1", made.workdir)
    assert found == handle
    assert training.find("run-2", made.workdir) is None
    training.cancel(found)
    assert training.poll(found).state is RunState.CANCELLED
    assert not detached.is_alive(handle)
    assert child_runs(tmp_path) == []


def test_a_run_that_is_cancelled_before_it_starts_does_no_work(tmp_path, diabetes):
    training, made = LocalTraining(), spec(tmp_path, diabetes, SLEEPS)
    early = training.find("run-1", made.workdir)
    training.cancel(early)
    handle = training.submit(made)
    assert ended(training, handle).state is RunState.CANCELLED
    assert not (made.workdir / "work").exists()


def test_a_missing_dataset_is_refused_at_once(tmp_path, diabetes):
    with pytest.raises(BackendError, match="train of run run-1 is not a file"):
        LocalTraining().submit(spec(tmp_path, diabetes, datasets={"train": tmp_path / "none.parquet"}))
