"""What the processes of an instance are given: this program wherever it was started, and no store of somebody else."""

import subprocess
import sys

import pytest
from django.conf import settings

from governance.management.children import plan
from governance.management.commands.demo import environment_of

STORES = ("DATABASE_URL", "BROKER_URL", "MLFLOW_TRACKING_URI", "MLFLOW_ARTIFACT_ROOT")


@pytest.fixture
def stores(monkeypatch):
    """Stores that others use, named in the environment."""
    for name in STORES:
        monkeypatch.setenv(name, "redis://somebody.else/0")


def test_the_demo_keeps_everything_in_its_own_home(stores, monkeypatch, tmp_path):
    monkeypatch.setenv("PROBITY_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("HTTPS_PROXY", "kept")
    given = environment_of(tmp_path)
    assert [name for name in STORES if name in given] == []
    assert (given["PROBITY_HOME"], given["PROBITY_DEMO"], given["HTTPS_PROXY"]) == (str(tmp_path), "1", "kept")
    assert given["PROBITY_LOG_LEVEL"] == "WARNING"


@pytest.mark.parametrize("before", ["", "/somewhere/else"])
def test_every_child_of_the_service_finds_this_program_from_any_folder(stores, monkeypatch, tmp_path, before):
    monkeypatch.setenv("PYTHONPATH", before)
    for child in plan(port=0).children:
        found = subprocess.run(
            [sys.executable, "-c", "import governance; print(governance.__file__)"],
            env=dict(child.environment), cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout.startswith(str(settings.BASE_DIR))
        assert child.environment["PYTHONPATH"].endswith(before)
