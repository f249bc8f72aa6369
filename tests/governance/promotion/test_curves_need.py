"""The curves of a training reach the check: from event files among the version's files, or from MLflow's history."""

from types import SimpleNamespace

import pytest

from governance.promotion.needs.training import CurvesUnreadableError, curves
from monitoring.statistics.training_curves import read_curves
from registry.artifacts import keep_tree, read_document
from registry.checks import Need
from registry.models import VersionKind
from registry.sources import mlflow
from tests.registry.test_tensorboard import SIMPLE, TENSORS

pytestmark = pytest.mark.django_db
NEED = Need("curves", "curves", "train")


def _subject(tmp_path, files, **source):
    folder = tmp_path / "model"
    (folder / "train").mkdir(parents=True)
    (folder / "model.json").write_text("{}")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    version = SimpleNamespace(kind=VersionKind.TREE, content_id=keep_tree(folder).pk, source=source)
    return SimpleNamespace(version=version)


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path / "home"


def test_event_files_are_read_by_folder_and_the_run_is_finished_where_all_of_them_stopped(tmp_path):
    files = {"train/events.out.tfevents.1": TENSORS}
    document = read_document(curves(_subject(tmp_path, files), NEED, None))
    assert [(one.name, len(one.values)) for one in read_curves(document)] == [("train/epoch_loss", 2)]
    assert (document["source"], document["status"], document["complete"]) == ("tensorboard", "FINISHED", True)


def test_a_file_that_breaks_off_is_told_and_a_damaged_one_is_an_error_with_its_name(tmp_path):
    files = {"events.out.tfevents.1": SIMPLE[:-3], "events.out.tfevents.2": TENSORS}
    document = read_document(curves(_subject(tmp_path, files), NEED, None))
    assert (document["status"], document["complete"]) == ("", False)
    damaged = {"train/events.out.tfevents.1": b"\0" * 40}
    with pytest.raises(CurvesUnreadableError, match="train/events"):
        curves(_subject(tmp_path / "other", damaged), NEED, None)


def test_without_event_files_the_history_of_the_run_is_read(tmp_path, monkeypatch):
    history = {"loss": [(0, 1.0), (1, float("nan"))]}
    monkeypatch.setattr(mlflow, "read_curves", lambda run: (f"status of {run}", history))
    document = read_document(curves(_subject(tmp_path, {}, mlflow_run="r1"), NEED, None))
    assert (document["source"], document["status"]) == ("mlflow", "status of r1")
    assert document["curves"] == [{"name": "loss", "points": [[0, "1"], [1, "nan"]]}]
    assert curves(_subject(tmp_path / "none", {}), NEED, None) is None
