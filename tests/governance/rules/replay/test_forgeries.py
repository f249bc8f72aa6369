"""Each claim of an event that does not follow is named: the record is forged in one place, and the fault is there."""

from datetime import timedelta

import pytest

from governance.access.permissions import ADMINISTRATORS, POLICY_MAKERS, REVEALERS
from governance.promotion.release import RELEASERS
from governance.promotion.request import REQUESTERS
from governance.promotion.rollback import OPERATORS
from governance.rules.replay import lowering, revealing
from governance.rules.replay.replaying import HANDLERS
from governance.rules.replay.requesting import MAY_ASK, MAY_RELEASE
from governance.rules.replay.retaining import MAY_ERASE, MAY_HOLD
from governance.rules.replay.revealing import MAY_REVEAL
from governance.rules.replay.serving import MAY_CLEAR
from privacy import reveal, verdicts
from tests.governance.rules.replay.forge import OTHER, Forgery, again, before, both, change, document, moved, without
from tests.governance.rules.replay.record import BEGIN, ENV, NAME, PROJECT, Record, story, text

ROLE = {"project": PROJECT, "role": "compliance_officer"}
ASSIGNED = {"environment": ENV, "tier": "high", "applies_to": "open", "grace_days": 0, "bootstrap": True}
WITHOUT_HANDLER = {"unknown_actor", "unknown_subject", "begun_twice", "not_replayable", "document_missing"}


def first_evaluation(record: Record) -> str:
    return str(record.all("evaluation.recorded")[0]["data"]["evaluation"])


# What is forged, the code of the fault (of the event's own handler but for a few), and what its message says.

CASES: dict[str, tuple[Forgery, str, str]] = {
    # who is who
    "somebody nobody registered acts": (change("model.registered", principal="eve"), "unknown_actor", "eve acted"),
    "a service of nobody known": (change("principal.registered", 7, owner="eve"), "principal_registered", "eve"),
    "a principal is registered twice": (again("principal.registered"), "begun_twice", "is there already"),
    "a role for oneself": (change("role.granted", principal="admin"), "role_granted", "to themselves"),
    "a role that is held": (again("role.granted"), "role_granted", "held already"),
    "a role that is not held": (
        before("promotion.requested", {"kind": "role.revoked", "subject": "principal:risk", "data": ROLE}),
        "role_revoked",
        "did not hold",
    ),
    # facts
    "an evaluation on unknown rows": (
        change("environment.evaluates", dataset_digest=OTHER), "environment_evaluates", "no event registered"
    ),
    "a version of unknown rows": (
        change("model_version.registered", datasets=[OTHER]), "model_version_registered", "learned from"
    ),
    "a version with another content": (
        change("model_version.registered", content=OTHER), "model_version_registered", "another content"
    ),
    "a version that nobody registered": (
        change("model_version.registered", people=["trainer:engineer"]), "model_version_registered", "who regis"
    ),
    # policies
    "a policy that says something else": (document("rules", tier="low"), "policy_published", "has the digest"),
    "a policy of another name": (change("policy.published", name="x"), "policy_published", "not what the event"),
    "an assignment of what nobody published": (
        without("policy.published"), "policy_assignment_proposed", "which no event published before"
    ),
    "an assignment to another tier": (
        change("policy_assignment.proposed", tier="low"), "policy_assignment_proposed", "of the high tier"
    ),
    "an assignment by one person's word": (
        before(
            "promotion.requested",
            {"kind": "policy_assignment.proposed", "subject": "policy_assignment:2", "data": ASSIGNED},
        ),
        "policy_assignment_proposed",
        "it was not the first",
    ),
    "an assignment that nobody proposed": (
        before(
            "promotion.requested",
            {
                "kind": "policy_assignment.confirmed",
                "subject": "policy_assignment:2",
                "data": {"environment": ENV, "tier": "high"},
            },
        ),
        "unknown_subject",
        "nothing was said before",
    ),
    # requests
    "a request for somebody else": (change("promotion.requested", principal="risk"), "promotion_requested", "said so"),
    "a request by who may not": (
        change("promotion.requested", principal="risk", requester="risk"),
        "promotion_requested",
        "held no role that may",
    ),
    "a request under another policy": (
        change("promotion.requested", policy=OTHER), "promotion_requested", "but in force was"
    ),
    "a request with another incumbent": (
        change("promotion.requested", incumbent=OTHER), "promotion_requested", "another incumbent"
    ),
    "a request on other rows": (without("environment.evaluates"), "promotion_requested", "another evaluation_set"),
    "a request for an unknown version": (without("model_version.registered"), "promotion_requested", "no event reg"),
    "a request for a retired version": (
        lambda record: before(
            "promotion.requested",
            {
                "kind": "model_version.retired",
                "subject": "model_version:v1",
                "subject_digest": record.only("promotion.requested")["data"]["version"],
                "data": {"reason": OTHER},
            },
        )(record),
        "promotion_requested",
        "which was retired",
    ),
    "a manifest that says something else": (
        document("manifest", serving={"backend": "x"}), "promotion_requested", "has the digest"
    ),
    # transitions
    "a step the table does not have": (moved("COLLECTING", to="RELEASED"), "promotion_advanced", "cannot become"),
    "a step from another state": (moved("MEASURING", **{"from": "ERROR"}), "promotion_advanced", "left it COLLECT"),
    "a state with another evaluation": (moved("BLOCKED", evaluation=OTHER), "promotion_advanced", "another manifest"),
    "a state that the verdict does not give": (
        moved("BLOCKED", to="AWAITING_DECISION"), "promotion_advanced", "its evaluation says BLOCKED"
    ),
    "a rejection that nobody gave": (
        moved("APPROVED", to="REJECTED"), "promotion_advanced", "nobody said so"
    ),
    "a withdrawal by somebody else": (
        moved("APPROVED", to="WITHDRAWN", principal="risk"), "promotion_advanced", "did not ask for it"
    ),
    "an expiry before its time": (moved("APPROVED", to="EXPIRED"), "promotion_advanced", "before its time"),
    "approved without a decision": (without("decision.recorded", 2), "promotion_advanced", "without an AUTHORISED"),
    "released by who may not": (moved("RELEASING", principal="risk"), "promotion_advanced", "held no role that may"),
    "released with nothing live": (without("deployment.advanced"), "promotion_advanced", "nothing of it is LIVE"),
    # evidence
    "a report of another status": (change("report.recorded", status="ERROR"), "report_recorded", "the status ERROR"),
    "a report from the future": (
        change("report.recorded", measured_at=text(BEGIN + timedelta(days=9))), "report_recorded", "after it was"
    ),
    "a report under an unpublished policy": (
        change("report.recorded", policy=OTHER), "report_recorded", "which no event published before"
    ),
    "a report on a request nobody made": (change("report.recorded", subject="promotion:x"), "unknown_subject", "n:x"),
    "a report that is gone": (
        lambda record: record.documents.pop(record.only("report.recorded", check="fairness")["evidence"][0]),
        "document_missing",
        "is cited, but it is not there",
    ),
    "an evaluation of another digest": (
        change("evaluation.recorded", evaluation=OTHER), "evaluation_recorded", "policy and reports give"
    ),
    "an evaluation of another verdict": (
        change("evaluation.recorded", verdict="PASS"), "evaluation_recorded", "(PASS), but policy and reports"
    ),
    "an evaluation at another time": (
        change("evaluation.recorded", judged_at=text(BEGIN)), "not_replayable", "judged_at is 2026-03-01T12:00"
    ),
    "an evaluation on other reports": (
        change("evaluation.recorded", evidence=[]), "evaluation_recorded", "rests on other reports"
    ),
    # waivers
    "a waiver of another manifest": (change("waiver.requested", manifest=OTHER), "waiver_requested", "another mani"),
    "a waiver for somebody without a role": (
        change("waiver.requested", principal="ci"), "waiver_requested", "by ci, who held no role"
    ),
    "a waiver nobody asked for": (without("waiver.requested"), "waiver_granted", "nobody asked for it"),
    "a waiver by one person": (change("waiver.granted", principal="requester"), "waiver_granted", "by one person"),
    "a waiver for longer": (
        change("waiver.granted", ends_at=text(BEGIN + timedelta(days=29))), "waiver_granted", "something else"
    ),
    "a waiver after its end": (
        change("waiver.granted", ends_at=text(BEGIN)), "waiver_granted", "granted after its end"
    ),
    "a waiver for another item": (change("waiver.granted", key="x"), "waiver_granted", "something else"),
    "a waiver granted twice": (again("waiver.granted"), "waiver_granted", "granted already"),
    "a waiver by who lacks the role": (
        change("waiver.granted", principal="officer"), "waiver_granted", "did not hold the role risk_officer"
    ),
    "a waiver by a party": (change("waiver.granted", principal="engineer"), "waiver_granted", "is the trainer"),
    "a waiver by a command": (change("waiver.granted", auth="command"), "waiver_granted", "by way of 'command'"),
    # approvals
    "an approval by a command": (change("approval.given", auth="command"), "approval_given", "by way of 'command'"),
    "an approval by a service": (change("approval.given", principal="ci"), "approval_given", "who is no person"),
    "an approval by the requester": (
        change("approval.given", principal="requester"), "approval_given", "who is the requester of"
    ),
    "an approval by the trainer": (
        change("approval.given", principal="engineer"), "approval_given", "who is the trainer of"
    ),
    "an approval by the author": (
        before(
            "approval.given",
            {"kind": "identity.linked", "subject": "principal:validator", "data": {"kind": "email", "value": NAME}},
        ),
        "approval_given",
        "who is the author of",
    ),
    "an approval with a role not held": (
        change("approval.given", roles=["validator", "auditor"]), "approval_given", "['auditor'], which"
    ),
    "an approval after the role was lost": (
        before(
            "approval.given",
            {"kind": "role.revoked", "subject": "principal:officer", "data": ROLE},
            1,
        ),
        "approval_given",
        "['compliance_officer'], which officer did not hold",
    ),
    "an approval for a stage of others": (
        change("approval.given", stage="compliance"), "approval_given", "who does not decide there"
    ),
    "an approval of what is stale": (
        lambda record: change("approval.given", evaluation=first_evaluation(record))(record),
        "approval_given",
        "other digests than were evaluated last",
    ),
    "an approval of what is not to be decided": (
        moved("AWAITING_DECISION", to="COLLECTING"), "approval_given", "was COLLECTING"
    ),
    "an approval at another time": (change("approval.given", given_at=text(BEGIN)), "not_replayable", "given_at is"),
    "an unknown word is stale": (
        before("decision.recorded", {"kind": "approval.stale", "data": {"approval": "x", "why": ""}}),
        "approval_stale",
        "nobody gave it",
    ),
    "a word taken back by somebody else": (
        before("decision.recorded", {"kind": "approval.revoked", "data": {"approval": "a0", "reason": OTHER}}, 2),
        "approval_revoked",
        "by admin, who did not give it",
    ),
    # decisions
    "a decision before enough persons agreed": (
        change("decision.recorded", 1, verdict="AUTHORISED"), "decision_recorded", "approvals give PENDING"
    ),
    "a decision of another digest": (
        change("decision.recorded", decision=OTHER), "decision_recorded", "what counted gives"
    ),
    "a decision without an approval": (without("approval.given"), "decision_recorded", "what counted gives"),
    "a decision on a word taken back": (
        before(
            "decision.recorded",
            {"kind": "approval.revoked", "actor": "validator", "data": {"approval": "a0", "reason": OTHER}},
            2,
        ),
        "decision_recorded",
        "approvals give PENDING",
    ),
    # what serves
    "a deployment of another manifest": (
        change("deployment.created", manifest=OTHER), "deployment_created", "another manifest than was asked"
    ),
    "a deployment elsewhere": (
        change("deployment.created", environment="x"), "deployment_created", "is in another environment"
    ),
    "a deployment by another backend": (
        change("deployment.created", backend="x"), "deployment_created", "the manifest says 'local'"
    ),
    "a deployment that is not being released": (
        without("promotion.advanced", 5), "deployment_created", "its promotion was APPROVED"
    ),
    "a deployment without a decision": (
        without("decision.recorded", 2), "deployment_created", "without an AUTHORISED decision"
    ),
    "live with another manifest": (
        change("deployment.advanced", manifest=OTHER), "deployment_advanced", "than it was created for"
    ),
    "live what no event created": (without("deployment.created"), "unknown_subject", "deployment:d"),
    "a state the table does not have": (
        change("deployment.advanced", to="RETIRED"), "deployment_advanced", "cannot become RETIRED"
    ),
    "stopped and yet to serve": (change("deployment.advanced", 3, desired=True), "deployment_advanced", "yet to"),
    "a review cleared by who may not": (
        change("deployment.advanced", 2, principal="engineer"), "deployment_advanced", "was cleared by engineer"
    ),
    "an alias to what does not serve": (change("alias.intended", to=OTHER), "alias_intended", "does not serve there"),
    "an alias that nobody intended": (without("alias.intended"), "alias_observed", "nobody intended it"),
    "an alias observed elsewhere": (change("alias.observed", to=OTHER), "alias_observed", "which nobody intended"),
    # the watch
    "watched by another policy": (change("monitor.created", policy=OTHER), "monitor_created", "another policy"),
    "a batch judged otherwise": (change("batch.judged", verdict="HEALTHY"), "batch_judged", "give BREACH"),
    "a batch of another deployment": (change("batch.posted", deployment="x"), "batch_posted", "another deployment"),
    # words on columns
    "a verdict by a service": (change("column_verdict.given", principal="ci"), "column_verdict_given", "no person"),
    "a verdict on unknown rows": (
        change("column_verdict.given", dataset_digest=OTHER), "column_verdict_given", "which no event registered"
    ),
    "a lowering for too long": (
        change("column_verdict.lowering_requested", ends_at=text(BEGIN + timedelta(days=99))),
        "column_verdict_lowering_requested",
        "more than 90 days",
    ),
    "a lowering that nobody asked for": (
        without("column_verdict.lowering_requested"), "column_verdict_lowering_granted", "nobody asked for it"
    ),
    "a lowering for longer than was asked": (
        change("column_verdict.lowering_granted", ends_at=text(BEGIN + timedelta(days=31))),
        "column_verdict_lowering_granted",
        "something else",
    ),
    "a lowering after its end": (
        change("column_verdict.lowering_granted", ends_at=text(BEGIN)), "column_verdict_lowering_granted", "its end"
    ),
    "a lowering granted twice": (
        again("column_verdict.lowering_granted"), "column_verdict_lowering_granted", "granted already"
    ),
    "a lowering by one person": (
        change("column_verdict.lowering_granted", principal="validator"),
        "column_verdict_lowering_granted",
        "by who asked for it",
    ),
    "a lowering by who registered the data": (
        change("column_verdict.lowering_granted", principal="engineer"),
        "column_verdict_lowering_granted",
        "registered the data",
    ),
    # reveals
    "a reveal for who may not": (change("reveal.requested", principal="engineer"), "reveal_requested", "no role that"),
    "a reveal for a command": (change("reveal.requested", auth="command"), "reveal_requested", "by way of 'command'"),
    "a reveal by one person": (change("reveal.granted", principal="officer"), "reveal_granted", "by one person"),
    "a reveal granted twice": (again("reveal.granted"), "reveal_granted", "was already"),
    "a reveal granted to somebody else": (change("reveal.granted", requested_by="x"), "reveal_granted", "granted to x"),
    "a reveal of other values": (change("reveal.granted", tokens=OTHER), "reveal_granted", "other values"),
    "a reveal that nobody granted": (without("reveal.granted"), "reveal_opened", "no second person"),
    "a reveal opened by somebody else": (change("reveal.opened", principal="risk"), "reveal_opened", "opened by risk"),
    "a reveal opened twice": (again("reveal.opened"), "reveal_opened", "opened already"),
    "a reveal of more values": (change("reveal.opened", count=3), "reveal_opened", "opened 3 values"),
    "a reveal opened too late": (
        change("reveal.opened", at=text(BEGIN + timedelta(days=3))), "reveal_opened", "had expired"
    ),
    "a reveal nobody asked for": (without("reveal.requested"), "unknown_subject", "nothing was said before"),
    # keys
    "a key made twice": (again("privacy_key.made"), "privacy_key_made", "made already"),
    "another key shredded than was made": (
        change("privacy_key.shredded", fingerprint=OTHER), "privacy_key_shredded", "no such key"
    ),
    "a lowering asked for twice": (
        again("column_verdict.lowering_requested"), "column_verdict_lowering_requested", "asked for already"
    ),
    "a key shredded twice": (again("privacy_key.shredded"), "privacy_key_shredded", "no such key"),
    # holds
    "a hold by who may not": (change("hold.placed", principal="engineer"), "hold_placed", "held no role that may"),
    "a lift asked by who may not": (
        change("hold.lift_requested", principal="requester"), "hold_lift_requested", "held no role that may"
    ),
    "a lift asked twice": (again("hold.lift_requested"), "hold_lift_requested", "asked for already"),
    "a lift that nobody asked for": (without("hold.lift_requested"), "hold_lifted", "nobody asked for it"),
    "a lift by one person": (change("hold.lifted", principal="officer"), "hold_lifted", "by one person"),
    "a lift for somebody else": (change("hold.lifted", requested_by="admin"), "hold_lifted", "was lifted for admin"),
    "a lift by a service": (change("hold.lifted", principal="ci"), "hold_lifted", "no person"),
    "a hold lifted twice": (again("hold.lifted"), "hold_lifted", "lifted already"),
    # erasure
    "erased under a hold": (without("hold.lifted"), "commitment_erased", "while hold:h covered promotion:p"),
    "erased under a hold on the project": (
        both(change("hold.placed", on=f"project:{PROJECT}"), without("hold.lifted")),
        "commitment_erased",
        "while hold:h covered promotion:p",
    ),
    "erased too early": (
        change("commitment.erased", at=text(BEGIN + timedelta(days=179))), "commitment_erased", "before 180 days"
    ),
    "erased with a false date": (
        both(
            change("commitment.erased", at=text(BEGIN + timedelta(days=100))),
            change("commitment.erased", recorded_at=text(BEGIN - timedelta(days=100))),
        ),
        "commitment_erased",
        "is said to be of 2025-11-21",
    ),
    "erased by who may not": (
        change("commitment.erased", principal="officer"), "commitment_erased", "no administrator where promotion:p"
    ),
    "erased by a command": (change("commitment.erased", auth="command"), "commitment_erased", "by way of 'command'"),
    "erased twice": (again("commitment.erased"), "commitment_erased", "erased already"),
    "erased and never said": (
        change("commitment.erased", subject=f"commitment:{OTHER}"), "commitment_erased", "no event had spoken of it"
    ),
    "erased, and the event is of another": (
        change("commitment.erased", subject_digest=OTHER), "commitment_erased", "but the event is about"
    ),
    # what is no event
    "an event without its data": (change("promotion.requested", data={}), "not_replayable", "KeyError"),
    "an event of no time": (change("promotion.requested", at="soon"), "not_replayable", "must be a moment"),
}  # fmt: skip


def test_the_record_itself_is_in_order():
    assert story().replayed() == []


@pytest.mark.parametrize("case", CASES)
def test_a_forged_event_is_named(case):
    forge, what, message = CASES[case]
    code = what if what in WITHOUT_HANDLER else f"replay_{what}"
    record = story()
    forge(record)
    found = [fault for fault in record.replayed() if fault.code == code]
    assert any(message in fault.message for fault in found), [fault.message for fault in record.replayed()]


def test_every_kind_of_event_that_is_replayed_is_forged_or_told_elsewhere():
    forged = {code for _, code, _ in CASES.values()}
    silent = {"identity.linked", "environment.created", "model.registered", "dataset_version.registered"}
    elsewhere = {"artifact.purged", "model_version.retired", "policy_assignment.confirmed", "deployment.judged"}
    assert {kind for kind in HANDLERS if kind.replace(".", "_") not in forged} == silent | elsewhere


def test_the_replay_asks_for_the_roles_that_the_use_cases_ask_for():
    assert {str(role) for role in REQUESTERS} == MAY_ASK
    assert {str(role) for role in RELEASERS} == MAY_RELEASE
    assert {str(role) for role in OPERATORS} - {"engineer"} == MAY_CLEAR
    assert {str(role) for role in POLICY_MAKERS} == MAY_HOLD
    assert {str(role) for role in ADMINISTRATORS} == {MAY_ERASE}
    assert {str(role) for role in REVEALERS} == MAY_REVEAL


def test_the_replay_knows_the_times_that_the_use_cases_keep():
    assert (reveal.LASTS, verdicts.LONGEST_DAYS) == (revealing.LASTS, lowering.LONGEST_LOWERING_DAYS)
