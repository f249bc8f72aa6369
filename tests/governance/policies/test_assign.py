"""Which policy applies, from when, and that it takes two to change it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from governance.models import PolicyAssignment
from governance.policies.assign import (
    NoPolicyError,
    NotProposedError,
    SamePersonError,
    applies_to_open,
    confirm,
    propose,
    resolve,
)
from registry.ledger import read
from registry.models import Actor
from registry.register import create_environment
from tests.governance.stage import fresh


def suggest(stage, who="administrator", applies_to="open", grace_days=0, **changes):
    return propose(
        environment=stage.environment,
        tier="limited",
        policy=stage.policy(**changes),
        actor=stage.actor(who),
        applies_to=applies_to,
        grace_days=grace_days,
    )


def applying(stage):
    return resolve(environment=stage.environment, tier="limited").version


def test_the_first_policy_applies_at_once_and_the_record_says_that_it_was_the_first(bare_stage):
    with pytest.raises(NoPolicyError, match="no policy is assigned to the limited tier in production"):
        applying(bare_stage)
    first = suggest(bare_stage)
    assert (applying(bare_stage), first.confirmed_by) == ("1", None)
    event = [one.document() for one in read.entries(kind="policy_assignment.proposed")][-1]
    assert event["data"]["bootstrap"] is True


@pytest.mark.parametrize("who", ["officer", "risk", "administrator"])
def test_another_policy_applies_once_a_second_person_agreed(stage, who):
    proposed = suggest(stage, "officer" if who == "administrator" else "administrator", version="2")
    assert (applying(stage), proposed.effective_at) == ("1", None)
    confirm(proposed, actor=stage.actor(who))
    assert applying(stage) == "2"
    events = [one.document() for one in read.entries(subject=f"policy_assignment:{proposed.pk}")]
    assert [one["kind"] for one in events] == ["policy_assignment.proposed", "policy_assignment.confirmed"]
    assert len({one["actor"]["principal"] for one in events}) == 2


@pytest.mark.parametrize(
    ("proposes", "confirms"),
    [("administrator", "administrator"), ("service", "second"), ("second", "service"), ("service", "service")],
)
def test_one_person_is_not_two_also_not_through_a_service(stage, proposes, confirms):
    proposed = suggest(stage, proposes, version="2")
    with pytest.raises(SamePersonError, match="by another person than the one who proposed it"):
        confirm(proposed, actor=stage.actor(confirms))
    assert (applying(stage), fresh(proposed).effective_at) == ("1", None)


def test_probity_itself_confirms_nothing(stage):
    proposed = suggest(stage, version="2")
    with pytest.raises(SamePersonError):
        confirm(proposed, actor=Actor.system())
    assert applying(stage) == "1"


def test_the_database_refuses_one_person_as_both(stage):
    proposed = suggest(stage, version="2")
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyAssignment.objects.filter(pk=proposed.pk).update(confirmed_by=proposed.proposed_by)


def test_what_took_effect_is_not_confirmed_again(stage):
    proposed = suggest(stage, version="2")
    confirm(proposed, actor=stage.actor("officer"))
    with pytest.raises(NotProposedError, match="took effect on"):
        confirm(proposed, actor=stage.actor("risk"))


def test_of_two_that_were_agreed_the_later_one_applies(stage):
    second, third = suggest(stage, version="2"), suggest(stage, version="3")
    confirm(third, actor=stage.actor("officer"))
    assert applying(stage) == "3"
    confirm(second, actor=stage.actor("officer"))
    assert applying(stage) == "2"


def test_a_policy_is_for_one_environment_and_tier(stage):
    other = create_environment(project=stage.project, name="staging", actor=stage.actor("administrator"))
    for environment, tier in ((other, "limited"), (stage.environment, "high"), (stage.environment, "low")):
        with pytest.raises(NoPolicyError, match=f"the {tier} tier in {environment.name}"):
            resolve(environment=environment, tier=tier)


def test_a_policy_of_another_tier_cannot_be_assigned(stage):
    with pytest.raises(ValueError, match="limited tier"):
        propose(environment=stage.environment, tier="high", policy=stage.policy(), actor=stage.actor("administrator"))
    with pytest.raises(NoPolicyError):
        resolve(environment=stage.environment, tier="high")


@pytest.mark.parametrize(("applies_to", "rules"), [("new", False), ("open", True), ("deployed", True)])
def test_open_requests_are_ruled_by_what_was_assigned_to_them_since(stage, applies_to, rules):
    promotion = stage.request()

    def newer():
        return applies_to_open(environment=stage.environment, tier="limited", since=promotion.created_at)

    assert newer() is None
    proposed = suggest(stage, applies_to=applies_to, version="2")
    assert newer() is None
    confirm(proposed, actor=stage.actor("officer"))
    assert newer() == (proposed.policy if rules else None)


@pytest.mark.parametrize(
    ("applies_to", "grace_days", "refused"),
    [("deployed", 0, ""), ("deployed", 30, ""), ("deployed", -1, "greater than"), ("open", 1, "Only what is deployed"),
     ("new", 1, "Only what is deployed")],
)  # fmt: skip
def test_only_what_is_deployed_has_a_grace_and_it_is_on_record(stage, applies_to, grace_days, refused):
    if refused:
        with pytest.raises(ValidationError, match=refused):
            suggest(stage, applies_to=applies_to, grace_days=grace_days, version="2")
        return
    proposed = suggest(stage, applies_to=applies_to, grace_days=grace_days, version="2")
    event = [one.document() for one in read.entries(subject=f"policy_assignment:{proposed.pk}")][-1]
    assert (event["data"]["applies_to"], event["data"]["grace_days"]) == (applies_to, grace_days)
    with pytest.raises(ValueError, match="not in effect"):
        _ = proposed.acts_at
    confirmed = confirm(proposed, actor=stage.actor("officer"))
    assert (confirmed.acts_at - confirmed.effective_at).days == grace_days
