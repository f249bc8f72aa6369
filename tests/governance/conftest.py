"""Fixtures of the judgement's tests: a small stage in a transaction, or in a database where commits are commits."""

from pathlib import Path

import pytest

from tests.governance.cheap import stand_in
from tests.governance.stage import Stage, build


@pytest.fixture
def bare_stage(db, settings, monkeypatch, tmp_path: Path) -> Stage:
    """People, model and rows, and no policy."""
    settings.PROBITY_HOME = tmp_path / "home"
    return build(tmp_path, stand_in(settings, monkeypatch), monkeypatch)


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    """The stage under a policy whose limits a good version meets."""
    bare_stage.assign()
    return bare_stage


@pytest.fixture
def committed_stage(committed_db, settings, monkeypatch, tmp_path: Path) -> Stage:
    """The stage in a database of its own, for threads; nothing answers at the broker's address."""
    settings.PROBITY_HOME = tmp_path / "home"
    made = build(tmp_path, stand_in(settings, monkeypatch), monkeypatch)
    made.assign()
    return made
