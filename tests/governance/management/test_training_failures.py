"""A training that fails in any way leaves a run that says why, and no version."""

from dataclasses import replace

import pytest

from governance.management.trial.errors import TrialFailedError
from governance.management.trial.prepare import prepare
from governance.management.trial.stage import set_stage
from governance.management.trial.walk import register, train
from registry import train as training
from registry.models import ModelVersion, Run
from tests.governance.management.conftest import asked

pytestmark = pytest.mark.once

BEGIN = "def train(tables, parameters, output, seed):\n"
PROGRAMS = {
    "raises": ("    raise KeyError('no such column')\n", "KeyError"),
    "calls the network": (
        "    import socket\n    socket.create_connection(('192.0.2.1', 80), timeout=5)\n",
        "tried to use the network",
    ),
    "eats memory": ("    kept = bytearray(8 << 30)\n", "asked for more memory than it may use"),
    "hangs": ("    import time\n    time.sleep(600)\n", "longer than"),
    "is no Python": ("    this is not\n", "SyntaxError"),
}


@pytest.mark.django_db
@pytest.mark.sandbox
@pytest.mark.usefixtures("demo_instance")
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_entry_point_that_misbehaves_makes_no_version_and_its_run_says_why(
    settings, monkeypatch, tmp_path, loans_file, name
):
    code, said = PROGRAMS[name]
    (tmp_path / "entry.py").write_text(BEGIN + code)
    settings.PROBITY_ENTRY_POINTS = {"bad": str(tmp_path / "entry.py")}
    spec = training._spec
    monkeypatch.setattr(
        training, "_spec", lambda *given: replace(spec(*given), wall_seconds=6 if name == "hangs" else 120)
    )
    prepared = prepare(asked(loans_file))
    stage = set_stage(None)
    dataset = register(stage, prepared.table, "rows", prepared.schema)
    with pytest.raises(TrialFailedError, match=r"ended FAILED \(training_failed\)") as caught:
        train(stage, dataset, ("income", "debt"), 1, entry_point="bad")
    run = Run.objects.get()
    assert said in str(caught.value), str(caught.value)
    assert (run.status, run.error_code, said in run.error) == ("FAILED", "training_failed", True)
    assert ModelVersion.objects.count() == 0
