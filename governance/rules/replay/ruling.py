"""Replay which policy rules: published before it is used, assigned by two persons, and in force where it is cited."""

from collections.abc import Iterator
from dataclasses import replace

from governance.rules.policy import read_policy
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, ProposedRuling, RecordedPromotion, Ruling

NEW_REQUESTS = "new"


def in_force(environment: str, tier: str | None, history: History) -> str | None:
    """Return the policy that rules new requests of a tier in an environment."""
    return next((one.policy for one in reversed(history.rulings) if _of(one, environment, tier)), None)


def _of(ruling: Ruling, environment: str, tier: str | None) -> bool:
    return (ruling.environment, ruling.tier) == (environment, tier)


def rulings_since(promotion: RecordedPromotion, history: History) -> list[Ruling]:
    """Return the rulings that came after a request and speak of it too, the newest last."""
    tier = history.tiers.get(promotion.model)
    since = history.rulings[promotion.rulings :]
    return [one for one in since if _of(one, promotion.environment, tier) and one.applies_to != NEW_REQUESTS]


def policies_since(promotion: RecordedPromotion, history: History) -> list[str]:
    """Return the policies that have come to rule a request since it was made, the newest last."""
    return [one.policy for one in rulings_since(promotion, history)]


def published(policy: str | None, history: History) -> bool:
    """Say whether a policy was published by now."""
    return policy in history.said.get("policy", set())


def policy_published(event: Event, history: History) -> Iterator[str]:
    """Remember a policy; it is one, and the one that its digest says."""
    identity = str(event.subject_digest)
    history.says("policy", identity)
    found = read_policy(history.library.read(identity))
    if (event.identity, found.name, found.version) != (identity, event.data["name"], event.data["version"]):
        yield f"the policy {identity[:12]} is {found.name} {found.version}, not what the event says"


def assignment_proposed(event: Event, history: History) -> Iterator[str]:
    """Remember a proposal; it takes effect alone only where there is nothing that it could weaken."""
    data, policy = event.data, str(event.policy)
    ruling = Ruling(data["environment"], data["tier"], policy, data["applies_to"], data["grace_days"], event.at)
    history.proposals[event.identity] = ProposedRuling(event.actor, ruling, data["bootstrap"])
    first = in_force(ruling.environment, ruling.tier, history) is None
    if data["bootstrap"]:
        history.rulings.append(ruling)
    if ruling.environment not in history.projects:
        yield f"{event.subject} is for the environment {ruling.environment}, which no event created"
    if data["bootstrap"] and not first:
        yield f"{event.subject} took effect by one person's word, but it was not the first"
    if not published(policy, history):
        yield f"{event.subject} assigns {policy[:12]}, which no event published before"
    elif (tier := read_policy(history.library.read(policy)).tier) != ruling.tier:
        yield f"{event.subject} assigns a policy of the {tier} tier to the {ruling.tier} tier"


def assignment_confirmed(event: Event, history: History) -> Iterator[str]:
    """Let what was proposed take effect, once, by another person."""
    proposal, data = history.proposals.get(event.identity), event.data
    told = (data["environment"], data["tier"], event.policy)
    if proposal is None or told != (proposal.ruling.environment, proposal.ruling.tier, proposal.ruling.policy):
        yield f"{event.subject} was confirmed, but nobody proposed it"
        return
    person = history.accountable(event.actor)
    if history.accountable(proposal.proposer) == person:
        yield f"{event.subject} was proposed and confirmed by one person"
    if person not in history.persons:
        yield f"{event.subject} was confirmed by {person}, who is no person"
    if proposal.effective:
        yield f"{event.subject} was confirmed, but it was in effect already"
    proposal.effective = True
    history.rulings.append(replace(proposal.ruling, at=event.at))


def cites_ruling(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    """Say when an event cites a policy that was not published, or has never ruled the request."""
    policy = str(event.policy)
    if not published(policy, history):
        yield f"{event.subject} cites the policy {policy[:12]}, which no event published before"
    if policy not in {promotion.policy, *policies_since(promotion, history)}:
        yield f"{event.subject} was judged under {policy[:12]}, which does not rule it"
