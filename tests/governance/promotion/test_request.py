"""What can be asked for, by whom, and what a request binds."""

from decimal import Decimal

import pytest

from governance.models import PromotionRequest
from governance.policies.assign import NoPolicyError
from governance.promotion.request import NotPermittedError, ThresholdError, VersionRetiredError, request_promotion
from governance.promotion.retire import retire
from governance.promotion.subject import EvaluationSetMissingError
from registry.canonical import digest
from registry.models import ReleaseManifest, Run
from registry.register import create_environment, revoke_role
from tests.governance.stage import REASON, events, fresh


def test_a_request_binds_the_manifest_and_the_policy_that_the_server_resolved(stage):
    version = stage.version()
    promotion = stage.request(version, threshold=0.35, intended_use="Screening.")
    document = promotion.manifest.document
    assert promotion.manifest_id == digest(document)
    assert document["members"] == [{"version": version.digest, "role": "champion", "share": "1"}]
    assert Decimal(document["rule"]["threshold"]) == Decimal("0.35")
    assert document["evaluation_set"] == stage.evaluation.digest
    assert (document["incumbent"], document["intended_use"]) == (None, "Screening.")
    assert promotion.policy == stage.policy()
    requested = events(promotion, "promotion.requested")[0]
    assert (requested["subject_digest"], requested["policy"]) == (promotion.manifest_id, promotion.policy_id)
    assert Run.objects.get(subject=f"promotion:{promotion.pk}").status == "QUEUED"


@pytest.mark.parametrize("who", ["requester", "engineer", "administrator", "service"])
def test_who_holds_a_role_for_it_may_ask(stage, who):
    assert stage.request(who=who).requester == stage.people[who]


@pytest.mark.parametrize("who", ["validator", "officer", "risk", "auditor", "stranger"])
def test_who_holds_no_role_for_it_may_not_ask(stage, who):
    with pytest.raises(NotPermittedError, match="takes one of the roles"):
        stage.request(who=who)
    assert not PromotionRequest.objects.exists()


def test_a_role_that_was_taken_away_no_longer_counts(stage):
    revoke_role(stage.people["requester"], project=stage.project, role="requester", actor=stage.actor("administrator"))
    with pytest.raises(NotPermittedError):
        stage.request()


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), -float("inf")])
def test_a_threshold_outside_of_zero_to_one_is_refused(stage, threshold):
    with pytest.raises(ThresholdError, match="between 0 and 1"):
        stage.request(threshold=threshold)
    assert not PromotionRequest.objects.exists()


@pytest.mark.parametrize("threshold", [0, 0.5, 1])
def test_both_ends_of_the_range_are_thresholds(stage, threshold):
    assert Decimal(stage.request(threshold=threshold).manifest.document["rule"]["threshold"]) == Decimal(str(threshold))


def test_without_a_policy_nothing_can_be_asked_for(bare_stage):
    with pytest.raises(NoPolicyError, match="no policy is assigned to the limited tier in production"):
        bare_stage.request()
    assert not PromotionRequest.objects.exists()


def test_a_policy_that_one_person_proposed_does_not_replace_the_one_in_force(stage):
    from governance.policies.assign import propose

    lax = stage.policy(version="lax", auc="0.1")
    propose(environment=stage.environment, tier="limited", policy=lax, actor=stage.actor("administrator"))
    assert stage.request().policy == stage.policy()


def test_an_environment_that_does_not_say_on_which_rows_it_judges_releases_nothing(stage):
    other = create_environment(project=stage.project, name="other", actor=stage.actor("administrator"))
    stage.environment = other
    stage.assign()
    with pytest.raises(EvaluationSetMissingError, match="other does not say on which rows it evaluates staged"):
        stage.request()
    assert not ReleaseManifest.objects.exists()


def test_a_retired_version_cannot_be_asked_for(stage):
    version = stage.version()
    retire(version, actor=stage.actor("officer"), reason=REASON)
    with pytest.raises(VersionRetiredError, match="was retired on"):
        stage.request(fresh(version))


def test_the_same_manifest_asked_for_twice_is_one_request(stage):
    version = stage.version()
    first = stage.request(version)
    assert stage.request(version, who="engineer") == first
    assert Run.objects.filter(subject=f"promotion:{first.pk}").count() == 1
    assert stage.request(version, threshold=0.4) != first
    assert stage.request(version, intended_use="Something else.") != first


def test_a_request_that_has_ended_can_be_made_again(stage):
    from governance.promotion.approve import withdraw

    version = stage.version()
    first = stage.request(version)
    withdraw(first, actor=stage.actor("requester"), reason=REASON)
    again = stage.request(version)
    assert again != first
    assert (again.manifest, again.state) == (first.manifest, "OPEN")


def test_a_broker_that_is_away_does_not_lose_a_request(committed_stage):
    promotion = committed_stage.request()
    assert fresh(promotion).state == "OPEN"
    assert committed_stage.assess(promotion).status == "SUCCEEDED"
    assert fresh(promotion).state == "AWAITING_DECISION"


def test_a_request_on_behalf_of_somebody_says_so(stage):
    promotion = request_promotion(
        version=stage.version(),
        environment=stage.environment,
        actor=stage.actor("service"),
        on_behalf_of=stage.people["officer"],
    )
    assert events(promotion, "promotion.requested")[0]["data"]["on_behalf_of"] == str(stage.people["officer"].pk)
