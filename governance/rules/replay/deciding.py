"""Replay the words of persons and what they come to: approvals, what takes them back, decisions."""

from collections.abc import Iterator

from governance.rules.approvals import Action, Approval, Digests, Revocation
from governance.rules.authorise import AUTHORISED
from governance.rules.policy import read_policy
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedPromotion
from governance.rules.replay.judging import decided
from governance.rules.replay.persons import by_a_person, people_in


def approval_given(event: Event, history: History) -> Iterator[str]:
    """Remember a word; it was a person's who may give it, about what had been evaluated last."""
    promotion, data, identity = history.promotions[event.identity], event.data, event.data["approval"]
    approval = Approval(
        id=identity,
        principal=event.actor,
        roles_held=frozenset(data["roles"]),
        stage=data["stage"],
        manifest=data["manifest"],
        policy=str(event.policy),
        evaluation=data["evaluation"],
        action=data["action"],
        acknowledged=frozenset(data["acknowledged"]),
        at=event.said_at("given_at"),
    )
    promotion.approvals[identity] = approval
    history.reasons[identity] = data["reason"]
    history.says("approval", identity)
    held = history.roles_for(promotion, event.actor)
    if lacking := approval.roles_held - held:
        yield f"approval {identity} claims the roles {sorted(lacking)}, which {event.actor} did not hold"
    yield from by_a_person(event, history, f"approval {identity}")
    if approval.action not in set(Action):
        yield f"approval {identity} says {approval.action!r}, which is no word that counts"
    bound = (approval.manifest, approval.policy, approval.evaluation)
    if bound != (promotion.manifest, promotion.evaluated_under, promotion.evaluation):
        yield f"approval {identity} is about other digests than were evaluated last"
    if promotion.state not in {"AWAITING_DECISION", "BLOCKED"}:
        yield f"approval {identity} was given while {event.subject} was {promotion.state}"
    yield from _objections_to_person(approval, promotion, history)


def _objections_to_person(approval: Approval, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    rule = read_policy(history.library.read(approval.policy)).approval
    if part := people_in(promotion, history).part_of(approval.principal, rule.separation):
        yield f"approval {approval.id} was given by who is the {part} of what is asked for"
    stages = [one for one in rule.stages if one.name == approval.stage]
    if not stages or not {one.role for one in stages} & approval.roles_held:
        yield f"approval {approval.id} was given for the stage {approval.stage!r} by who does not decide there"


def approval_revoked(event: Event, history: History) -> Iterator[str]:
    """Take a word back; only who gave it does."""
    promotion, identity = history.promotions[event.identity], event.data["approval"]
    given = promotion.approvals.get(identity)
    if identity in promotion.revocations:
        yield f"approval {identity} was taken back already"
    promotion.revocations[identity] = Revocation(approval=identity, principal=event.actor, at=event.at)
    history.says("revocation", identity)
    if given is None:
        yield f"approval {identity} was taken back, but nobody gave it on {event.subject}"
    elif given.principal != event.actor:
        yield f"approval {identity} was taken back by {event.actor}, who did not give it"


def approval_stale(event: Event, history: History) -> Iterator[str]:
    """Check that a word that is said to count no longer was given; whether it counts is decided from the digests."""
    identity = event.data["approval"]
    if identity not in history.promotions[event.identity].approvals:
        yield f"approval {identity} is said to be stale, but nobody gave it on {event.subject}"


def decision_recorded(event: Event, history: History) -> Iterator[str]:
    """Decide again from the evaluation and the words."""
    promotion, data, policy = history.promotions[event.identity], event.data, str(event.policy)
    history.says("decision", data["decision"])
    promotion.authorised = None
    judged = decided(promotion, history, policy=policy, now=event.said_at("judged_at"))
    if judged.verdict != data["verdict"]:
        yield f"the decision recorded is {data['verdict']}, but evaluation and approvals give {judged.verdict}"
    elif judged.digest() != data["decision"]:
        yield f"the decision recorded is {data['decision'][:12]}, but what counted gives {judged.digest()[:12]}"
    cited = Digests(data["manifest"], policy, data["evaluation"])
    if cited != judged.digests:
        yield f"the decision {data['decision'][:12]} is about other digests than what was evaluated last"
    elif data["verdict"] == judged.verdict == AUTHORISED:
        promotion.authorised = cited
