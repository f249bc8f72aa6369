"""What is outside comes into line with our record, and one thing that fails does not hold up the others."""

from datetime import timedelta

import pytest

from governance.promotion.release import start_release
from governance.promotion.stop import stop
from governance.reconcile import reconcile
from registry import run
from registry.models import Deployment, Observation, Run
from registry.register import create_environment, pin_evaluation_set
from tests.governance.stage import REASON, deployment_of, events, fresh


def changed() -> dict[str, int]:
    """Do a cycle and return the parts that changed something."""
    return {part: count for part, count in reconcile().items() if count}


def test_when_all_is_in_line_nothing_is_done_or_recorded(stage):
    deployment = stage.released()
    stage.assessed()
    before = len(events(deployment)), dict(stage.outside.served)
    assert changed() == {}
    assert (len(events(deployment)), stage.outside.served) == before


def test_a_dead_endpoint_is_served_again_and_both_are_on_record(stage):
    deployment = stage.released()
    stage.outside.served.clear()
    assert changed() == {"served": 1}
    assert set(stage.outside.served) == {str(deployment.pk)}
    observed = Observation.objects.filter(deployment=deployment).order_by("pk")
    assert [one.healthy for one in observed] == [True, False, True]
    assert len(events(deployment, "deployment.observed")) == 3
    assert changed() == {}


def test_an_endpoint_that_serves_something_else_is_put_right(stage):
    deployment = stage.released()
    from dataclasses import replace

    spec = stage.outside.served[str(deployment.pk)]
    stage.outside.served[str(deployment.pk)] = replace(spec, manifest_digest="0" * 64)
    assert reconcile()["served"] == 1
    assert stage.outside.served[str(deployment.pk)].manifest_digest == deployment.manifest_id


def test_what_runs_and_should_not_is_stopped(stage):
    deployment = stage.released()
    stage.outside.away.add("stop")
    stop(deployment, actor=stage.actor("engineer"), reason=REASON)
    assert str(deployment.pk) in stage.outside.served
    reconcile()
    assert str(deployment.pk) in stage.outside.served
    stage.outside.away.clear()
    assert reconcile()["stopped"] == 1
    assert (stage.outside.served, fresh(deployment).handle) == ({}, {})
    assert changed() == {}


def test_an_alias_that_somebody_moved_is_put_back_and_both_are_on_record(stage):
    stage.released()
    name = next(iter(stage.outside.aliases))
    stage.outside.aliases[name] = "99"
    assert changed() == {"aliases": 1}
    assert stage.outside.aliases == {name: "1"}


@pytest.mark.parametrize("kind", ["assess", "release"])
@pytest.mark.parametrize("ended", ["cancelled", "gave up"])
def test_a_run_that_ended_while_nobody_listened_is_told_to_its_promotion(stage, kind, ended):
    promotion = stage.request() if kind == "assess" else stage.approved()
    if kind == "release":
        start_release(promotion, actor=stage.actor("engineer"))
    queued = Run.objects.filter(kind=kind, subject=f"promotion:{promotion.pk}").latest("created_at")
    if ended == "cancelled":
        run.cancel(queued, actor=stage.actor("engineer"))
    else:
        Run.objects.filter(pk=queued.pk).update(attempt=queued.max_attempts, error="the worker died each time")
        done = run.perform(str(queued.pk), lambda *_: {})
        assert done is not None
        assert done.error_code == "gave_up"
    assert changed() == {"runs": 1}
    promotion = fresh(promotion)
    assert promotion.state == {"assess": "ERROR", "release": "RELEASE_FAILED"}[kind]
    assert promotion.detail
    if kind == "release":
        assert deployment_of(promotion).state == "FAILED"
    assert changed() == {}


def test_one_that_fails_does_not_hold_up_the_others(stage, monkeypatch, caplog):
    """Two environments: the endpoint of one cannot be mended, that of the other is."""
    from governance.promotion import deploy
    from registry.backends.base import BackendError

    first = stage.released()
    stage.environment = create_environment(
        project=stage.project, name="second", mlflow_alias="second", actor=stage.actor("administrator")
    )
    administrator = stage.actor("administrator")
    pin_evaluation_set(
        environment=stage.environment, model=stage.model, dataset_version=stage.evaluation, actor=administrator
    )
    stage.assign()
    second = stage.released()
    stage.outside.served.clear()
    for broken, mended in ((first, second), (second, first)):
        stage.outside.served.clear()
        from governance import reconcile as reconciler

        def serve(deployment, broken=broken):
            if deployment.pk == broken.pk:
                raise BackendError("its machine burns", code="burning", retriable=True)
            return deploy.serve(deployment)

        monkeypatch.setattr(reconciler, "serve", serve)
        assert reconcile()["served"] == 1
        assert set(stage.outside.served) == {str(mended.pk)}
    assert "its machine burns" in caplog.text
    assert Deployment.objects.filter(desired=True).count() == 2


def test_what_cannot_be_judged_does_not_keep_the_others_from_ageing(stage):
    from registry.artifacts import store

    broken, whole = stage.approved(), stage.approved()
    report = broken.evidence.get(check_run__check_name="performance").check_run.report_digest
    store().path(report).unlink()
    stage.later(days=31)
    reconcile()
    assert fresh(broken).state == "APPROVED"
    assert fresh(whole).state == "EXPIRED"
    start = fresh(broken)
    assert start.updated_at < stage.real_now() + timedelta(days=1)
