"""Fixtures of the facts' tests: a small world with cheap plug-ins."""

import pytest

from tests.governance.api.world import World, build, policy_text
from tests.registry.scene import cheapen


@pytest.fixture
def plugins(settings, monkeypatch, tmp_path) -> None:
    """Cheap checks and serving, no MLflow, and a home of the test's own."""
    settings.PROBITY_HOME = tmp_path / "home"
    cheapen(settings, monkeypatch)


@pytest.fixture
def world(db, plugins, tmp_path) -> World:
    """People, a model and a policy whose check passes, in a transaction that is rolled back."""
    made = build(tmp_path)
    made.assign(policy_text())
    return made


@pytest.fixture
def committed_world(committed_db, plugins, tmp_path) -> World:
    """The same, committed, in a database of the test's own."""
    made = build(tmp_path)
    made.assign(policy_text())
    return made
