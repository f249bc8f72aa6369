"""What goes out, what does not after all, and that there is one live thing or none."""

from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import IntegrityError, transaction

from governance.models import PromotionRequest
from governance.promotion.approve import revoke
from governance.promotion.release import NotReleasableError, start_release
from governance.promotion.request import NotPermittedError, VersionRetiredError
from governance.promotion.retire import StillServingError, retire
from governance.promotion.rollback import roll_back
from governance.promotion.stop import stop
from governance.reconcile import reconcile
from registry import run
from registry.artifacts import purge
from registry.models import Artifact, Deployment, Observation
from tests.governance.cheap import mlflow_digest
from tests.governance.stage import MISSES, REASON, STRADDLES, deployment_of, events, fresh

ALIAS = "default.staged@champion"


def test_what_was_approved_is_what_is_served(stage):
    deployment = stage.released(stage.version())
    promotion = PromotionRequest.objects.get(pk=deployment.promotion_id)
    assert (promotion.state, deployment.state, deployment.desired) == ("RELEASED", "LIVE", True)
    spec = stage.outside.served[str(deployment.pk)]
    assert spec.model_digest == promotion.version.content_id
    assert (spec.manifest_digest, spec.threshold) == (promotion.manifest_id, 0.5)
    assert stage.outside.aliases == {ALIAS: "1"}
    observed = Observation.objects.get(deployment=deployment)
    assert (observed.healthy, observed.manifest_digest) == (True, promotion.manifest_id)
    assert deployment.monitor.baselines.count() == 1
    steps = [one["data"]["to"] for one in events(promotion, "promotion.advanced")]
    assert steps[-3:] == ["APPROVED", "RELEASING", "RELEASED"]


def test_a_newer_release_takes_the_place_of_the_one_before(stage):
    first, second = stage.released(), stage.released()
    assert (fresh(first).state, fresh(first).desired) == ("SUPERSEDED", False)
    assert (second.state, second.previous) == ("LIVE", first)
    assert set(stage.outside.served) == {str(second.pk)}
    assert stage.outside.aliases == {ALIAS: "2"}


@pytest.mark.parametrize("who", ["requester", "engineer"])
def test_who_may_release(stage, who):
    assert start_release(stage.approved(), actor=stage.actor(who)).kind == "release"


@pytest.mark.parametrize("who", ["officer", "validator", "administrator", "auditor", "stranger"])
def test_who_may_not_release(stage, who):
    promotion = stage.approved()
    with pytest.raises(NotPermittedError):
        start_release(promotion, actor=stage.actor(who))
    assert fresh(promotion).state == "APPROVED"


@pytest.mark.parametrize("state", ["OPEN", "AWAITING_DECISION", "BLOCKED", "RELEASED", "RELEASING"])
def test_what_is_not_approved_is_not_released(bare_stage, state):
    bare_stage.assign(**(MISSES if state == "BLOCKED" else {}))
    if state == "RELEASED":
        promotion = fresh(PromotionRequest.objects.get(pk=bare_stage.released().promotion_id))
    elif state == "RELEASING":
        promotion = bare_stage.approved()
        start_release(promotion, actor=bare_stage.actor("engineer"))
    else:
        promotion = bare_stage.request() if state == "OPEN" else bare_stage.assessed()
    deployments = Deployment.objects.count()
    with pytest.raises(NotReleasableError, match=f"the promotion is {state}, not APPROVED; nothing was released"):
        start_release(promotion, actor=bare_stage.actor("engineer"))
    assert Deployment.objects.count() == deployments


def test_a_row_that_says_approved_without_a_decision_is_refused_by_the_database(stage):
    promotion = stage.assessed()
    for state in ("APPROVED", "RELEASING", "RELEASED"):
        with pytest.raises(IntegrityError, match="only with an AUTHORISED decision"), transaction.atomic():
            PromotionRequest.objects.filter(pk=promotion.pk).update(state=state)
    assert fresh(promotion).state == "AWAITING_DECISION"


def test_a_deployment_cannot_be_made_live_by_writing_so(stage):
    released = stage.released()
    other = stage.assessed()
    Deployment.objects.filter(pk=released.pk).update(state="STOPPED", desired=False)
    with pytest.raises(IntegrityError, match="only with an AUTHORISED decision"), transaction.atomic():
        Deployment.objects.filter(pk=released.pk).update(promotion_id=other.pk, state="LIVE", desired=True)


# --- judged again at the last moment ---


def _purged(stage, promotion):
    kept = promotion.evidence.get(check_run__check_name="performance").check_run.report_digest
    purge(Artifact.objects.get(pk=kept), actor=stage.actor("administrator"), reason="retention has ended")


def _incumbent_changed(stage, _promotion):
    stop(stage.live(), actor=stage.actor("engineer"), reason=REASON)


CHANGES = {
    "aged": (lambda stage, _: stage.later(days=31), "evidence, waivers or policy have changed"),
    "purged": (_purged, "evidence, waivers or policy have changed"),
    "approvals have ended": (lambda stage, _: stage.later(days=15), "the decision is now PENDING"),
    "incumbent": (_incumbent_changed, "what the environment serves has changed since the request"),
    "retired": (
        lambda stage, promotion: retire(promotion.version, actor=stage.actor("officer"), reason=REASON),
        "the version was retired",
    ),
    "another policy": (lambda stage, _: stage.assign(**STRADDLES), "has come to rule this request"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_release_is_judged_again_and_fails_with_nothing_of_it_live(stage, change):
    act, why = CHANGES[change]
    incumbent = stage.released()
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    act(stage, promotion)
    assert stage.perform_release(promotion).status == "SUCCEEDED"
    promotion = fresh(promotion)
    assert promotion.state == "RELEASE_FAILED"
    assert why in promotion.detail
    assert deployment_of(promotion).state == "FAILED"
    assert str(deployment_of(promotion).pk) not in stage.outside.served
    assert stage.live() == (None if change == "incumbent" else incumbent)


def test_what_changes_while_it_is_being_deployed_does_not_go_live(stage, monkeypatch):
    from governance.promotion import release as releasing

    promotion = stage.approved()
    serve = releasing.serve

    def served_while_retired(deployment):
        serve(deployment)
        retire(promotion.version, actor=stage.actor("officer"), reason=REASON)

    monkeypatch.setattr(releasing, "serve", served_while_retired)
    stage.release(promotion)
    assert fresh(promotion).state == "RELEASE_FAILED"
    assert deployment_of(promotion).state == "FAILED"
    assert (stage.live(), stage.outside.served, stage.outside.aliases) == (None, {}, {})


def test_of_two_approved_requests_the_second_to_be_released_fails_and_says_why(stage):
    first, second = stage.approved(), stage.approved()
    start_release(first, actor=stage.actor("engineer"))
    start_release(second, actor=stage.actor("engineer"))
    stage.perform_release(second)
    stage.perform_release(first)
    assert (fresh(first).state, fresh(second).state) == ("RELEASE_FAILED", "RELEASED")
    assert "has changed since the request" in fresh(first).detail
    assert set(stage.outside.served) == {str(deployment_of(second).pk)}
    assert Deployment.objects.filter(state="PENDING").count() == 0


def test_what_was_asked_for_beside_another_version_must_be_asked_for_again(stage):
    waiting, released = stage.assessed(), stage.released()
    assert fresh(waiting).state == "SUPERSEDED"
    again = stage.assessed(waiting.version)
    assert again != waiting
    assert again.manifest.document["incumbent"] == released.manifest_id
    assert again.evidence.filter(check_run__check_name="performance").exists()


# --- what is outside fails ---


def test_a_backend_that_is_away_is_tried_again_and_then_nothing_is_live(stage):
    promotion = stage.approved()
    stage.outside.away.add("deploy")
    start_release(promotion, actor=stage.actor("engineer"))
    for attempt in range(1, 6):
        stage.later(minutes=5 * attempt)
        assert stage.perform_release(promotion).status == ("QUEUED" if attempt < 5 else "FAILED")
        assert stage.live() is None
    promotion = fresh(promotion)
    assert promotion.state == "RELEASE_FAILED"
    assert "deploy is not answered" in promotion.detail
    assert deployment_of(promotion).state == "FAILED"


def test_a_backend_that_comes_back_goes_on_with_the_same_release(stage):
    promotion = stage.approved()
    stage.outside.away.add("deploy")
    assert stage.release(promotion).status == "QUEUED"
    stage.outside.away.clear()
    stage.later(minutes=5)
    assert stage.perform_release(promotion).status == "SUCCEEDED"
    assert (fresh(promotion).state, deployment_of(promotion).state) == ("RELEASED", "LIVE")


def test_a_predecessor_that_does_not_answer_does_not_hold_up_the_release(stage):
    first = stage.released()
    promotion = stage.approved()
    stage.outside.away.add("stop")
    assert stage.release(promotion).status == "SUCCEEDED"
    assert fresh(promotion).state == "RELEASED"
    assert stage.outside.aliases == {ALIAS: "2"}
    assert str(first.pk) in stage.outside.served
    stage.outside.away.clear()
    assert reconcile()["stopped"] >= 1
    assert set(stage.outside.served) == {str(deployment_of(promotion).pk)}


def test_an_alias_that_cannot_be_moved_is_on_record_and_put_right_later(stage):
    promotion = stage.approved()
    stage.outside.away.add("alias")
    assert stage.release(promotion).status == "SUCCEEDED"
    assert stage.outside.aliases == {}
    stage.outside.away.clear()
    assert reconcile()["aliases"] == 1
    assert stage.outside.aliases == {ALIAS: "1"}


@pytest.mark.parametrize("point", ["serve", "_take_over", "move_alias", "observe"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_release_whose_worker_dies_anywhere_is_taken_up_again(stage, monkeypatch, point, when):
    from governance.promotion import release as releasing

    stage.released()
    promotion = stage.approved()
    real = getattr(releasing, point)

    def dies(*given, **named):
        if when == "after":
            real(*given, **named)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(releasing, point, dies)
        with pytest.raises(SystemExit):
            stage.release(promotion)
    assert Deployment.objects.filter(desired=True).count() == 1
    stage.later(minutes=5)
    assert run.sweep() == 1
    assert stage.perform_release(promotion).status == "SUCCEEDED"
    assert fresh(promotion).state == "RELEASED"
    assert set(stage.outside.served) == {str(deployment_of(promotion).pk)} == {str(stage.live().pk)}
    assert stage.outside.aliases == {ALIAS: "2"}
    steps = [one["data"]["to"] for one in events(promotion, "promotion.advanced")]
    assert steps == ["COLLECTING", "MEASURING", "AWAITING_DECISION", "APPROVED", "RELEASING", "RELEASED"]


def test_a_release_that_is_cancelled_before_it_begins_leaves_nothing(stage):
    promotion = stage.approved()
    queued = start_release(promotion, actor=stage.actor("engineer"))
    run.cancel(queued, actor=stage.actor("engineer"))
    assert reconcile()["runs"] == 1
    assert fresh(promotion).state == "RELEASE_FAILED"
    assert deployment_of(promotion).state == "FAILED"


def test_a_version_without_a_model_cannot_be_served(stage):
    promotion = stage.approved(stage.predicted())
    assert promotion.state == "APPROVED"
    assert stage.release(promotion).status == "FAILED"
    assert fresh(promotion).state == "RELEASE_FAILED"
    assert "has no model tree to serve" in fresh(promotion).detail


def test_a_model_folder_that_somebody_changed_is_made_anew_from_the_kept_bytes(stage):
    version = stage.version()
    stop(stage.released(version), actor=stage.actor("engineer"), reason=REASON)
    folder = Path(configured.PROBITY_HOME) / "models" / version.content_id
    (folder / "slope.json").write_text('{"slope": -1}')
    (folder / "more.py").write_text("")
    promotion = stage.approved(version)
    assert stage.release(promotion).status == "SUCCEEDED"
    assert [place.name for place in folder.iterdir()] == ["slope.json"]
    assert '"slope": 1.0' in (folder / "slope.json").read_text()


# --- retire ---


def test_what_serves_cannot_be_retired_and_what_is_retired_never_serves_again(stage):
    deployment = stage.released()
    version = deployment.manifest.champion
    with pytest.raises(StillServingError, match="still serves; stop it or roll it back first"):
        retire(version, actor=stage.actor("officer"), reason=REASON)
    stop(deployment, actor=stage.actor("engineer"), reason=REASON)
    retire(fresh(version), actor=stage.actor("officer"), reason=REASON)
    assert REASON not in str(events(deployment))
    with pytest.raises(VersionRetiredError):
        stage.request(fresh(version), threshold=0.4)


@pytest.mark.parametrize("who", ["requester", "auditor", "stranger"])
def test_retiring_takes_a_role(stage, who):
    with pytest.raises(NotPermittedError):
        retire(stage.version(), actor=stage.actor(who), reason=REASON)


def test_an_approval_taken_back_while_the_release_waits_is_too_late_and_said_so(stage):
    from governance.promotion.approve import DecisionRefusedError

    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    given = promotion.approvals.get(principal=stage.people["officer"])
    with pytest.raises(DecisionRefusedError, match="the promotion is RELEASING; roll back or stop it instead"):
        revoke(given, actor=stage.actor("officer"), reason=REASON)


def test_the_alias_points_at_the_digest_that_is_served(stage):
    stage.released()
    second = stage.released()
    assert roll_back(second, actor=stage.actor("engineer"), reason=REASON).state == "LIVE"
    number = stage.outside.aliases[ALIAS]
    assert mlflow_digest(number) == stage.live().manifest.champion.source["mlflow_digest"]
