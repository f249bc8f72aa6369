"""Batches: what is surely missed leads to the action of its check; what is unclear is never healthy."""

from datetime import timedelta
from typing import Any

import pytest

from governance.rules.watching import NotWatchedError, judge_batch, overdue_alarm
from registry.canonical import canonical
from tests.governance.rules.build import AUC, MANIFEST, NOW, POLICY, evidence, measurement, policy, report

WATCHED = policy(
    watch={
        "every_hours": 24,
        "overdue_hours": 48,
        "on_overdue": "review",
        "checks": [
            {
                "check": "drift",
                "on_breach": "review",
                "limits": [{"metric": "drift.score_ks", "bound": "interval", "max": "0.2", "n_at_least": 100}],
            },
            {
                "check": "performance",
                "on_breach": "rollback",
                "limits": [{"metric": "performance.auc", "bound": "interval", "min": "0.6"}],
            },
        ],
    }
)
KS = measurement("drift.score_ks", "0.08", lower="0.05", upper="0.12", n=150)
DRIFTED = KS | {"value": "0.4", "lower": "0.3", "upper": "0.5"}
POOR = AUC | {"value": "0.5", "lower": "0.42", "upper": "0.58"}
UNKNOWN = AUC | {"status": "NOT_APPLICABLE", "reason": "The batch came without outcomes."}


def batch(drift, performance, **more):
    reports = [evidence(report("drift", drift)), evidence(report("performance", performance))]
    given: dict[str, Any] = {"policy": WATCHED, "manifest": MANIFEST, "reports": reports, "now": NOW}
    return judge_batch(**given | more)


@pytest.mark.parametrize(
    ("drift", "performance", "verdict", "action"),
    [
        (KS, AUC, "HEALTHY", None),
        (KS, UNKNOWN, "HEALTHY", None),
        (DRIFTED, AUC, "BREACH", "review"),
        (KS, POOR, "BREACH", "rollback"),
        (DRIFTED, POOR, "BREACH", "rollback"),
        (KS, AUC | {"lower": "0.5"}, "UNCLEAR", None),
        (DRIFTED | {"n": 99}, AUC, "UNCLEAR", None),
        (KS | {"status": "ERROR"}, AUC, "BREACH", "review"),
        (KS, AUC | {"status": "NOT_COMPUTABLE"}, "BREACH", "review"),
        (KS | {"value": "NaN"}, POOR, "BREACH", "rollback"),
        (KS | {"status": "NOT_APPLICABLE"}, UNKNOWN, "UNCLEAR", None),
    ],
)
def test_a_batch_is_judged(drift, performance, verdict, action):
    found = batch(drift, performance)
    assert (found.verdict, found.action) == (verdict, action)
    assert canonical(found.document())


def test_an_alarm_names_the_item_the_action_and_the_sentence():
    document = batch(KS, POOR).document()
    assert document["alarms"] == [
        {
            "key": "performance/performance.auc/",
            "action": "rollback",
            "reason": "performance.auc is 0.5 (0.42 to 0.58, n = 177): "
            "the whole interval misses the least allowed 0.6.",
        }
    ]
    assert document["action"] == "rollback"


@pytest.mark.parametrize("reports", [[], [evidence(report("performance", AUC))]])
def test_a_check_that_did_not_measure_the_batch_is_a_review_at_least(reports):
    found = batch(KS, AUC, reports=reports)
    assert (found.verdict, found.action) == ("BREACH", "review")


def test_a_report_of_another_manifest_says_nothing_of_this_deployment():
    assert batch(KS, AUC, manifest=MANIFEST | {"model": "model-2"}).action == "review"


def test_stop_is_the_strongest():
    checks = WATCHED["watch"]["checks"]
    stops = WATCHED["watch"] | {"checks": [checks[0] | {"on_breach": "stop"}, checks[1]]}
    assert batch(DRIFTED, POOR, policy=policy(watch=stops)).action == "stop"


def test_a_policy_without_a_watch_judges_no_batch():
    with pytest.raises(NotWatchedError, match="The policy small 1 watches nothing") as caught:
        batch(KS, AUC, policy=POLICY)
    assert caught.value.code == "not_watched"


@pytest.mark.parametrize(("waited", "alarmed"), [(47, False), (48, False), (49, True)])
def test_a_batch_that_does_not_come_is_an_alarm(waited, alarmed):
    alarm = overdue_alarm(policy=WATCHED, waiting_since=NOW, now=NOW + timedelta(hours=waited))
    assert (alarm is not None) == alarmed
    if alarm:
        assert alarm.action == "review"
        assert alarm.reason == "No batch has come since 2026-03-01T12:00:00+00:00; the policy allows 48 hours."


def test_without_a_watch_nothing_is_overdue():
    assert overdue_alarm(policy=POLICY, waiting_since=NOW, now=NOW + timedelta(days=999)) is None
