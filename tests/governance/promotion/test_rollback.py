"""The way back, and the way out: neither waits for a gate, and a dead backend keeps nobody from stopping."""

import pytest

from governance.models import PromotionRequest
from governance.promotion.release import start_release
from governance.promotion.request import NotPermittedError
from governance.promotion.retire import retire
from governance.promotion.rollback import NothingToReturnToError, NotRunningError, roll_back
from governance.promotion.stop import stop
from governance.reconcile import reconcile
from governance.watch import put_under_review
from registry.backends.base import BackendError
from registry.models import Actor, Deployment
from tests.governance.stage import MISSES, REASON, deployment_of, events, fresh

ALIAS = "default.staged@champion"
OPERATORS = ["engineer", "validator", "officer", "risk", "administrator"]
OTHERS = ["requester", "auditor", "stranger", "service"]


def back(stage, deployment, who="engineer"):
    return roll_back(deployment, actor=stage.actor(who), reason=REASON)


def test_the_last_approved_manifest_returns_as_a_deployment_of_its_own(stage):
    first, second = stage.released(), stage.released()
    third = back(stage, second)
    assert (fresh(second).state, fresh(first).state) == ("ROLLED_BACK", "SUPERSEDED")
    assert (third.state, third.previous, third.manifest) == ("LIVE", second, first.manifest)
    assert third.promotion_id == first.promotion_id
    assert set(stage.outside.served) == {str(third.pk)}
    assert stage.outside.aliases == {ALIAS: "1"}
    assert third.monitor.active
    assert REASON not in str(events(second) + events(third))


def test_from_under_review_one_can_go_back_too(stage):
    stage.released()
    second = put_under_review(stage.released(), actor=Actor.system(), reason="drift")
    assert back(stage, second).state == "LIVE"


def test_with_nothing_to_return_to_it_goes_on_and_says_so(stage):
    deployment = stage.released()
    with pytest.raises(NothingToReturnToError, match="no earlier approved manifest of staged in production"):
        back(stage, deployment)
    assert fresh(deployment).state == "LIVE"
    assert set(stage.outside.served) == {str(deployment.pk)}


def test_one_does_not_return_to_what_was_retired_stopped_or_rolled_back(stage):
    first = stage.released()
    second = stage.released()
    third = stage.released()
    retire(second.manifest.champion, actor=stage.actor("officer"), reason=REASON)
    returned = back(stage, third)
    assert returned.manifest == first.manifest
    with pytest.raises(NothingToReturnToError):
        back(stage, returned)


def test_going_back_twice_is_refused_the_second_time_also_by_who_holds_an_old_copy(stage):
    stage.released()
    second = stage.released()
    old_copy = fresh(second)
    returned = back(stage, second)
    for copy in (second, old_copy):
        with pytest.raises(NotRunningError, match="the deployment is ROLLED_BACK; there is nothing to roll back"):
            back(stage, copy)
    assert set(stage.outside.served) == {str(returned.pk)}
    assert not Deployment.objects.filter(state="PENDING").exists()


def test_who_comes_too_late_leaves_nothing_running(stage, monkeypatch):
    """While one rolls back and has the earlier model running, another stops everything."""
    from governance.promotion import rollback

    stage.released()
    second = stage.released()
    serve = rollback.serve

    def served_while_stopped(deployment):
        serve(deployment)
        stop(fresh(second), actor=stage.actor("officer"), reason=REASON)

    monkeypatch.setattr(rollback, "serve", served_while_stopped)
    with pytest.raises(NotRunningError, match=r"somebody else ended the deployment.* it is STOPPED"):
        back(stage, second)
    assert (stage.live(), stage.outside.served, stage.outside.aliases) == (None, {}, {})
    assert not Deployment.objects.filter(state="PENDING").exists()


def test_a_rollback_during_a_release_wins_and_the_release_fails(stage):
    first, second = stage.released(), stage.released()
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    returned = back(stage, second)
    stage.perform_release(promotion)
    assert fresh(promotion).state == "RELEASE_FAILED"
    assert (stage.live(), returned.manifest) == (returned, first.manifest)
    assert set(stage.outside.served) == {str(returned.pk)}


def test_what_was_released_meanwhile_cannot_be_rolled_back_by_its_predecessors_name(stage):
    stage.released()
    second = stage.released()
    third = stage.released()
    with pytest.raises(NotRunningError, match="SUPERSEDED"):
        back(stage, second)
    assert stage.live() == third


def test_a_backend_that_is_away_leaves_the_deployment_running_and_the_next_try_goes_on(stage):
    stage.released()
    second = stage.released()
    stage.outside.away.add("deploy")
    for _ in range(2):
        with pytest.raises(BackendError, match="deploy is not answered"):
            back(stage, second)
    assert fresh(second).state == "LIVE"
    assert Deployment.objects.filter(state="PENDING").count() == 1
    stage.outside.away.clear()
    assert back(stage, second).state == "LIVE"
    assert not Deployment.objects.filter(state="PENDING").exists()


def test_going_back_waits_for_no_policy_evidence_or_approval(stage):
    stage.released()
    second = stage.released()
    stage.later(days=400)
    stage.assign(**MISSES)
    assert back(stage, second).state == "LIVE"


def test_a_dead_old_endpoint_is_left_to_the_reconciler(stage):
    stage.released()
    second = stage.released()
    stage.outside.away.add("stop")
    returned = back(stage, second)
    assert returned.state == "LIVE"
    stage.outside.away.clear()
    reconcile()
    assert set(stage.outside.served) == {str(returned.pk)}


# --- stop ---


@pytest.mark.parametrize("broken", [set(), {"stop"}, {"stop", "alias"}, {"stop", "alias", "deploy"}])
@pytest.mark.parametrize("state", ["LIVE", "UNDER_REVIEW"])
def test_one_can_always_stop(stage, broken, state):
    deployment = stage.released()
    if state == "UNDER_REVIEW":
        put_under_review(deployment, actor=Actor.system(), reason="drift")
    stage.outside.away.update(broken)
    stopped = stop(fresh(deployment), actor=stage.actor("engineer"), reason=REASON)
    assert (stopped.state, stage.live()) == ("STOPPED", None)
    stage.outside.away.clear()
    reconcile()
    assert (stage.outside.served, stage.live()) == ({}, None)
    assert REASON not in str(events(deployment))


def test_what_is_stopped_stays_stopped(stage):
    first = stage.released()
    second = stage.released()
    stop(second, actor=stage.actor("engineer"), reason=REASON)
    for act in (stop, roll_back):
        with pytest.raises(NotRunningError, match="STOPPED"):
            act(fresh(second), actor=stage.actor("engineer"), reason=REASON)
    assert fresh(first).state == "SUPERSEDED"
    assert reconcile()["served"] == 0
    assert stage.outside.served == {}


def test_stopping_while_a_release_goes_on_keeps_that_from_going_live(stage):
    deployment = stage.released()
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    stop(deployment, actor=stage.actor("engineer"), reason=REASON)
    stage.perform_release(promotion)
    assert (fresh(promotion).state, stage.live(), stage.outside.served) == ("RELEASE_FAILED", None, {})


@pytest.mark.parametrize("who", OPERATORS)
def test_who_operates_may_stop_and_go_back(stage, who):
    stage.released()
    returned = back(stage, stage.released(), who)
    assert stop(returned, actor=stage.actor(who), reason=REASON).state == "STOPPED"


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("act", [stop, roll_back])
def test_who_does_not_operate_may_neither_stop_nor_go_back(stage, act, who):
    stage.released()
    second = stage.released()
    if who == "service":
        from registry.register import revoke_role

        administrator = stage.actor("administrator")
        role = "compliance_officer"
        revoke_role(stage.people["service"], project=stage.project, role=role, actor=administrator)
    with pytest.raises(NotPermittedError):
        act(second, actor=stage.actor(who), reason=REASON)
    assert fresh(second).state == "LIVE"


def test_a_decision_of_the_way_back_needs_no_new_approval_row(stage):
    first = stage.released()
    promotion = PromotionRequest.objects.get(pk=first.promotion_id)
    approvals = promotion.approvals.count()
    returned = back(stage, stage.released())
    assert promotion.approvals.count() == approvals
    assert deployment_of(promotion) == returned
