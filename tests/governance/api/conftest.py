"""Fixtures of the API's tests: a small world with cheap plug-ins, and MLflow's aliases kept in memory."""

from typing import Any

import pytest

from registry.sources import mlflow
from tests.governance.api.plugins import CheapServing
from tests.governance.api.world import World, build, policy_text

HERE = "tests.governance.api.plugins"


@pytest.fixture
def plugins(settings, monkeypatch) -> None:
    """Cheap checks, cheap serving, no MLflow."""
    settings.PROBITY_CHECKS = {"cheap": f"{HERE}.check"}
    settings.PROBITY_SERVING_BACKENDS = {"local": f"{HERE}.CheapServing"}
    monkeypatch.setattr(CheapServing, "served", {})
    monkeypatch.setattr(CheapServing, "away", False)
    answers: dict[str, Any] = {"set_alias": None, "delete_alias": None, "read_alias": ("", "")}
    for name, answer in answers.items():
        monkeypatch.setattr(mlflow, name, lambda *_arguments, answer=answer: answer)


@pytest.fixture
def bare(db, plugins, tmp_path) -> World:
    """The world without a policy."""
    return build(tmp_path)


@pytest.fixture
def world(bare) -> World:
    """The world under a policy whose check passes."""
    bare.assign(policy_text())
    return bare
