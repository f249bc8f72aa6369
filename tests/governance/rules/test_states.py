"""The tables of states: complete, without dead ends that should not be, and refusing in full sentences."""

from itertools import pairwise

import pytest

from governance.rules.states import (
    APPROVAL_TERMINAL,
    APPROVAL_TRANSITIONS,
    DEPLOYMENT_ENDED,
    DEPLOYMENT_TERMINAL,
    DEPLOYMENT_TRANSITIONS,
    PROMOTION_TERMINAL,
    PROMOTION_TRANSITIONS,
    ApprovalState,
    DeploymentState,
    PromotionState,
    TransitionError,
    advance,
)

P, D = PromotionState, DeploymentState
TABLES = [
    (PROMOTION_TRANSITIONS, PromotionState),
    (APPROVAL_TRANSITIONS, ApprovalState),
    (DEPLOYMENT_TRANSITIONS, DeploymentState),
]
THE_WAY = [P.OPEN, P.COLLECTING, P.MEASURING, P.AWAITING_DECISION, P.APPROVED, P.RELEASING, P.RELEASED]


@pytest.mark.parametrize(("table", "states"), TABLES)
def test_every_state_has_a_row_and_every_target_is_another_state(table, states):
    assert set(table) == set(states)
    assert all(state not in targets and targets <= set(states) for state, targets in table.items())


def test_a_promotion_goes_all_the_way():
    for current, target in pairwise(THE_WAY):
        assert advance(PROMOTION_TRANSITIONS, current, target) is target


@pytest.mark.parametrize("state", P)
def test_only_an_authorised_promotion_is_released(state):
    assert (P.RELEASING in PROMOTION_TRANSITIONS[state]) == (state is P.APPROVED)
    assert (P.APPROVED in PROMOTION_TRANSITIONS[state]) == (state is P.AWAITING_DECISION)
    assert (P.RELEASED in PROMOTION_TRANSITIONS[state]) == (state is P.RELEASING)


@pytest.mark.parametrize("state", sorted(set(P) - PROMOTION_TERMINAL - {P.RELEASING}))
def test_an_open_promotion_can_be_withdrawn_expire_or_be_superseded(state):
    assert {P.WITHDRAWN, P.EXPIRED, P.SUPERSEDED} <= PROMOTION_TRANSITIONS[state]


@pytest.mark.parametrize(
    ("current", "target"),
    [
        (P.ERROR, P.COLLECTING),
        (P.OPEN, P.ERROR),
        (P.COLLECTING, P.ERROR),
        (P.MEASURING, P.ERROR),
        (P.BLOCKED, P.COLLECTING),
        (P.BLOCKED, P.MEASURING),
        (P.BLOCKED, P.AWAITING_DECISION),
        (P.BLOCKED, P.REJECTED),
        (P.AWAITING_DECISION, P.MEASURING),
        (P.AWAITING_DECISION, P.BLOCKED),
        (P.APPROVED, P.MEASURING),
        (P.APPROVED, P.AWAITING_DECISION),
        (P.RELEASING, P.RELEASE_FAILED),
        (P.RELEASING, P.SUPERSEDED),
    ],
)
def test_a_promotion_can_turn(current, target):
    assert advance(PROMOTION_TRANSITIONS, current, target) is target


@pytest.mark.parametrize(
    ("current", "target"),
    [
        (P.BLOCKED, P.APPROVED),
        (P.ERROR, P.AWAITING_DECISION),
        (P.MEASURING, P.APPROVED),
        (P.OPEN, P.MEASURING),
        (P.RELEASING, P.APPROVED),
        (P.RELEASED, P.RELEASING),
        (P.EXPIRED, P.APPROVED),
        (P.OPEN, P.OPEN),
    ],
)
def test_a_promotion_cannot_jump(current, target):
    with pytest.raises(TransitionError) as caught:
        advance(PROMOTION_TRANSITIONS, current, target)
    assert caught.value.code == "transition_refused"
    assert f"PromotionState {current} cannot become {target}" in str(caught.value)


def test_a_refused_step_names_the_allowed_ones():
    with pytest.raises(TransitionError, match=r"can become COLLECTING, EXPIRED, SUPERSEDED, WITHDRAWN\.$"):
        advance(PROMOTION_TRANSITIONS, P.ERROR, P.APPROVED)
    with pytest.raises(TransitionError, match=r"that state is final\.$"):
        advance(PROMOTION_TRANSITIONS, P.REJECTED, P.OPEN)


def test_final_states():
    assert {
        P.RELEASED,
        P.RELEASE_FAILED,
        P.CHANGES_REQUESTED,
        P.REJECTED,
        P.WITHDRAWN,
        P.EXPIRED,
        P.SUPERSEDED,
    } == PROMOTION_TERMINAL
    assert {ApprovalState.REVOKED} == APPROVAL_TERMINAL
    assert {D.RETIRED} == DEPLOYMENT_TERMINAL


@pytest.mark.parametrize("ended", sorted(DEPLOYMENT_ENDED))
def test_what_has_ended_serves_never_again(ended):
    assert DEPLOYMENT_TRANSITIONS[ended] <= {D.RETIRED}


def test_what_has_ended_is_all_but_what_runs_or_will():
    assert set(D) - {D.PENDING, D.LIVE, D.UNDER_REVIEW} == DEPLOYMENT_ENDED


@pytest.mark.parametrize(
    ("current", "target", "allowed"),
    [
        (D.PENDING, D.LIVE, True),
        (D.PENDING, D.FAILED, True),
        (D.PENDING, D.UNDER_REVIEW, False),
        (D.LIVE, D.UNDER_REVIEW, True),
        (D.UNDER_REVIEW, D.LIVE, True),
        (D.UNDER_REVIEW, D.ROLLED_BACK, True),
        (D.LIVE, D.ROLLED_BACK, True),
        (D.LIVE, D.STOPPED, True),
        (D.LIVE, D.SUPERSEDED, True),
        (D.LIVE, D.FAILED, False),
        (D.STOPPED, D.LIVE, False),
        (D.ROLLED_BACK, D.PENDING, False),
        (D.SUPERSEDED, D.PENDING, False),
    ],
)
def test_deployments(current, target, allowed):
    assert (target in DEPLOYMENT_TRANSITIONS[current]) == allowed


def test_a_stale_word_can_become_valid_again_but_a_revoked_one_never():
    assert ApprovalState.VALID in APPROVAL_TRANSITIONS[ApprovalState.STALE]
    assert ApprovalState.VALID not in APPROVAL_TRANSITIONS[ApprovalState.EXPIRED]
    assert APPROVAL_TRANSITIONS[ApprovalState.REVOKED] == frozenset()
