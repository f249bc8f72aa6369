"""The model is asked again on changed rows, in the sandbox; the rows are not kept, and a failure is told."""

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.promotion.needs.robustness import perturbed
from registry.artifacts import keep_tree, read_table
from registry.backends import inference
from registry.backends.inference import InferenceError
from registry.checks import Need
from registry.models import Actor, Artifact, Project, VersionKind
from registry.register import register_dataset_version, register_model, register_model_version
from tests.registry.scene import SCHEMA

pytestmark = pytest.mark.django_db
NOISE, MISSING = Need("noise", "perturbed", "noise 0.05"), Need("missing", "perturbed", "missing")


@pytest.fixture
def subject(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path / "home"
    project, actor = Project.default(), Actor.system("command")
    table = pa.table({"x": [0.1, 0.4, 0.6, 0.9], "y": ["0", "0", "1", "1"]})
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = register_dataset_version(
        project=project, name="judged", file=tmp_path / "rows.parquet", schema=SCHEMA, actor=actor
    )
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    model = register_model(project=project, name="m", tier="low", intended_use="tests", actor=actor)
    version = register_model_version(
        model=model, kind="tree", content=keep_tree(folder), details={"features": ["x"]}, actor=actor
    )
    return SimpleNamespace(version=version, evaluation=rows, threshold=0.5)


@pytest.fixture
def model(monkeypatch):
    """A model whose score is its feature, and that fails where it is missing."""

    def answer(_model, data, *, workdir, isolation, **_more):
        values = pq.read_table(data).column("x")
        if values.null_count:
            raise InferenceError("The model gave no answer: it stopped.", code="inference_failed")
        table = pa.table({"row": range(len(values)), "score": values})
        with pa.OSFile(str(workdir / "p"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return inference.Inference(workdir / "p", None, {"rows": len(values)}, isolation, "")

    monkeypatch.setattr(inference, "infer", answer)


def test_answers_to_changed_rows_stand_beside_those_to_the_rows_themselves(subject, model):
    table = read_table(perturbed(subject, NOISE, lambda *_: None))
    assert table.num_rows == 20
    assert table["base_score"].to_pylist() == [0.1, 0.4, 0.6, 0.9] * 5
    assert table["base_prediction"].to_pylist() == [False, False, True, True] * 5
    assert 0 < max(abs(one["score"] - one["base_score"]) for one in table.to_pylist()) < 0.1
    kept = Artifact.objects.values_list("media_type", flat=True)
    assert sum("parquet" in one for one in kept) == 1


def test_a_model_that_fails_is_told_in_the_table_and_one_that_is_not_here_has_none(subject, model):
    table = read_table(perturbed(subject, MISSING, lambda *_: None))
    assert table.num_rows == 0
    assert b"it stopped" in table.schema.metadata[b"error"]
    elsewhere = SimpleNamespace(version=SimpleNamespace(kind=VersionKind.PREDICTIONS), evaluation=subject.evaluation)
    assert perturbed(elsewhere, NOISE, None) is None
