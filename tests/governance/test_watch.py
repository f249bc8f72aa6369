"""What is live is measured again: healthy, unclear, breached, overdue, or not to be judged at all."""

import pyarrow as pa
import pytest

from governance import watch
from governance.promotion.request import NotPermittedError
from governance.promotion.rollback import NotRunningError
from governance.watch import BatchError, clear_review, find_overdue, post_batch
from monitoring.models import Batch
from registry import infer, run
from registry.backends.base import BackendError
from registry.models import Artifact, Run
from tests.governance.stage import REASON, events, fresh, rows

HEALTHY = rows(seed=11)
FLIPPED = rows(count=120, seed=12, flip=True)
SHIFTED = rows(seed=13, shift=3.0)


def without(table: pa.Table, *names: str) -> pa.Table:
    return table.drop_columns(list(names))


def released(stage, **policy):
    """Return what is live, after an earlier release, under a policy."""
    stage.assign(**policy)
    stage.released()
    return stage.released()


@pytest.mark.parametrize(
    ("table", "verdict", "state"),
    [
        (HEALTHY, "HEALTHY", "LIVE"),
        (without(HEALTHY, "y"), "HEALTHY", "LIVE"),
        (without(HEALTHY, "y", "sex"), "HEALTHY", "LIVE"),
        (HEALTHY.slice(0, 15), "UNCLEAR", "LIVE"),
        (SHIFTED, "BREACH", "UNDER_REVIEW"),
        (without(SHIFTED, "y"), "BREACH", "UNDER_REVIEW"),
        (FLIPPED, "BREACH", "ROLLED_BACK"),
        (without(FLIPPED, "y"), "HEALTHY", "LIVE"),
    ],
    ids=["healthy", "no outcomes", "features only", "too few", "drift", "drift alone", "worse", "worse, unknown"],
)
def test_a_batch_is_judged_by_the_policy_and_acted_on(bare_stage, table, verdict, state):
    deployment = released(bare_stage)
    batch = bare_stage.post(deployment, table)
    assert (batch.verdict, fresh(deployment).state) == (verdict, state)
    assert batch.has_outcomes == ("y" in table.column_names)
    assert deployment.alerts.exists() == (verdict == "BREACH")
    assert fresh(deployment.monitor).last_batch_at is not None


@pytest.mark.parametrize(
    ("breach", "state", "live"),
    [("review", "UNDER_REVIEW", True), ("rollback", "ROLLED_BACK", True), ("stop", "STOPPED", False)],
)
def test_what_a_breach_leads_to_is_the_policys_to_say(bare_stage, breach, state, live):
    deployment = released(bare_stage, breach=breach)
    bare_stage.post(deployment, FLIPPED)
    assert fresh(deployment).state == state
    assert (bare_stage.live() is not None) == live
    assert len(bare_stage.outside.served) == int(live)
    advanced = events(deployment, "deployment.advanced")[-1]
    assert advanced["actor"]["role"] == "system"
    assert "performance.auc" in advanced["data"]["reason"]
    assert [one["data"]["action"] for one in events(deployment, "alert.opened")] == [breach]


def test_of_two_alarms_the_strongest_is_acted_on(bare_stage):
    deployment = released(bare_stage)
    bare_stage.post(deployment, rows(count=120, seed=12, shift=3.0, flip=True))
    assert fresh(deployment).state == "ROLLED_BACK"
    assert {alert.action for alert in deployment.alerts.all()} == {"review", "rollback"}


def test_where_there_is_nothing_to_roll_back_to_a_person_must_look(stage):
    deployment = stage.released()
    stage.post(deployment, FLIPPED)
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert stage.live() == deployment
    reason = events(deployment, "deployment.advanced")[-1]["data"]["reason"]
    assert "nothing" in reason or "no earlier approved manifest" in reason, reason


def test_where_the_way_back_does_not_answer_a_person_must_look(bare_stage):
    deployment = released(bare_stage)
    bare_stage.outside.away.add("deploy")
    bare_stage.post(deployment, FLIPPED)
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert bare_stage.live() == deployment


def test_under_review_it_is_still_watched_and_worse_rolls_it_back(bare_stage):
    deployment = released(bare_stage)
    bare_stage.post(deployment, SHIFTED)
    assert fresh(deployment).state == "UNDER_REVIEW"
    bare_stage.post(fresh(deployment), FLIPPED)
    assert fresh(deployment).state == "ROLLED_BACK"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (without(HEALTHY, "x2"), r"the batch lacks the features \['x2'\]"),
        (without(HEALTHY, "x1", "x2"), r"the batch lacks the features \['x1', 'x2'\]"),
        (without(HEALTHY, "sex"), r"carries the sensitive attributes and controls too; \['sex'\] are missing"),
        (HEALTHY.slice(0, 0), "the batch holds no rows"),
        (
            HEALTHY.set_column(3, "y", pa.array([None, *["1"] * 59], pa.string())),
            "1 rows have no outcome in 'y'",
        ),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_leaves_nothing(stage, table, message):
    deployment = stage.released()
    kept = Artifact.objects.count()
    with pytest.raises(BatchError, match=message):
        post_batch(deployment, table=table, actor=stage.actor("engineer"))
    assert (Batch.objects.count(), Artifact.objects.count()) == (0, kept)
    assert fresh(deployment.monitor).last_batch_at is None
    assert not Run.objects.filter(kind="watch").exists()


def test_the_same_rows_posted_twice_are_one_batch(stage):
    deployment = stage.released()
    first = stage.post(deployment, FLIPPED)
    recorded = len(events(deployment))
    assert stage.post(fresh(deployment), FLIPPED) == first
    assert (Batch.objects.count(), len(events(deployment))) == (1, recorded)
    assert Run.objects.filter(kind="watch").count() == 1


@pytest.mark.parametrize("who", ["auditor", "stranger"])
def test_posting_takes_a_role(stage, who):
    with pytest.raises(NotPermittedError):
        post_batch(stage.released(), table=HEALTHY, actor=stage.actor(who))


def test_what_no_longer_runs_answers_nothing_and_gets_no_batches(bare_stage):
    deployment = released(bare_stage, breach="stop")
    bare_stage.post(deployment, FLIPPED)
    with pytest.raises(NotRunningError, match="STOPPED; it answers nothing"):
        post_batch(fresh(deployment), table=HEALTHY, actor=bare_stage.actor("engineer"))


# --- what cannot be judged is not healthy ---


def test_a_batch_that_could_not_be_judged_is_an_alert(stage, monkeypatch):
    deployment = stage.released()

    def broken(*_given):
        raise BackendError("the model gave scores that are not finite", code="inference_not_finite")

    monkeypatch.setattr(infer, "_infer", broken)
    batch = stage.post(deployment, HEALTHY)
    assert (batch.verdict, batch.run.status) == ("", "FAILED")
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert "could not be judged (inference_not_finite)" in deployment.alerts.get().message


def test_a_batch_whose_run_was_cancelled_is_an_alert_too(stage):
    from governance.reconcile import reconcile

    deployment = stage.released()
    batch = post_batch(deployment, table=HEALTHY, actor=stage.actor("engineer"))
    run.cancel(batch.run, actor=stage.actor("engineer"))
    assert reconcile()["batches"] == 1
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert reconcile()["batches"] == 0


def test_a_worker_that_died_after_judging_still_acts(bare_stage, monkeypatch):
    deployment = released(bare_stage)

    def dies(*_given, **_named):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(watch, "act_on", dies)
        with pytest.raises(SystemExit):
            bare_stage.post(deployment, FLIPPED)
    assert (Batch.objects.get().verdict, fresh(deployment).state) == ("BREACH", "LIVE")
    bare_stage.later(minutes=5)
    bare_stage.post(deployment, FLIPPED)
    assert fresh(deployment).state == "ROLLED_BACK"


# --- overdue ---


@pytest.mark.parametrize("posted", [False, True])
@pytest.mark.parametrize(
    ("overdue", "state"), [("review", "UNDER_REVIEW"), ("rollback", "ROLLED_BACK"), ("stop", "STOPPED")]
)
def test_a_batch_that_does_not_come_is_a_finding(bare_stage, posted, overdue, state):
    deployment = released(bare_stage, overdue=overdue)
    if posted:
        bare_stage.later(hours=40)
        bare_stage.post(deployment, HEALTHY)
    bare_stage.later(hours=87 if posted else 47)
    assert find_overdue() == 0
    bare_stage.later(hours=89 if posted else 49)
    assert find_overdue() == 1
    assert fresh(deployment).state == state
    assert [alert.key for alert in deployment.alerts.all()] == ["watch/batch/overdue"]
    assert find_overdue() == 0


def test_an_officer_lets_it_go_on_and_the_alerts_are_closed(stage):
    deployment = stage.released()
    stage.post(deployment, SHIFTED)
    for who in ("engineer", "auditor", "requester"):
        with pytest.raises(NotPermittedError):
            clear_review(fresh(deployment), actor=stage.actor(who), reason=REASON)
    clear_review(fresh(deployment), actor=stage.actor("officer"), reason=REASON)
    assert fresh(deployment).state == "LIVE"
    assert not deployment.alerts.filter(resolved_at__isnull=True).exists()
    assert len(events(deployment, "alert.resolved")) == 1
    assert REASON not in str(events(deployment))


def test_a_policy_that_watches_nothing_has_no_monitor(bare_stage):
    from governance.policies.assign import propose
    from governance.policies.publish import publish
    from tests.governance.stage import DEFAULTS, POLICY

    text = POLICY.format(**DEFAULTS | {"version": "blind"}).partition("watch:")[0]
    policy = publish(text=text, actor=bare_stage.actor("administrator"))
    administrator = bare_stage.actor("administrator")
    propose(environment=bare_stage.environment, tier="limited", policy=policy, actor=administrator)
    deployment = bare_stage.released()
    assert not hasattr(deployment, "monitor")
    assert find_overdue() == 0
