"""What time and newer policies do to a record: releases that came too late, expiry, what is live and judged again."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from governance.rules.evaluate import evaluate
from tests.governance.rules.build import AUC, report
from tests.governance.rules.replay.forge import OTHER, again, before, change
from tests.governance.rules.replay.record import BEGIN, RULES, Record, begun, story, text


def assigned_anew(record: Record, **confirmed: Any) -> str:
    identity = record.policy(RULES | {"version": "2"}, number=2)
    change("policy_assignment.confirmed", **confirmed)(record)
    return identity


@pytest.mark.parametrize(
    ("confirmed", "message"),
    [
        ({"principal": "admin"}, "proposed and confirmed by one person"),
        ({"principal": "system"}, "who is no person"),
        ({"tier": "low"}, "nobody proposed it"),
        ({"policy": OTHER}, "nobody proposed it"),
    ],
)
def test_a_policy_is_confirmed_by_another_person_as_it_was_proposed(confirmed, message):
    record = story()
    assigned_anew(record, **confirmed)
    [fault] = record.replayed()
    assert (fault.code, message in fault.message) == ("replay_policy_assignment_confirmed", True)


def test_a_policy_is_confirmed_once():
    record = story()
    assigned_anew(record)
    again("policy_assignment.confirmed")(record)
    assert record.codes() == ["replay_policy_assignment_confirmed"]


def measured_and_approved(record: Record) -> None:
    record.measure(report("performance", AUC, manifest=record.manifest))
    fairness = AUC | {"metric": "fairness.selection_rate_ratio", "value": "0.95", "lower": "0.9", "group": "sex"}
    record.measure(report("fairness", fairness | {"upper": "0.99"}, manifest=record.manifest))
    record.judge()
    record.move("AWAITING_DECISION")
    record.approve("validator", "validation")
    record.approve("officer", "compliance")
    record.decide()
    record.move("APPROVED")


def test_what_passes_goes_out_without_a_fault():
    record = begun()
    measured_and_approved(record)
    record.release()
    assert record.replayed() == []


def test_a_release_under_a_policy_that_a_newer_one_has_replaced_is_named():
    record = begun()
    measured_and_approved(record)
    assigned_anew(record)
    record.release()
    assert record.codes() == ["replay_promotion_advanced"]
    assert "had come to rule it" in record.replayed()[0].message


@pytest.mark.parametrize(
    ("later", "message"),
    [({"days": 15}, "the decision was PENDING"), ({"days": 31}, "had changed since it was judged")],
)
def test_a_release_on_approvals_or_evidence_that_have_aged_is_named(later, message):
    record = begun()
    measured_and_approved(record)
    record.now += timedelta(**later)
    record.release()
    assert [message in fault.message for fault in record.replayed()] == [True, True]


def test_a_release_after_the_waiver_ended_is_named():
    record = story()
    for event in record.events[[one["data"].get("to") for one in record.events].index("RELEASING") :]:
        event["at"] = text(BEGIN + timedelta(days=10))
    faults = [fault for fault in record.replayed() if fault.code == "replay_promotion_advanced"]
    assert ["had changed since it was judged" in fault.message for fault in faults] == [True, True]


def test_a_rejection_stands_when_somebody_gave_it():
    record = begun()
    record.measure(report("performance", AUC, manifest=record.manifest))
    record.judge()
    record.move("BLOCKED")
    record.approve("officer", "compliance", action="reject")
    record.decide()
    record.move("REJECTED", "officer")
    assert record.replayed() == []


def test_a_request_expires_when_its_time_is_over():
    record = begun()
    record.measure(report("performance", AUC, manifest=record.manifest))
    record.judge()
    record.move("BLOCKED")
    record.now += timedelta(days=31)
    record.move("EXPIRED")
    assert record.replayed() == []


STRICTER = deepcopy(RULES) | {"version": "2"}
STRICTER["checks"][0]["limits"][0]["min"] = "0.7"


def judged_again(record: Record) -> None:
    """Judge what is live again under a policy that was assigned to what is deployed, with no grace."""
    identity = record.policy(STRICTER, number=2, applies_to="deployed")
    acts_at, live_at = record.all("policy_assignment.confirmed")[0]["at"], record.all("deployment.advanced")[0]["at"]
    judged = evaluate(
        policy=STRICTER,
        manifest=record.documents[record.manifest],
        reports=record.reports,
        now=record.now + timedelta(minutes=1),
        assurance="declared",
    )
    data = {"deployment": "d", "promotion": "p", "manifest": record.manifest, "evaluation": judged.digest(), "lost": 1}
    data |= {"verdict": judged.verdict, "released_at": live_at, "acts_at": acts_at}
    cited = {"policy": identity, "evidence": sorted({one.report for one in judged.items if one.report})}
    record.add("deployment.judged", "system", "deployment:d", data=data, **cited)


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        ({}, ""),
        ({"lost": 0}, "is said to miss 0 items"),
        ({"verdict": "PASS"}, "policy and reports give"),
        ({"released_at": text(BEGIN)}, "went live at another moment"),
        ({"acts_at": text(BEGIN)}, "does not rule it from"),
        ({"manifest": OTHER}, "was not released as the event says"),
    ],
)
def test_what_is_live_is_judged_again_from_the_same_evidence(forged, message):
    record = begun()
    measured_and_approved(record)
    record.release()
    judged_again(record)
    change("deployment.judged", **forged)(record)
    assert [message in fault.message for fault in record.replayed()][:1] == ([True] if forged else [])


def test_a_retired_version_does_not_serve():
    record = story()
    retired = {"kind": "model_version.retired", "subject": "model_version:v1", "data": {"reason": OTHER}}
    version = record.only("promotion.requested")["data"]["version"]
    before("batch.posted", retired | {"subject_digest": version})(record)
    assert record.codes() == ["replay_model_version_retired"]
