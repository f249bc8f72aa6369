"""What is live is judged again: by a policy for what is deployed, after its grace, and without waivers that ended."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from governance.exports.verify import verify
from governance.models import PromotionRequest
from governance.promotion import measure as measuring
from governance.promotion.rollback import roll_back
from governance.promotion.waive import grant_waiver, request_waiver
from governance.reconcile import live_again, reconcile
from governance.watch import clear_review
from privacy.models import ColumnVerdict, DatasetScan
from registry.artifacts import keep_document, purge, store
from registry.ledger.append import append
from registry.models import Actor, Artifact, Commitment, DatasetVersion
from tests.governance.stage import AUC, MISSES, REASON, STRADDLES, deployment_of, events, fresh

MEETS = {"version": "meets", "auc": "0.55"}


def judged(deployment):
    return [(one["data"]["verdict"], one["data"]["lost"]) for one in events(deployment, "deployment.judged")]


def shown(deployment):
    """What the page shows as open: the kind of finding and its message."""
    open_ = deployment.alerts.filter(resolved_at__isnull=True)
    return [(one.key.partition("/")[0], one.message) for one in open_]


@pytest.mark.parametrize(
    ("applies_to", "policy", "state", "recorded"),
    [
        ("deployed", MISSES, "UNDER_REVIEW", [("BLOCKED", 1)]),
        ("deployed", STRADDLES, "UNDER_REVIEW", [("NEEDS_DECISION", 1)]),
        ("deployed", MEETS, "LIVE", [("PASS", 0)]),
        ("open", MISSES, "LIVE", []),
        ("new", MISSES, "LIVE", []),
    ],
)
def test_a_policy_for_what_is_deployed_judges_it_by_present_evidence(stage, applies_to, policy, state, recorded):
    deployment = stage.released()
    newer = stage.assign(applies_to=applies_to, **policy)
    assert live_again() == (state == "UNDER_REVIEW")
    assert (fresh(deployment).state, judged(deployment)) == (state, recorded)
    assert live_again() == 0
    assert len(judged(deployment)) == len(recorded)
    if state == "UNDER_REVIEW":
        assert shown(deployment) == [
            ("judged", f"What is live was judged again under {newer}, which rules it: it does not meet {AUC}.")
        ]
        assert events(deployment, "deployment.judged")[0]["policy"] == newer.pk
    assert verify().faults == ()


def test_before_the_grace_ends_there_is_only_a_notice_and_then_it_is_acted_on(stage):
    deployment = stage.released()
    stage.assign(applies_to="deployed", grace_days=10, **MISSES)
    assert live_again() == 1
    assert fresh(deployment).state == "LIVE"
    [(kind, message)] = shown(deployment)
    assert kind == "announced"
    assert AUC in message
    assert live_again() == 0
    stage.later(days=9)
    assert live_again() == 0
    assert fresh(deployment).state == "LIVE"
    stage.later(days=10, minutes=1)
    assert live_again() == 1
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert [kind for kind, _ in shown(deployment)] == ["judged"]
    assert judged(deployment) == [("BLOCKED", 1)]
    assert live_again() == 0
    assert verify().faults == ()


def test_a_notice_ends_when_another_policy_is_announced_that_is_met(stage):
    deployment = stage.released()
    stage.assign(applies_to="deployed", grace_days=10, **MISSES)
    live_again()
    stage.assign(applies_to="deployed", grace_days=10, **MEETS)
    assert live_again() == 1
    assert shown(deployment) == []
    assert [one["actor"]["role"] for one in events(deployment, "alert.resolved")] == ["system"]
    stage.later(days=30)
    live_again()
    assert fresh(deployment).state == "LIVE"
    assert verify().faults == ()


def test_the_same_version_released_again_under_the_announced_policy_goes_on(stage):
    before = stage.released()
    newer = stage.assign(applies_to="deployed", grace_days=10, **STRADDLES)
    live_again()
    promotion = stage.approved(before.manifest.champion)
    assert promotion.policy == newer
    stage.release(promotion)
    stage.later(days=30)
    assert live_again() == 0
    assert (fresh(before).state, deployment_of(promotion).state) == ("SUPERSEDED", "LIVE")
    assert verify().faults == ()


def test_a_policy_with_a_longer_grace_does_not_lift_the_one_that_rules_already(stage):
    deployment = stage.released()
    stage.assign(applies_to="deployed", **MISSES)
    stage.assign(applies_to="deployed", grace_days=300, **MEETS)
    live_again()
    assert fresh(deployment).state == "UNDER_REVIEW"


@pytest.mark.parametrize(
    ("lapse", "state", "live"),
    [("review", "UNDER_REVIEW", "UNDER_REVIEW"), ("rollback", "ROLLED_BACK", "UNDER_REVIEW"), ("stop", "STOPPED", "")],
)
def test_what_a_lapse_leads_to_is_the_policys_to_say(stage, lapse, state, live):
    stage.released()
    deployment = stage.released()
    stage.assign(applies_to="deployed", lapse=lapse, **MISSES)
    live_again()
    assert fresh(deployment).state == state
    live_again()  # what it was rolled back to does not meet the policy either, and there is nothing before it
    serving = stage.live()
    assert (serving.state if serving else "") == live
    assert live_again() == 0
    assert verify().faults == ()


def test_what_an_officer_let_go_on_stays_so_until_the_evaluation_changes(stage):
    deployment = stage.released()
    stage.assign(applies_to="deployed", **STRADDLES)
    live_again()
    clear_review(fresh(deployment), actor=stage.actor("officer"), reason=REASON)
    assert live_again() == 0
    assert fresh(deployment).state == "LIVE"
    stage.assign(applies_to="deployed", **MISSES)
    assert live_again() == 1
    assert fresh(deployment).state == "UNDER_REVIEW"


def test_evidence_that_was_fresh_at_the_release_does_not_age_under_what_is_live(stage):
    deployment = stage.released()
    stage.later(days=200)
    stage.assign(applies_to="deployed", **MEETS)
    assert live_again() == 0
    assert (fresh(deployment).state, judged(deployment)) == ("LIVE", [("PASS", 0)])
    assert verify().faults == ()


@pytest.mark.parametrize("how", ["purged", "lost"])
def test_evidence_that_is_gone_holds_nothing(stage, how):
    deployment = stage.released()
    report = events(PromotionRequest.objects.get(pk=deployment.promotion_id), "report.recorded")[0]["evidence"][0]
    if how == "purged":
        purge(Artifact.objects.get(pk=report), actor=stage.actor("administrator"), reason="retention has ended")
    else:
        store().path(report).unlink()
    stage.assign(applies_to="deployed", **MEETS)
    assert live_again() == 1
    assert fresh(deployment).state == "UNDER_REVIEW"


def test_what_was_asked_for_under_the_newer_policy_is_judged_by_it_once(stage):
    stage.assign(applies_to="deployed", **MEETS)
    deployment = stage.released()
    assert live_again() == 0
    assert judged(deployment) == []


def test_an_open_request_is_judged_under_a_policy_for_what_is_deployed_at_once(stage):
    promotion = stage.assessed()
    newer = stage.assign(applies_to="deployed", grace_days=30, **MISSES)
    assert reconcile()["ruled"] == 1
    stage.assess(promotion)
    assert (fresh(promotion).state, fresh(promotion).policy_id) == ("BLOCKED", newer.pk)
    assert verify().faults == ()


def test_what_was_rolled_back_to_is_judged_again_too(stage):
    first = stage.released()
    second = stage.released()
    successor = roll_back(second, actor=stage.actor("officer"), reason=REASON)
    stage.later(days=40)
    stage.assign(applies_to="deployed", **MISSES)
    assert live_again() == 1
    assert fresh(successor).state == "UNDER_REVIEW"
    assert judged(first) == judged(second) == []
    assert verify().faults == ()


# --- a waiver's end ---


def waived(stage, promotion, days):
    ends = timezone.now() + timedelta(days=days)
    asked = request_waiver(promotion, key=AUC, ends_at=ends, reason=REASON, actor=stage.actor("engineer"))
    return grant_waiver(asked, actor=stage.actor("risk"))


def let_out(stage, days=9):
    stage.assign(**MISSES)
    promotion = stage.assessed()
    waived(stage, promotion, days)
    stage.approve(promotion, "validator")
    stage.approve(promotion, "officer")
    stage.release(promotion)
    return promotion


def test_when_a_waiver_ends_what_it_let_out_no_longer_holds(bare_stage):
    promotion = let_out(bare_stage)
    deployment = deployment_of(promotion)
    bare_stage.later(days=8)
    assert live_again() == 0
    bare_stage.later(days=9, minutes=1)
    assert live_again() == 1
    assert (fresh(deployment).state, judged(deployment)) == ("UNDER_REVIEW", [("BLOCKED", 1)])
    assert live_again() == 0
    assert verify().faults == ()


def test_a_waiver_that_was_granted_anew_in_time_goes_on(bare_stage):
    promotion = let_out(bare_stage)
    bare_stage.later(days=8)
    waived(bare_stage, promotion, 9)
    bare_stage.later(days=10)
    assert live_again() == 0
    assert fresh(deployment_of(promotion)).state == "LIVE"
    bare_stage.later(days=17, minutes=1)
    assert live_again() == 1
    assert fresh(deployment_of(promotion)).state == "UNDER_REVIEW"
    assert verify().faults == ()


def resting_until(stage, monkeypatch, ends) -> None:
    """Let every report rest on a verdict on the evaluation rows that is lowered until a moment."""
    real, rows = measuring._outcome, DatasetVersion.objects.latest("created_at")

    def outcome(*given):
        found = real(*given)
        return replace(found, evidence={**found.evidence, "valid_until": ends.isoformat()})

    monkeypatch.setattr(measuring, "_outcome", outcome)
    scan = DatasetScan.objects.create(
        dataset_version=rows, engine_fingerprint="f" * 64, report=keep_document({}), complete=True
    )
    for digest in DatasetVersion.objects.values_list("digest", flat=True):
        ColumnVerdict.objects.create(
            dataset_version=rows,
            dataset_digest=digest,
            scan=scan,
            column="note",
            action="lower",
            verdict="CLEAN",
            reason=Commitment.of(REASON),
            given_by=stage.actor("engineer").principal,
            granted_by=stage.actor("risk").principal,
            granted_at=timezone.now(),
            ends_at=ends,
        )


def test_when_a_verdict_is_no_longer_lowered_what_rested_on_it_does_not_hold(stage, monkeypatch):
    resting_until(stage, monkeypatch, timezone.now() + timedelta(days=9))
    deployment = stage.released()
    stage.later(days=8)
    assert live_again() == 0
    stage.later(days=9, minutes=1)
    assert live_again() == 1
    assert fresh(deployment).state == "UNDER_REVIEW"
    assert [verdict for verdict, _lost in judged(deployment)] == ["BLOCKED"]
    assert live_again() == 0
    assert verify().faults == ()


def test_a_worker_that_died_before_it_acted_is_made_good(bare_stage, monkeypatch):
    from governance import reconcile as reconciler

    promotion = let_out(bare_stage)
    bare_stage.later(days=9, minutes=1)

    def dies(*_given):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(reconciler, "act_once", dies)
        with pytest.raises(SystemExit):
            live_again()
    assert deployment_of(promotion).state == "LIVE"
    assert live_again() == 1
    assert deployment_of(promotion).state == "UNDER_REVIEW"


# --- the record ---


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        ({"lost": 0}, "is said to miss 0 items"),
        ({"evaluation": "e" * 64}, "but policy and reports give"),
        ({"acts_at": "2020-01-01T00:00:00.000000Z"}, "does not rule it from 2020-01-01"),
        ({"released_at": "2020-01-01T00:00:00.000000Z"}, "went live at another moment"),
        ({"manifest": "e" * 64}, "was not released as the event says"),
        ({"policy": "own"}, "which does not rule it from"),
    ],
)
def test_a_lie_about_a_judgement_of_what_is_live_does_not_replay(stage, forged, message):
    deployment = stage.released()
    stage.assign(applies_to="deployed", **MISSES)
    live_again()
    told = events(deployment, "deployment.judged")[0]
    policy = deployment.policy_digest if "policy" in forged else told["policy"]
    with transaction.atomic():
        append(
            "deployment.judged",
            actor=Actor.system(),
            subject=told["subject"],
            policy=policy,
            data=told["data"] | {name: value for name, value in forged.items() if name != "policy"},
        )
    assert message in " ".join(one.message for one in verify().faults)
