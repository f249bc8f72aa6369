"""A served model is asked for the score of the label that its deployment names, not of one that is assumed."""

import pytest

from registry.backends import detached
from registry.backends.base import ServeSpec
from registry.backends.serving import keeper, server
from registry.backends.serving.local import LocalServing


@pytest.mark.parametrize("positive", ["1", "yes", "0"])
def test_the_label_of_the_deployment_reaches_the_model(positive, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(keeper, "check_tree", lambda *_given: None)
    monkeypatch.setattr(keeper, "SandboxProcess", lambda _program, body, **_more: asked.append(body))
    spec = ServeSpec(
        deployment_id="d",
        manifest_digest="m" * 64,
        model_digest="t" * 64,
        model_path=tmp_path / "model",
        features=("x",),
        positive=positive,
        threshold=0.5,
        workdir=tmp_path,
    )
    detached.write_json(tmp_path / server.SPEC, LocalServing()._document(spec))
    keeper.Keeper(server._served(tmp_path), tmp_path).start()
    assert asked == [{"model": str(tmp_path / server.MODEL), "features": ["x"], "positive": positive}]
