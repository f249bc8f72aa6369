"""Fixtures: one promotion that was waived, approved and released, sequenced, attested and packed once for all tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from governance.exports.attesting import Attesting
from governance.exports.pack.build import write_pack
from governance.exports.pack.ready import ready
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer
from registry.models import Project
from tests.governance.cheap import stand_in
from tests.governance.stage import STRADDLES, Stage, build, deployment_of

SIGNER = Ed25519Signer("example.org/log", b"\x01" * 32)
RING = Keyring((SIGNER,))


@dataclass
class Signing:
    """The sequencer of a test, with its follower."""

    sequencer: Sequencer
    attesting: Attesting

    def catch_up(self) -> None:
        while self.sequencer.step():
            pass
        self.attesting.follow()


def signing(folder: Path, ring: Keyring = RING) -> Signing:
    return Signing(Sequencer(ring, Memory(folder / "memory")), Attesting(ring))


def pack(promotion: Any, place: Path) -> Path:
    with place.open("wb") as file:
        write_pack(ready(promotion), file)
    return place


class _Settings:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        object.__setattr__(self, "patch", monkeypatch)

    def __setattr__(self, name: str, value: object) -> None:
        self.patch.setattr(settings, name, value)


@dataclass
class Packed:
    """Three packs of one promotion: while it waited, when it was released, and as one of several projects."""

    waiting: Path
    released: Path
    again: Path
    part: Path
    promotion: str


def _live_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Packed:
    changed = _Settings(monkeypatch)
    changed.PROBITY_HOME = folder / "home"
    stage: Stage = build(folder, stand_in(changed, monkeypatch), monkeypatch)
    stage.assign(**STRADDLES)
    one = signing(folder)
    promotion = stage.approved()
    one.catch_up()
    waiting = pack(promotion, folder / "waiting.zip")
    stage.release(promotion)
    assert deployment_of(promotion).state == "LIVE"
    one.catch_up()
    released, again = pack(promotion, folder / "released.zip"), pack(promotion, folder / "again.zip")
    Project.objects.create(slug="another")
    part = pack(promotion, folder / "part.zip")
    return Packed(waiting, released, again, part, str(promotion.pk))


@pytest.fixture(scope="session")
def packed(django_db_setup, django_db_blocker, tmp_path_factory) -> Packed:
    folder = tmp_path_factory.mktemp("packed")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as monkeypatch, transaction.atomic():
        found = _live_through(folder, monkeypatch)
        transaction.set_rollback(True)
    return found
