"""Fixtures: a promotion that went all the way, committed, in a database of the test's own, and tools to tamper."""

import pytest

from governance.models import PromotionRequest
from governance.promotion.approve import approve
from governance.promotion.release import release, start_release
from tests.governance.api.world import World, build, policy_text, work
from tests.registry.scene import cheapen


@pytest.fixture
def committed(committed_db, settings, monkeypatch, tmp_path) -> World:
    settings.PROBITY_HOME = tmp_path / "home"
    cheapen(settings, monkeypatch)
    world = build(tmp_path)
    world.assign(policy_text())
    return world


@pytest.fixture
def released(committed) -> PromotionRequest:
    """A promotion that was asked for, measured, approved and released; and another one that waits."""
    promotion = committed.assessed()
    approve(
        promotion,
        actor=committed.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=promotion.evaluation_digest,
    )
    start_release(promotion, actor=committed.actor("engineer"))
    work(promotion, "release", release)
    committed.assessed(committed.new_version("second"))
    promotion.refresh_from_db()
    assert promotion.state == "RELEASED"
    return promotion
