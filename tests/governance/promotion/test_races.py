"""Two at once, in threads with real commits: there is one outcome, and one live thing or none."""

import threading
from typing import Any

import pytest
from django.db import connections

from governance.models import PromotionRequest
from governance.promotion.approve import DecisionRefusedError, StaleEvaluationError, reject
from governance.promotion.release import NotReleasableError, start_release
from governance.promotion.retire import StillServingError, retire
from governance.promotion.rollback import NothingToReturnToError, NotRunningError, roll_back
from governance.promotion.stop import stop
from governance.reconcile import reconcile
from governance.rules.states import TransitionError
from registry.backends.base import BackendError
from registry.models import Deployment, Run
from tests.governance.stage import REASON, deployment_of, events, fresh

REFUSALS = (
    DecisionRefusedError,
    StaleEvaluationError,
    NotReleasableError,
    NotRunningError,
    NothingToReturnToError,
    StillServingError,
    TransitionError,
    BackendError,
)
LONGEST = 120


def at_once(*deeds):
    """Do everything at the same moment; return what each returned or how it was refused."""
    start = threading.Barrier(len(deeds))
    results: list[Any] = [None] * len(deeds)

    def do(index, deed):
        try:
            start.wait(LONGEST)
            results[index] = deed()
        except REFUSALS as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert not any(thread.is_alive() for thread in threads)
    return results


def test_two_officers_of_two_stages_at_once_approve_together(committed_stage):
    promotion = committed_stage.assessed()
    results = at_once(
        lambda: committed_stage.approve(promotion, "validator"), lambda: committed_stage.approve(promotion, "officer")
    )
    assert not [one for one in results if isinstance(one, Exception)]
    assert fresh(promotion).state == "APPROVED"
    assert promotion.approvals.count() == 2
    assert len(events(promotion, "promotion.advanced")) == 4


def test_one_officer_who_clicks_twice_counts_once(committed_stage):
    promotion = committed_stage.assessed()
    results = at_once(*[lambda: committed_stage.approve(promotion, "officer")] * 2)
    refused = [one for one in results if isinstance(one, DecisionRefusedError)]
    assert [one.code for one in refused] == ["already_approved"]
    assert promotion.approvals.count() == 1


def test_a_yes_and_a_no_at_once_have_one_outcome(committed_stage):
    promotion = committed_stage.assessed()
    committed_stage.approve(promotion, "validator")
    digest = fresh(promotion).evaluation_digest

    def refuse():
        actor = committed_stage.actor("second")
        return reject(promotion, actor=actor, reason=REASON, evaluation_digest=digest)

    results = at_once(lambda: committed_stage.approve(promotion, "officer"), refuse)
    refused = [one for one in results if isinstance(one, DecisionRefusedError)]
    assert [one.code for one in refused] == ["nothing_to_decide"]
    expected = "REJECTED" if refused == [results[0]] else "APPROVED"
    assert fresh(promotion).state == expected
    assert {one["data"]["action"] for one in events(promotion, "approval.given")[1:]} == {
        "reject" if expected == "REJECTED" else "approve"
    }


def test_the_same_request_made_twice_at_once_is_one(committed_stage):
    version = committed_stage.version()
    first, second = at_once(*[lambda: committed_stage.request(version)] * 2)
    assert first == second
    assert PromotionRequest.objects.count() == 1
    assert Run.objects.filter(kind="assess").count() == 1


def test_a_release_begun_twice_at_once_is_one(committed_stage):
    promotion = committed_stage.approved()
    results = at_once(*[lambda: start_release(promotion, actor=committed_stage.actor("engineer"))] * 2)
    assert len([one for one in results if isinstance(one, NotReleasableError)]) == 1
    assert Deployment.objects.count() == 1
    assert committed_stage.perform_release(promotion).status == "SUCCEEDED"


@pytest.mark.parametrize("incumbent", [False, True])
def test_of_two_releases_at_once_one_is_live_and_the_other_failed(committed_stage, incumbent):
    if incumbent:
        committed_stage.released()
    promotions = [committed_stage.approved(), committed_stage.approved()]
    for promotion in promotions:
        start_release(promotion, actor=committed_stage.actor("engineer"))
    at_once(*[lambda promotion=one: committed_stage.perform_release(promotion) for one in promotions])
    reconcile()
    assert sorted(fresh(one).state for one in promotions) == ["RELEASED", "RELEASE_FAILED"]
    live = Deployment.objects.get(desired=True)
    assert set(committed_stage.outside.served) == {str(live.pk)}
    assert not Deployment.objects.filter(state="PENDING").exists()
    number = live.manifest.champion.source["mlflow_version"]
    assert set(committed_stage.outside.aliases.values()) == {number}


def test_the_same_release_performed_by_two_workers_is_done_once(committed_stage):
    promotion = committed_stage.approved()
    start_release(promotion, actor=committed_stage.actor("engineer"))
    at_once(*[lambda: committed_stage.perform_release(promotion)] * 2)
    assert fresh(promotion).state == "RELEASED"
    assert len(events(deployment_of(promotion), "deployment.advanced")) == 1


def test_two_rollbacks_at_once_put_one_thing_back(committed_stage):
    committed_stage.released()
    second = committed_stage.released()
    actor = committed_stage.actor("engineer")
    at_once(*[lambda: roll_back(fresh(second), actor=actor, reason=REASON)] * 2)
    reconcile()
    live = Deployment.objects.get(desired=True)
    assert (fresh(second).state, live.previous_id) == ("ROLLED_BACK", second.pk)
    assert set(committed_stage.outside.served) == {str(live.pk)}
    assert not Deployment.objects.filter(state="PENDING").exists()
    assert len([one for one in events(second, "deployment.advanced") if one["data"]["to"] == "ROLLED_BACK"]) == 1


@pytest.mark.parametrize("other", ["release", "stop"])
def test_a_rollback_and_something_else_at_once_agree_on_what_is_live(committed_stage, other):
    committed_stage.released()
    second = committed_stage.released()
    promotion = committed_stage.approved()
    start_release(promotion, actor=committed_stage.actor("engineer"))
    actor = committed_stage.actor("officer")
    deeds = {
        "release": lambda: committed_stage.perform_release(promotion),
        "stop": lambda: stop(fresh(second), actor=actor, reason=REASON),
    }
    at_once(lambda: roll_back(fresh(second), actor=actor, reason=REASON), deeds[other])
    reconcile()
    live = Deployment.objects.filter(desired=True).first()
    assert set(committed_stage.outside.served) == ({str(live.pk)} if live else set())
    assert Deployment.objects.filter(state="LIVE").count() == (1 if live else 0)
    if other == "release":
        assert live is not None


def test_retiring_while_a_release_takes_over_never_leaves_a_retired_version_live(committed_stage):
    promotion = committed_stage.approved()
    start_release(promotion, actor=committed_stage.actor("engineer"))
    actor = committed_stage.actor("officer")
    at_once(
        lambda: committed_stage.perform_release(promotion),
        lambda: retire(fresh(promotion.version), actor=actor, reason=REASON),
    )
    retired = hasattr(fresh(promotion.version), "retirement")
    assert fresh(promotion).state == ("RELEASE_FAILED" if retired else "RELEASED")
    assert (committed_stage.live() is None) == retired
