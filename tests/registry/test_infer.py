"""Inferences: made once for the same question; another positive label or other features are another question."""

from pathlib import Path

import pytest

from registry import infer
from registry.artifacts import keep_bytes
from registry.backends import inference
from registry.infer import infer_version
from registry.models import Inference
from tests.registry.scene import SCHEMA

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The positive labels that the sandbox was asked about, whose answer is the label itself."""
    labels: list[str] = []

    def answer(_model, _data, *, positive, workdir: Path, isolation, **_more):
        labels.append(positive)
        (workdir / "scores").write_text(positive)
        return inference.Inference(workdir / "scores", None, {"rows": 4}, isolation, "")

    monkeypatch.setattr(inference, "infer", answer)
    return labels


def ask(version, data, **schema) -> Inference:
    return infer_version(version, data_digest=data, schema=SCHEMA | schema)


def test_the_same_question_is_asked_once_and_another_positive_label_is_another(world, asked):
    data = keep_bytes(b"rows").digest
    one, zero = ask(world.version, data), ask(world.version, data, positive="0")
    assert one.scores_id != zero.scores_id
    assert ask(world.version, data).pk == one.pk
    assert ask(world.version, data, positive="0").pk == zero.pk
    assert ask(world.version, data, text=["note"]).pk == one.pk, (
        "the model is asked the same, whatever else is declared"
    )
    assert asked == ["1", "0"]


def test_an_answer_without_isolation_is_not_one_where_isolation_is_wanted(world, asked, settings):
    data = keep_bytes(b"rows").digest
    settings.PROBITY_SANDBOX = "none"
    open_ = ask(world.version, data)
    settings.PROBITY_SANDBOX = "landlock+seccomp"
    kept = ask(world.version, data)
    assert (open_.isolation, kept.isolation, len(asked)) == ("none", infer.isolation(), 2)
    settings.PROBITY_SANDBOX = "none"
    assert ask(world.version, data).pk == kept.pk


def test_an_image_is_asked_in_a_container_or_refused_with_what_can_be_done(world, monkeypatch):
    from registry.backends import image
    from registry.models import Actor
    from registry.register import register_model_version

    details = {"features": ["x"], "image": "credit", "image_digest": "sha256:" + "a" * 64}
    version = register_model_version(model=world.version.model, kind="image", details=details, actor=Actor.system())
    data = keep_bytes(b"rows").digest
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("pyarrow.parquet.read_metadata", lambda _data: pytest.fail("it was read without an engine"))
    with pytest.raises(inference.InferenceError, match="can be handed in instead") as caught:
        ask(version, data)
    assert caught.value.code == "inference_no_engine"

    def answer(found, _data, *, workdir: Path, **_more):
        (workdir / "scores").write_text(found.reference())
        return inference.Inference(workdir / "scores", None, {"rows": 4}, "container", "")

    monkeypatch.setattr(image, "ask_image", answer)
    made = ask(version, data)
    assert (made.isolation, made.attributions_id) == ("container", None)
    assert ask(version, data).pk == made.pk
