"""Whose word counts, on what, and what takes it back."""

import pytest

from governance.promotion.approve import (
    DecisionRefusedError,
    NotAcknowledgedError,
    ReasonMissingError,
    StaleEvaluationError,
    reject,
    request_changes,
    revoke,
    withdraw,
)
from governance.promotion.request import NotPermittedError
from governance.rules.states import TransitionError
from registry.models import Actor
from registry.register import Member, grant_role, link_identity, revoke_role
from tests.governance.stage import AUC, MISSES, REASON, STRADDLES, evaluation_of, events, fresh, outcomes_of


def decision_of(promotion):
    return promotion.decisions.latest("created_at").document


def test_a_promotion_is_approved_when_every_stage_has_its_person(stage):
    promotion = stage.assessed()
    assert promotion.state == "AWAITING_DECISION"
    stage.approve(promotion, "officer")
    assert fresh(promotion).state == "AWAITING_DECISION"
    stage.approve(promotion, "validator")
    assert fresh(promotion).state == "APPROVED"
    assert decision_of(promotion)["verdict"] == "AUTHORISED"
    given = events(promotion, "approval.given")
    assert [one["data"]["stage"] for one in given] == ["compliance", "validation"]
    assert {one["data"]["manifest"] for one in given} == {promotion.manifest_id}
    assert REASON not in str(events(promotion))


# --- separation of duties ---

PARTIES = {
    "requester": ({"who": "requester"}, "requester"),
    "engineer who asked": ({"who": "engineer"}, "engineer"),
    "administrator who asked": ({"who": "administrator"}, "administrator"),
    "owner of the service that asked": ({"who": "service"}, "second"),
}


@pytest.mark.parametrize("party", PARTIES)
def test_who_asked_cannot_approve_whatever_their_roles(stage, party):
    asked, person = PARTIES[party]
    for role in ("validator", "compliance_officer"):
        if role not in stage.people[person].roles(stage.project):
            grant_role(stage.people[person], project=stage.project, role=role, actor=Actor.system("command"))
    promotion = stage.assessed(**asked)
    with pytest.raises(DecisionRefusedError, match="who is the requester") as refused:
        stage.approve(promotion, person)
    assert refused.value.code == "own_request"
    assert not promotion.approvals.exists()


@pytest.mark.parametrize("part", ["trainer", "author", "committer"])
@pytest.mark.parametrize("known_as", ["principal", "linked before", "linked after"])
def test_who_had_a_hand_in_the_version_cannot_approve(stage, part, known_as):
    system, officer = Actor.system("command"), stage.people["officer"]
    member = Member(part, officer) if known_as == "principal" else Member(part, None, "email", "Of@Example.org")
    if known_as == "linked before":
        link_identity(officer, kind="email", value="of@example.org", actor=system)
    promotion = stage.assessed(stage.version(people=(member,)))
    if known_as == "linked after":
        link_identity(officer, kind="email", value="of@example.org", actor=system)
    with pytest.raises(DecisionRefusedError, match=f"who is the {part} of") as refused:
        stage.approve(promotion, "officer")
    assert refused.value.code == "own_request"
    stage.approve(promotion, "second")


def test_who_registered_the_version_counts_as_its_trainer(stage):
    grant_role(stage.people["engineer"], project=stage.project, role="validator", actor=Actor.system("command"))
    with pytest.raises(DecisionRefusedError, match="trainer"):
        stage.approve(stage.assessed(), "engineer")


def test_on_whose_behalf_it_was_asked_cannot_approve(stage):
    promotion = stage.assessed(on_behalf_of=stage.people["officer"])
    with pytest.raises(DecisionRefusedError, match="requester"):
        stage.approve(promotion, "officer")


@pytest.mark.parametrize(("rule", "state"), [("block", "AWAITING_DECISION"), ("warn", "APPROVED")])
def test_an_author_whom_nobody_knows_holds_up_or_is_noted_as_the_policy_says(stage, rule, state):
    stage.assign(version=rule, unmapped=rule)
    promotion = stage.approved(stage.version(people=(Member("author", None, "email", "nobody@example.org"),)))
    assert promotion.state == state
    assert any("not linked to a person" in reason for reason in decision_of(promotion)["reasons"])
    assert "nobody@example.org" not in str(events(promotion))


# --- who decides at all ---


@pytest.mark.parametrize(
    ("who", "auth", "code"),
    [
        ("officer", "command", "not_a_person"),
        ("officer", "task", "not_a_person"),
        ("service", "token", "not_a_person"),
        ("auditor", "session", "not_permitted"),
        ("risk", "session", "not_permitted"),
        ("stranger", "session", "not_permitted"),
        ("administrator", "session", "not_permitted"),
    ],
)
def test_who_cannot_decide_is_told_why_and_leaves_nothing_behind(stage, who, auth, code):
    promotion = stage.assessed()
    for decide in (stage.approve, lambda *given, **facts: _turn_down(stage, reject, *given, **facts)):
        with pytest.raises(DecisionRefusedError) as refused:
            decide(promotion, who, actor=stage.actor(who, auth))
        assert refused.value.code == code
    assert not promotion.approvals.exists()
    assert fresh(promotion).state == "AWAITING_DECISION"


def _turn_down(stage, act, promotion, who, **changes):
    facts = {"actor": stage.actor(who), "reason": REASON, "evaluation_digest": fresh(promotion).evaluation_digest}
    return act(promotion, **facts | changes)


def test_a_role_that_is_taken_away_afterwards_counts_as_it_was_held_then(stage):
    promotion = stage.assessed()
    stage.approve(promotion, "officer")
    revoke_role(
        stage.people["officer"],
        project=stage.project,
        role="compliance_officer",
        actor=stage.actor("administrator"),
    )
    stage.approve(promotion, "validator")
    assert fresh(promotion).state == "APPROVED"
    assert promotion.approvals.get(principal=stage.people["officer"]).roles_held == ["compliance_officer"]


def test_a_role_that_is_given_afterwards_does_not_count_back(stage):
    promotion = stage.assessed()
    with pytest.raises(DecisionRefusedError):
        stage.approve(promotion, "stranger")
    system = Actor.system("command")
    grant_role(stage.people["stranger"], project=stage.project, role="validator", actor=system)
    stage.approve(promotion, "stranger")
    assert decision_of(promotion)["verdict"] == "PENDING"


def test_one_person_counts_once_and_is_told_so(stage):
    promotion = stage.assessed()
    stage.approve(promotion, "officer")
    with pytest.raises(DecisionRefusedError, match="one person counts once") as refused:
        stage.approve(promotion, "officer")
    assert refused.value.code == "already_approved"
    assert promotion.approvals.count() == 1


@pytest.mark.parametrize("other", ["validator", "officer"])
@pytest.mark.parametrize("first", ["both", "other"])
def test_who_holds_two_roles_fills_one_stage_and_leaves_the_other_to_somebody_else(stage, first, other):
    promotion = stage.assessed()
    order = ["both", other] if first == "both" else [other, "both"]
    stage.approve(promotion, order[0])
    assert fresh(promotion).state == "AWAITING_DECISION"
    if order == ["both", "validator"]:
        stage.approve(promotion, "validator")  # "both" sits at validation: the compliance stage is still open
        assert fresh(promotion).state == "AWAITING_DECISION"
        stage.approve(promotion, "officer")
    else:
        stage.approve(promotion, order[1])
    assert fresh(promotion).state == "APPROVED"


def test_two_of_one_role_do_not_stand_in_for_the_other(stage):
    promotion = stage.assessed()
    stage.approve(promotion, "officer")
    stage.approve(promotion, "second")
    assert fresh(promotion).state == "AWAITING_DECISION"
    assert decision_of(promotion)["verdict"] == "PENDING"


# --- what is decided on ---


@pytest.mark.parametrize("reason", ["", "   ", "too short", "  short   "])
def test_a_decision_without_a_reason_is_none(stage, reason):
    promotion = stage.assessed()
    for act in (reject, request_changes):
        with pytest.raises(ReasonMissingError):
            _turn_down(stage, act, promotion, "officer", reason=reason)
    with pytest.raises(ReasonMissingError, match="at least 10 characters"):
        stage.approve(promotion, "officer", reason=reason)
    assert not promotion.approvals.exists()


@pytest.mark.parametrize(
    ("acknowledged", "message"),
    [
        ([], f"each of these must be accepted singly: {AUC}"),
        (["performance/performance.brier"], "each of these must be accepted singly"),
        ([AUC, "fairness/fairness.selection_rate_ratio/sex"], "there is nothing to accept in: fairness"),
        ([AUC, "*"], r"there is nothing to accept in: \*"),
    ],
)
def test_each_open_item_and_nothing_else_must_be_accepted(bare_stage, acknowledged, message):
    bare_stage.assign(**STRADDLES)
    promotion = bare_stage.assessed()
    assert outcomes_of(promotion)[AUC] == "INDETERMINATE"
    with pytest.raises(NotAcknowledgedError, match=message):
        bare_stage.approve(promotion, "officer", acknowledged=acknowledged)
    assert not promotion.approvals.exists()


def test_what_is_acknowledged_is_part_of_the_record(bare_stage):
    bare_stage.assign(**STRADDLES)
    promotion = bare_stage.approved()
    assert promotion.state == "APPROVED"
    assert {tuple(one["data"]["acknowledged"]) for one in events(promotion, "approval.given")} == {(AUC,)}


def test_an_evaluation_that_one_did_not_look_at_is_not_approved(stage):
    promotion = stage.assessed()
    with pytest.raises(StaleEvaluationError, match="you looked at evaluation 000000000000"):
        stage.approve(promotion, "officer", evaluation_digest="0" * 64)
    assert not promotion.approvals.exists()


def test_a_blocked_promotion_can_be_turned_down_but_not_approved(bare_stage):
    bare_stage.assign(**MISSES)
    promotion = bare_stage.assessed()
    assert promotion.state == "BLOCKED"
    assert AUC in promotion.detail
    with pytest.raises(DecisionRefusedError, match="the promotion is blocked") as refused:
        bare_stage.approve(promotion, "officer")
    assert refused.value.code == "blocked"
    _turn_down(bare_stage, reject, promotion, "officer")
    assert fresh(promotion).state == "REJECTED"


@pytest.mark.parametrize("state", ["OPEN", "APPROVED", "REJECTED", "WITHDRAWN"])
def test_there_is_a_time_to_decide_and_no_other(stage, state):
    promotion = stage.approved() if state == "APPROVED" else stage.request()
    if state in {"REJECTED", "WITHDRAWN"}:
        stage.assess(promotion)
    if state == "REJECTED":
        _turn_down(stage, reject, promotion, "officer")
    if state == "WITHDRAWN":
        withdraw(promotion, actor=stage.actor("requester"), reason=REASON)
    assert fresh(promotion).state == state
    with pytest.raises(DecisionRefusedError) as refused:
        stage.approve(promotion, "second")
    assert refused.value.code == "nothing_to_decide"


# --- no, and taking back ---


@pytest.mark.parametrize(("act", "state"), [(reject, "REJECTED"), (request_changes, "CHANGES_REQUESTED")])
def test_one_no_outweighs_every_yes_and_is_final(stage, act, state):
    promotion = stage.assessed()
    stage.approve(promotion, "validator")
    _turn_down(stage, act, promotion, "officer")
    assert fresh(promotion).state == state
    assert decision_of(promotion)["verdict"] == "REFUSED"
    with pytest.raises(DecisionRefusedError):
        stage.approve(promotion, "second")
    with pytest.raises(TransitionError):
        withdraw(promotion, actor=stage.actor("requester"), reason=REASON)
    assert stage.assess(promotion).status == "SUCCEEDED"
    assert fresh(promotion).state == state


def test_an_approval_taken_back_opens_the_decision_again(stage):
    promotion = stage.approved()
    given = promotion.approvals.get(principal=stage.people["officer"])
    with pytest.raises(DecisionRefusedError, match="by the person who gave it") as refused:
        revoke(given, actor=stage.actor("validator"), reason=REASON)
    assert refused.value.code == "not_yours"
    revoke(given, actor=stage.actor("officer"), reason=REASON)
    promotion = fresh(promotion)
    assert (promotion.state, promotion.detail) == ("AWAITING_DECISION", "the authorisation no longer holds")
    assert decision_of(promotion)["verdict"] == "PENDING"
    assert events(promotion, "approval.revoked")[0]["data"]["approval"] == str(given.pk)
    stage.approve(promotion, "officer")
    assert fresh(promotion).state == "APPROVED"


def test_what_went_out_cannot_be_unsaid(stage):
    promotion = stage.approved()
    stage.release(promotion)
    with pytest.raises(DecisionRefusedError, match="roll back or stop it instead"):
        revoke(
            promotion.approvals.get(principal=stage.people["validator"]), actor=stage.actor("validator"), reason=REASON
        )


@pytest.mark.parametrize("who", ["engineer", "officer", "administrator"])
def test_a_request_is_taken_back_by_the_one_who_made_it(stage, who):
    promotion = stage.assessed()
    with pytest.raises(NotPermittedError):
        withdraw(promotion, actor=stage.actor(who), reason=REASON)
    withdraw(promotion, actor=stage.actor("requester"), reason=REASON)
    assert fresh(promotion).state == "WITHDRAWN"
    assert REASON not in str(events(promotion))


@pytest.mark.parametrize("who", ["service", "second", "officer"])
def test_a_services_request_is_also_its_owners_and_that_of_whom_it_was_for(stage, who):
    promotion = stage.assessed(who="service", on_behalf_of=stage.people["officer"])
    withdraw(promotion, actor=stage.actor(who), reason=REASON)
    assert fresh(promotion).state == "WITHDRAWN"


def test_an_approval_ends_after_the_days_that_the_policy_gives_it(stage):
    from governance.reconcile import judge_again

    promotion = stage.approved()
    stage.later(days=13)
    assert judge_again() == 0
    stage.later(days=14)
    assert judge_again() == 1
    assert fresh(promotion).state == "EXPIRED"
    assert fresh(promotion).detail == "it was approved and never released; approvals count for 14 days"
    assert {one["why"] for one in decision_of(promotion)["ignored"]} == {"it is EXPIRED"}


def test_the_evaluation_that_was_approved_is_the_one_on_record(stage):
    promotion = stage.approved()
    assert evaluation_of(promotion).digest == promotion.evaluation_digest
    assert {one.evaluation_digest for one in promotion.approvals.all()} == {promotion.evaluation_digest}
