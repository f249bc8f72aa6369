"""Two records, each made once: one of plain entries, one of a real promotion with a waiver and two logs."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from governance.exports.publish import Publishing
from registry.ledger.keyring import Keyring
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer
from registry.ledger.succession import freeze, succeed
from registry.models import Actor
from tests.governance.cheap import stand_in
from tests.governance.exports.offline.making import NEXT, SIGNER, cosign_file, plain_entries, write_log
from tests.governance.stage import STRADDLES, build


class _Settings:
    """Django's settings as a test writes them, put back with everything else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        object.__setattr__(self, "patch", monkeypatch)

    def __setattr__(self, name: str, value: object) -> None:
        self.patch.setattr(settings, name, value)


def _drain(sequencer: Sequencer, most: int = 4096) -> None:
    while sequencer.step(most):
        pass


def _live_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promote a model whose value straddles a limit, freeze the log, and promote another one in its successor."""
    changed = _Settings(monkeypatch)
    changed.PROBITY_HOME = folder / "home"
    stage = build(folder, stand_in(changed, monkeypatch), monkeypatch)
    publishing, memory = Publishing(folder / "record"), Memory(folder / "memory")
    sequencer = Sequencer(Keyring((SIGNER,)), memory)
    stage.assign(**STRADDLES)
    sequencer.step(40)
    publishing.follow()
    shutil.copy(folder / "record/logs/1/checkpoint", folder / "older")
    stage.released()
    freeze(reason="moved", actor=Actor.system("command"))
    _drain(sequencer)
    succeed(NEXT.key.name, None, reason="moved", actor=Actor.system("command"))
    stage.released()
    _drain(Sequencer(Keyring((NEXT,)), memory))
    publishing.follow()


@pytest.fixture(scope="session")
def _lived(django_db_setup, django_db_blocker, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as monkeypatch, transaction.atomic():
        _live_through(folder, monkeypatch)
        transaction.set_rollback(True)
    for number in (1, 2):
        cosign_file(folder / f"record/logs/{number}/checkpoint")
    return folder


@pytest.fixture
def lived(_lived, tmp_path) -> Path:
    """A folder with ``record``, ``older`` (a checkpoint of its first log) of a test's own."""
    return Path(shutil.copytree(_lived, tmp_path / "lived", ignore=shutil.ignore_patterns("home", "model-*")))


@pytest.fixture
def plain(tmp_path) -> Path:
    """A record of 600 entries, published at three sizes, cosigned."""
    write_log(tmp_path / "plain/logs/1", plain_entries(), sizes=(10, 300, 560), at=1_800_000_000)
    return tmp_path / "plain"
