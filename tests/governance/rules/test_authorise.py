"""Decisions: quorums of different persons who took no part, bound to exact digests; never past what blocks."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.rules.approvals import Action, Digests, People, Revocation, approval_state
from governance.rules.moments import MomentError
from governance.rules.seats import seat_persons
from governance.rules.states import ApprovalState
from registry.canonical import canonical, digest
from tests.governance.rules.build import (
    KEY,
    NOW,
    POLICY,
    RATIO,
    approval,
    changed,
    decided,
    judged,
    only_fairness,
    policy,
)

GOOD = judged().document()
OPEN = only_fairness(RATIO | {"value": "0.71", "lower": "0.52"}).document()
BLOCKED = only_fairness(RATIO | {"value": None}).document()
BOTH = [approval(GOOD, "val", "validation"), approval(GOOD, "com", "compliance")]


def second(**changes):
    """Decide with a good validation and a changed compliance approval."""
    return decided(GOOD, [BOTH[0], approval(GOOD, "com", "compliance", **changes)])


def test_every_stage_met_by_different_persons_is_authorised():
    decision = decided(GOOD, BOTH)
    assert decision.verdict == "AUTHORISED"
    assert decision.counted == ("com-compliance", "val-validation")
    assert decision.ignored == {}


def test_the_document_is_canonical_and_complete():
    document = decided(GOOD, BOTH[:1]).document()
    assert canonical(document)
    assert document == {
        "engine": "1",
        "verdict": "PENDING",
        "manifest": GOOD["manifest"],
        "policy": GOOD["policy"],
        "evaluation": digest(GOOD),
        "stages": [
            {"name": "validation", "role": "validator", "quorum": 1, "counted": 1, "met": True},
            {"name": "compliance", "role": "compliance_officer", "quorum": 1, "counted": 0, "met": False},
        ],
        "counted": ["val-validation"],
        "ignored": [],
        "reasons": ["The stage compliance has 0 of 1 approvals by a compliance_officer."],
    }


def test_without_approvals_it_is_pending():
    assert decided(GOOD, []).verdict == "PENDING"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"roles_held": frozenset({"validator", "administrator"})}, "did not hold the role compliance_officer"),
        ({"roles_held": frozenset()}, "did not hold the role compliance_officer"),
        ({"stage": "legal"}, "the policy has no stage 'legal'"),
        ({"stage": ""}, "the policy has no stage ''"),
        ({"manifest": "c" * 64}, "it is STALE"),
        ({"policy": "c" * 64}, "it is STALE"),
        ({"evaluation": "c" * 64}, "it is STALE"),
        ({"at": NOW - timedelta(days=14)}, "it is EXPIRED"),
        ({"at": NOW + timedelta(hours=1)}, "it was given in the future"),
        ({"principal": "val", "at": NOW}, "its person counts once already, in the stage validation"),
    ],
)
def test_an_approval_that_does_not_count_is_ignored_and_says_why(changes, why):
    decision = second(**changes)
    assert decision.verdict == "PENDING"
    assert why in decision.ignored["com-compliance"]


def test_an_approval_counts_until_the_last_moment_of_its_validity():
    assert second(at=NOW - timedelta(days=14) + timedelta(microseconds=1)).verdict == "AUTHORISED"


@pytest.mark.parametrize("part", ["requester", "trainers", "authors", "committers"])
@pytest.mark.parametrize("person", ["val", "com"])
def test_who_took_part_cannot_approve(part, person):
    decision = decided(GOOD, BOTH, people=People(**{part: frozenset({person, "dev"})}))
    assert decision.verdict == "PENDING"
    assert f"is {part.removesuffix('s')} of what is released" in next(iter(decision.ignored.values()))


def test_a_part_that_the_policy_does_not_separate_may_approve():
    low = policy(tier="low", approval=POLICY["approval"] | {"separation": ["requester"]})
    evaluation = judged(policy=low).document()
    approvals = [approval(evaluation, "val", "validation"), approval(evaluation, "com", "compliance")]
    verdicts = [
        decided(evaluation, approvals, policy=low, people=People(**{part: frozenset({"val"})})).verdict
        for part in ("requester", "committers")
    ]
    assert verdicts == ["PENDING", "AUTHORISED"]


def test_the_separation_speaks_of_the_person_and_an_uninvolved_third_can_take_the_place():
    people = People(authors=frozenset({"com"}))
    assert decided(GOOD, [*BOTH, approval(GOOD, "cam", "compliance")], people=people).verdict == "AUTHORISED"


# --- what must be acknowledged


def test_each_item_must_be_acknowledged_by_each_counted_approval():
    good = approval(OPEN, "val", "validation")
    assert good.acknowledged == {KEY}
    assert decided(OPEN, [good, approval(OPEN, "com", "compliance")]).verdict == "AUTHORISED"
    for acknowledged in (frozenset(), frozenset({f"{KEY}#2"})):
        silent = approval(OPEN, "com", "compliance", acknowledged=acknowledged)
        decision = decided(OPEN, [good, silent])
        assert decision.verdict == "PENDING"
        assert decision.ignored == {"com-compliance": f"it does not acknowledge {KEY}"}


def test_every_one_of_several_items_must_be_acknowledged():
    evaluation = only_fairness(*(RATIO | {"lower": "0.5", "group": group} for group in ("age", "sex"))).document()
    assert len(evaluation["acknowledge"]) == 2
    partly = frozenset(evaluation["acknowledge"][:1])
    approvals = [
        approval(evaluation, "val", "validation", acknowledged=partly),
        approval(evaluation, "com", "compliance"),
    ]
    assert decided(evaluation, approvals).verdict == "PENDING"


# --- what no approval outweighs


@pytest.mark.parametrize(
    ("evaluation", "words"),
    [
        (BLOCKED, "BLOCKED"),
        (GOOD | {"verdict": "FINE"}, "'FINE', which is not known"),
        (GOOD | {"verdict": None}, "None, which is not known"),
        (GOOD | {"engine": "0"}, "engine '0'"),
        (GOOD | {"policy": "c" * 64}, "another policy"),
        (GOOD | {"acknowledge": None}, "does not say what must be acknowledged"),
    ],
)
def test_some_evaluations_are_refused_whatever_the_approvals(evaluation, words):
    word = evaluation | {"acknowledge": evaluation["acknowledge"] or []}
    approvals = [
        approval(word, one, stage, policy=GOOD["policy"], evaluation=digest(evaluation))
        for one, stage in (("val", "validation"), ("com", "compliance"))
    ]
    decision = decided(evaluation, approvals)
    assert decision.counted == ("com-compliance", "val-validation")
    assert decision.verdict == "REFUSED"
    assert words in " ".join(decision.reasons)


@pytest.mark.parametrize(
    ("action", "words"), [(Action.REJECT, "rejects it."), (Action.REQUEST_CHANGES, "asks for changes.")]
)
def test_one_word_against_refuses(action, words):
    against = approval(GOOD, "third", "compliance", action=action)
    decision = decided(GOOD, [*BOTH, against])
    assert decision.verdict == "REFUSED"
    assert decision.reasons == (f"third-compliance {words}",)


def test_a_word_against_outlasts_its_validity_and_needs_no_separation_or_acknowledgement():
    old = approval(GOOD, "dev", "compliance", action="reject", at=NOW - timedelta(days=400), acknowledged=frozenset())
    assert decided(GOOD, [*BOTH, old], people=People(requester=frozenset({"dev"}))).verdict == "REFUSED"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"evaluation": "c" * 64}, "it is STALE"),
        ({"roles_held": frozenset({"engineer"})}, "held none of the roles that decide"),
    ],
)
def test_a_word_against_something_else_or_of_nobody_in_charge_is_ignored(changes, why):
    decision = decided(GOOD, [*BOTH, approval(GOOD, "x", "compliance", action="reject", **changes)])
    assert decision.verdict == "AUTHORISED"
    assert why in decision.ignored["x-compliance"]


def test_an_action_that_is_not_known_is_a_word_against():
    assert decided(GOOD, [*BOTH, approval(GOOD, "x", "compliance", action="aprove")]).verdict == "REFUSED"


def test_what_was_revoked_counts_neither_for_nor_against():
    taken_back = [Revocation("com-compliance", "com", NOW)]
    decision = decided(GOOD, BOTH, revocations=taken_back)
    assert (decision.verdict, decision.ignored) == ("PENDING", {"com-compliance": "it is REVOKED"})
    rejection = approval(GOOD, "x", "compliance", action="reject")
    assert decided(GOOD, [*BOTH, rejection], revocations=[Revocation(rejection.id, "x", NOW)]).verdict == "AUTHORISED"


def test_a_revocation_that_a_clock_puts_in_the_future_counts_already():
    late = [Revocation("com-compliance", "com", NOW + timedelta(days=1))]
    assert decided(GOOD, BOTH, revocations=late).verdict == "PENDING"


# --- quorums and persons


def test_one_person_counts_once_across_all_stages_whatever_the_roles():
    roles = frozenset({"validator", "compliance_officer"})
    alone = [approval(GOOD, "val", stage, roles_held=roles) for stage in ("validation", "compliance")]
    decision = decided(GOOD, alone)
    assert decision.verdict == "PENDING"
    assert len(decision.counted) == 1


def test_one_person_counts_once_in_a_stage():
    two = changed(POLICY, "approval.stages.1.quorum", 2)
    evaluation = judged(policy=two).document()
    first = approval(evaluation, "val", "validation")
    officers = [approval(evaluation, "com", "compliance", id=name) for name in ("c1", "c2")]
    decision = decided(evaluation, [first, *officers], policy=two)
    assert decision.verdict == "PENDING"
    assert decision.reasons == ("The stage compliance has 1 of 2 approvals by a compliance_officer.",)
    third = approval(evaluation, "cam", "compliance")
    assert decided(evaluation, [first, *officers, third], policy=two).verdict == "AUTHORISED"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_spoke_first_does_not_matter(order):
    roles = frozenset({"validator", "compliance_officer"})
    words = [
        ("ann", "validation", roles),
        ("ann", "compliance", roles),
        ("bob", "validation", frozenset({"validator"})),
    ]
    approvals = [
        approval(
            GOOD, words[index][0], words[index][1], roles_held=words[index][2], at=NOW - timedelta(hours=9 - place)
        )
        for place, index in enumerate(order)
    ]
    decision = decided(GOOD, approvals)
    assert decision.verdict == "AUTHORISED"
    assert decision.counted == ("ann-compliance", "bob-validation")


def test_who_is_left_over_is_ignored_with_the_reason_and_steps_in_when_another_is_revoked():
    spare = approval(GOOD, "cam", "compliance", at=NOW - timedelta(minutes=1))
    decision = decided(GOOD, [*BOTH, spare])
    assert decision.ignored == {"cam-compliance": "the stage compliance has all it needs"}
    revoked = decided(GOOD, [*BOTH, spare], revocations=[Revocation("com-compliance", "com", NOW)])
    assert (revoked.verdict, revoked.counted) == ("AUTHORISED", ("cam-compliance", "val-validation"))


def test_the_document_is_independent_of_the_order_of_approvals():
    approvals = [*BOTH, approval(GOOD, "cam", "compliance"), approval(GOOD, "x", "compliance", evaluation="c" * 64)]
    assert len({decided(GOOD, list(order)).digest() for order in permutations(approvals)}) == 1


def test_the_document_does_not_hold_the_clock():
    assert decided(GOOD, BOTH).digest() == decided(GOOD, BOTH, now=NOW + timedelta(days=2)).digest()


OFFERS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("vwxyz")), max_size=9)


@given(quorums=st.fixed_dictionaries({stage: st.integers(0, 3) for stage in "ab"}), offers=OFFERS)
def test_persons_are_seated_as_often_as_can_be(quorums, offers):
    seats = seat_persons(quorums, offers)
    assert all((stage, person) in offers and stage in quorums for person, stage in seats.items())
    assert all(list(seats.values()).count(stage) <= quorum for stage, quorum in quorums.items())
    only_a, only_b, both = (
        {person for _, person in offers if {stage for stage, one in offers if one == person} & set("ab") == wanted}
        for wanted in (set("a"), set("b"), set("ab"))
    )
    left = [max(0, quorums[stage] - len(own)) for stage, own in (("a", only_a), ("b", only_b))]
    best = min(len(only_a), quorums["a"]) + min(len(only_b), quorums["b"]) + min(len(both), sum(left))
    assert len(seats) == best


# --- identities nobody is known by


@pytest.mark.parametrize(("rule", "verdict"), [("block", "PENDING"), ("warn", "AUTHORISED")])
def test_an_identity_nobody_is_known_by_is_a_conflict_that_the_policy_decides(rule, verdict):
    wanted = changed(POLICY, "approval.unmapped_identity", rule)
    evaluation = judged(policy=wanted).document()
    approvals = [approval(evaluation, "val", "validation"), approval(evaluation, "com", "compliance")]
    decision = decided(evaluation, approvals, policy=wanted, people=People(unmapped=frozenset({"opaque-1"})))
    assert decision.verdict == verdict
    assert f"1 of the identities that took part are not linked to a person; the policy says {rule}." in decision.reasons
    assert "opaque-1" not in canonical(decision.document()).decode()


# --- automatic


AUTOMATIC = policy(tier="low", approval={"automatic": True, "stages": [{"name": "validation", "role": "validator"}]})


def automatic(evaluation, approvals=(), **changes):
    return decided(evaluation, list(approvals), **{"policy": AUTOMATIC} | changes)


def test_what_passes_with_nothing_to_acknowledge_goes_out_by_itself_where_the_policy_says_so():
    evaluation = judged(policy=AUTOMATIC).document()
    assert automatic(evaluation).verdict == "AUTHORISED"
    assert automatic(evaluation).counted == ()


def test_automatic_stops_at_anything_open_at_a_rejection_and_at_what_blocks():
    evaluation = judged(policy=AUTOMATIC).document()
    open_ = only_fairness(RATIO | {"lower": "0.5"}, policy=AUTOMATIC).document()
    assert automatic(open_).verdict == "PENDING"
    assert automatic(open_, [approval(open_, "val", "validation")]).verdict == "AUTHORISED"
    assert automatic(evaluation | {"acknowledge": [KEY]}).verdict == "PENDING"
    assert automatic(evaluation | {"verdict": "NEEDS_DECISION"}).verdict == "PENDING"
    assert automatic(evaluation, [approval(evaluation, "val", "validation", action="reject")]).verdict == "REFUSED"
    assert automatic(only_fairness(RATIO | {"n": 1}, policy=AUTOMATIC).document()).verdict == "REFUSED"


def test_automatic_without_a_stage_waits_for_ever_when_something_is_open():
    bare = policy(tier="low", approval={"automatic": True})
    open_ = only_fairness(RATIO | {"lower": "0.5"}, policy=bare).document()
    decision = decided(open_, [], policy=bare)
    assert decision.verdict == "PENDING"
    assert "no stage" in decision.reasons[0]


# --- the state of one approval


BOUND = Digests(GOOD["manifest"], GOOD["policy"], digest(GOOD))
OTHER = Digests(GOOD["manifest"], GOOD["policy"], "c" * 64)


@pytest.mark.parametrize(
    ("digests", "days", "revoked", "state"),
    [
        (BOUND, 0, False, "VALID"),
        (OTHER, 0, False, "STALE"),
        (BOUND, 14, False, "EXPIRED"),
        (BOUND, 0, True, "REVOKED"),
        (OTHER, 14, False, "EXPIRED"),
        (OTHER, 14, True, "REVOKED"),
        (BOUND, 13, False, "VALID"),
    ],
)
def test_the_state_of_an_approval(digests, days, revoked, state):
    one = approval(GOOD, "val", "validation", at=NOW)
    revocations = [Revocation(one.id if revoked else "other", "val", NOW)]
    found = approval_state(one, digests=digests, revocations=revocations, valid_days=14, now=NOW + timedelta(days=days))
    assert found is ApprovalState(state)


def test_times_without_an_offset_are_refused():
    with pytest.raises(MomentError, match="now is 2026-03-01T12:00:00, which has no offset"):
        decided(GOOD, BOTH, now=NOW.replace(tzinfo=None))
    with pytest.raises(MomentError, match="at of approval com-compliance"):
        decided(GOOD, [approval(GOOD, "com", "compliance", at=NOW.replace(tzinfo=None))])
