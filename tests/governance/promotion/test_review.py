"""Ways past the gate, lost endpoints and false or missed alarms that a review found: each stays closed."""

from typing import Any

import pytest
from django.db import transaction

from governance.exports.verify import verify
from governance.models import PromotionRequest
from governance.policies.assign import propose
from governance.promotion import release as releasing
from governance.promotion.deploy import move_deployment
from governance.promotion.release import start_release
from governance.promotion.rollback import NothingToReturnToError, NotRunningError, previous_of, roll_back
from governance.promotion.stop import stop
from governance.reconcile import judge_again, reconcile
from governance.rules.policy import OnBreach
from governance.rules.states import DeploymentState
from governance.rules.watching import Alarm
from governance.watch import act_on, clear_review, find_overdue
from registry import run
from registry.artifacts import purge
from registry.models import Actor, Artifact, Deployment, Run
from registry.register import create_project, grant_role, revoke_role
from tests.governance.cheap import MemoryServing
from tests.governance.stage import REASON, deployment_of, events, fresh


class KilledError(BaseException):
    """The worker is gone: nothing after this point of its work happens."""


def killed(*_arguments: Any, **_named: Any) -> Any:
    raise KilledError


def faults() -> list[str]:
    return [f"{one.code}: {one.message}" for one in verify().faults]


# --- the gate ---


def test_an_approval_whose_evidence_has_aged_expires_and_does_not_break_the_judge(stage):
    promotion = stage.approved()
    stage.later(days=31)
    assert judge_again() == 1
    assert fresh(promotion).state == "EXPIRED"
    assert faults() == []


def test_a_release_of_what_has_aged_meanwhile_is_refused_in_words(stage):
    promotion = stage.approved()
    stage.later(days=31)
    with pytest.raises(releasing.NotReleasableError, match="BLOCKED"):
        start_release(promotion, actor=stage.actor("engineer"))


def test_clearing_a_review_does_not_bring_to_life_what_was_never_taken_over(stage):
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    waiting = deployment_of(promotion)
    with pytest.raises(NotRunningError, match="is PENDING"):
        clear_review(waiting, actor=stage.actor("officer"), reason=REASON)
    assert fresh(waiting).state == "PENDING"


def test_a_policy_of_another_tier_cannot_be_assigned(bare_stage):
    policy = bare_stage.policy()
    with pytest.raises(ValueError, match="for the limited tier"):
        propose(environment=bare_stage.environment, tier="high", policy=policy, actor=bare_stage.actor("administrator"))


# --- what died halfway ---


def test_an_endpoint_whose_handle_was_never_kept_is_found_and_stopped(stage, monkeypatch):
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    deploy = MemoryServing.deploy
    known = stage.outside.served
    monkeypatch.setattr(MemoryServing, "find", lambda _, one, __: {"id": one} if one in known else None, raising=False)
    monkeypatch.setattr(MemoryServing, "deploy", lambda *given: killed(deploy(*given)))
    with pytest.raises(KilledError):
        stage.perform_release(promotion)
    assert stage.outside.served
    Run.objects.filter(kind="release").update(status="FAILED", error_code="gave_up", error="gave up", lease=None)
    reconcile()
    assert fresh(promotion).state == "RELEASE_FAILED"
    reconcile()
    assert stage.outside.served == {}


def test_the_successor_of_a_rollback_that_died_is_stopped_when_it_has_waited_too_long(stage, monkeypatch):
    first, second = stage.released(), stage.released()
    monkeypatch.setattr("governance.promotion.rollback._swap", killed)
    with pytest.raises(KilledError):
        roll_back(second, actor=stage.actor("officer"), reason=REASON)
    waiting = Deployment.objects.get(state="PENDING", manifest=first.manifest)
    reconcile()
    assert fresh(waiting).state == "PENDING"
    stage.later(hours=1)
    reconcile()
    assert fresh(waiting).state == "FAILED"
    assert set(stage.outside.served) == {str(second.pk)}
    assert faults() == []


def test_a_successor_that_was_given_up_meanwhile_does_not_go_live(stage, monkeypatch):
    stage.released()
    second = stage.released()
    given_up = []

    def serve_late(deployment: Deployment) -> None:
        with transaction.atomic():
            given_up.append(move_deployment(fresh(deployment), DeploymentState.FAILED, actor=Actor.system()))

    monkeypatch.setattr("governance.promotion.rollback.serve", serve_late)
    with pytest.raises(NotRunningError):
        roll_back(second, actor=stage.actor("officer"), reason=REASON)
    assert fresh(given_up[0]).state == "FAILED"
    assert fresh(second).state == "LIVE"


def test_the_record_of_a_failed_release_is_made_before_its_endpoint_is_waited_for(stage, monkeypatch):
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    stage.outside.away.add("alias")
    states = []
    monkeypatch.setattr(releasing, "_take_over", lambda *_: (_ for _ in ()).throw(ValueError("broken")))
    monkeypatch.setattr(MemoryServing, "stop", lambda *_: states.append(fresh(promotion).state))
    stage.perform_release(promotion)
    assert states == ["RELEASE_FAILED"]


# --- back and stop ---


def test_a_rollback_does_not_return_to_what_was_rolled_back_from(stage):
    first, second = stage.released(), stage.released()
    third = stage.released()
    again = roll_back(third, actor=stage.actor("officer"), reason=REASON)
    assert again.manifest_id == second.manifest_id
    oldest = roll_back(again, actor=stage.actor("officer"), reason=REASON)
    assert oldest.manifest_id == first.manifest_id
    with pytest.raises(NothingToReturnToError):
        previous_of(oldest)


def test_a_rollback_does_not_need_the_rows_that_were_purged_meanwhile(stage):
    first, second = stage.released(), stage.released()
    purge(Artifact.objects.get(pk=stage.evaluation.content_id), actor=stage.actor("administrator"), reason="retention")
    back = roll_back(second, actor=stage.actor("officer"), reason=REASON)
    assert (back.state, back.manifest_id) == ("LIVE", first.manifest_id)
    assert back.monitor.baselines.exists()


def test_a_stop_is_recorded_whatever_its_backend_raises(stage, monkeypatch):
    deployment = stage.released()
    monkeypatch.setattr(MemoryServing, "stop", lambda *_: (_ for _ in ()).throw(OSError("no such host")))
    assert stop(deployment, actor=stage.actor("officer"), reason=REASON).state == "STOPPED"


# --- watching ---

ALARM = Alarm("drift/drift.score_ks/", OnBreach.REVIEW, "it drifts")


def test_a_batch_that_is_taken_up_again_does_not_undo_what_an_officer_decided_on_it(stage):
    from tests.governance.stage import rows

    deployment = stage.released()
    batch = stage.post(deployment, rows(seed=3))
    act_on(deployment, [ALARM], batch=batch)
    assert fresh(deployment).state == "UNDER_REVIEW"
    clear_review(deployment, actor=stage.actor("officer"), reason=REASON)
    act_on(deployment, [ALARM], batch=batch)
    assert fresh(deployment).state == "LIVE"
    assert deployment.alerts.count() == 1


def test_an_overdue_batch_is_acted_on_also_when_the_worker_died_after_the_alert(stage, monkeypatch):
    deployment = stage.released()
    stage.later(hours=500)
    monkeypatch.setattr("governance.watch.put_under_review", killed)
    with pytest.raises(KilledError):
        find_overdue()
    monkeypatch.undo()
    assert deployment.alerts.count() == 1
    stage.later(hours=500)
    find_overdue()
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert find_overdue() == 0


def test_a_batch_cannot_bring_the_scores_that_it_is_judged_by(stage):
    import pyarrow as pa

    from governance.watch import _inputs
    from tests.governance.stage import rows

    deployment = stage.released()
    honest, forged = rows(seed=3), rows(seed=3)
    forged = forged.append_column("score", pa.array([0.123] * forged.num_rows))
    found = []
    for table in (honest, forged):
        batch = stage.post(deployment, table)
        queued = Run.objects.get(pk=batch.run_id)
        found.append(_inputs(batch, run.Lease(run_id=queued.pk, token=queued.pk))["current"])
    assert found[0] == found[1]


# --- what is said ---

PERSONAL = "Jane Roe jane@example.org"


def test_what_a_library_says_of_the_rows_enters_no_report_run_or_ledger(stage, monkeypatch):
    from governance.promotion import measure as measuring
    from registry.artifacts import read_bytes

    class Telling:
        name, version, metrics = "performance", "9", {}

        def needs(self, _parameters: Any) -> tuple[Any, ...]:
            return ()

        def measure(self, *_given: Any) -> Any:
            raise ValueError(f"could not convert string to float: {PERSONAL!r}")

    find = measuring.catalog.check
    monkeypatch.setattr(measuring.catalog, "check", lambda name: Telling() if name == "performance" else find(name))
    promotion = stage.assessed()
    reports = [read_bytes(one.check_run.report_digest).decode() for one in promotion.evidence.all()]
    assert PERSONAL not in "".join(reports)
    assert any("ValueError" in report for report in reports)


@pytest.mark.parametrize("error", [ValueError, "database"])
def test_what_broke_a_run_is_told_without_the_values_it_broke_on(stage, monkeypatch, error):
    from django.db import DatabaseError

    kind: Any = DatabaseError if error == "database" else error
    promotion = stage.request()
    Run.objects.update(max_attempts=1)

    def broken(*_given: Any) -> Any:
        raise kind(f"failing row contains ({PERSONAL})")

    monkeypatch.setattr("governance.promotion.assess.collect", broken)
    ended = stage.assess(promotion)
    assert ended.status == "FAILED"
    assert kind.__name__ in ended.error
    assert fresh(promotion).state == "ERROR"
    assert PERSONAL not in ended.error + fresh(promotion).detail + str(events(promotion))


# --- the replay ---


def test_roles_that_came_and_went_are_replayed_as_they_were(stage):
    promotion = stage.assessed()
    stage.approve(promotion, "officer")
    facts = {"project": stage.project, "role": "compliance_officer", "actor": stage.actor("administrator")}
    revoke_role(stage.people["officer"], **facts)
    stage.approve(promotion, "validator")
    grant_role(stage.people["officer"], **facts)
    stage.release(promotion)
    assert faults() == []


def test_a_role_of_another_project_is_no_role_here(stage, monkeypatch):
    system = Actor.system("command")
    other = create_project(slug="other", name="Other", actor=system)
    grant_role(stage.people["stranger"], project=other, role="compliance_officer", actor=system)
    promotion = stage.assessed()
    monkeypatch.setattr("governance.promotion.approve.may_decide", lambda *_: frozenset({"compliance_officer"}))
    stage.approve(promotion, "stranger")
    assert any("which" in one and "did not hold" in one for one in faults())


def test_a_promotion_that_was_given_another_requester_behind_the_record_is_found(stage):
    promotion = stage.assessed()
    PromotionRequest.objects.filter(pk=promotion.pk).update(requester=stage.people["stranger"])
    assert any(one.startswith("row_request") for one in faults())


def test_an_authorisation_that_was_taken_back_does_not_count_in_the_replay(stage):
    from governance.promotion.approve import revoke
    from registry.ledger.append import append

    promotion = stage.approved()
    revoke(promotion.approvals.get(principal=stage.people["officer"]), actor=stage.actor("officer"), reason=REASON)
    current = fresh(promotion)
    assert faults() == []
    PromotionRequest.objects.filter(pk=promotion.pk).update(detail="")
    with transaction.atomic():
        append(
            "promotion.advanced",
            actor=Actor.system(),
            subject=f"promotion:{promotion.pk}",
            policy=current.policy_id,
            data={
                "from": "AWAITING_DECISION",
                "to": "APPROVED",
                "manifest": current.manifest_id,
                "evaluation": current.evaluation_digest,
                "detail": "",
            },
        )
    assert any("without an AUTHORISED decision" in one for one in faults())


def test_a_request_under_a_policy_that_was_not_in_force_is_found(stage, monkeypatch):
    lax = stage.policy(version="lax", auc="0.5")
    monkeypatch.setattr("governance.promotion.request.resolve", lambda **_: lax)
    stage.assessed()
    assert any("in force" in one for one in faults())


def test_requests_before_and_after_a_newer_policy_are_replayed_without_alarm(stage):
    promotion = stage.assessed()
    stage.assign(version="2", applies_to="new")
    stage.request()
    stage.assign(version="3", applies_to="open")
    reconcile()
    stage.assess(promotion)
    assert faults() == []


def test_a_whole_history_gives_no_alarm(stage):
    from tests.governance.stage import rows

    stage.released()
    second = stage.released()
    stage.post(second, rows(seed=3, flip=True))
    if fresh(second).state in {"LIVE", "UNDER_REVIEW"}:
        roll_back(second, actor=stage.actor("officer"), reason=REASON)
    stop(stage.live(), actor=stage.actor("officer"), reason=REASON)
    assert faults() == []


def test_what_is_recorded_while_the_record_is_verified_is_no_fault(committed_stage, monkeypatch):
    from governance.exports import verify as verifying

    promotion = committed_stage.request()
    looked = verifying._head_faults
    once: list[bool] = []

    def meanwhile(*given: Any) -> Any:
        import threading

        def assess() -> None:
            from django.db import connection

            committed_stage.assess(promotion)
            connection.close()

        if not once:
            once.append(True)
            worker = threading.Thread(target=assess)
            worker.start()
            worker.join()
        return looked(*given)

    monkeypatch.setattr(verifying, "_head_faults", meanwhile)
    assert faults() == []
    assert fresh(promotion).state == "AWAITING_DECISION"
    assert faults() == []
