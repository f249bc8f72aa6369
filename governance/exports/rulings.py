"""Replay which policy rules: assignments take two persons, requests the policy in force, judgements one that rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.exports.history import History, Request, Ruling


def _in_force(environment: str, tier: str | None, history: History) -> str | None:
    found = [one.policy for one in history.rulings if (one.environment, one.tier) == (environment, tier)]
    return found[-1] if found else None


def principal_registered(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Remember who answers for a service."""
    if owner := document["data"]["owner"]:
        history.owners[str(document["subject"]).partition(":")[2]] = owner
    yield from ()


def environment_created(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Remember the project of an environment."""
    history.projects[str(document["subject"]).partition(":")[2]] = document["data"]["project"]
    yield from ()


def model_registered(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Remember the tier of a model."""
    history.tiers[str(document["subject"]).partition(":")[2]] = document["data"]["tier"]
    yield from ()


def assignment_proposed(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Remember a proposal; it takes effect alone only where there is nothing that it could weaken."""
    data = document["data"]
    ruling = Ruling(data["environment"], data["tier"], str(document["policy"]), data["applies_to"])
    history.proposals[str(document["subject"])] = (document["actor"]["principal"], ruling)
    if data["bootstrap"]:
        if _in_force(ruling.environment, ruling.tier, history):
            yield f"{document['subject']} took effect by one person's word, but it was not the first"
        history.rulings.append(ruling)


def assignment_confirmed(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Let what was proposed take effect, by another person."""
    proposer, ruling = history.proposals.get(str(document["subject"]), ("", None))
    if ruling is None or ruling.policy != document["policy"]:
        yield f"{document['subject']} was confirmed, but nobody proposed it"
        return
    if history.accountable(proposer) == history.accountable(document["actor"]["principal"]):
        yield f"{document['subject']} was proposed and confirmed by one person"
    history.rulings.append(ruling)


def requested(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Remember a request; it was made under the policy in force."""
    subject, data = str(document["subject"]), document["data"]
    history.manifests[subject] = str(document["subject_digest"])
    history.says("promotion", subject.partition(":")[2])
    history.requests[subject] = Request(
        manifest=str(document["subject_digest"]),
        version=data["version"],
        environment=data["environment"],
        model=data["model"],
        requester=data["requester"],
        on_behalf_of=data["on_behalf_of"],
        policy=str(document["policy"]),
        rulings=len(history.rulings),
    )
    wanted = _in_force(data["environment"], history.tiers.get(data["model"]), history)
    if wanted != document["policy"]:
        yield f"{subject} was asked for under {str(document['policy'])[:12]}, but in force was {str(wanted)[:12]}"


def judged_under(document: Mapping[str, Any], history: History) -> Iterator[str]:
    """Say when a judgement cites a policy that has never ruled its request."""
    request = history.requests.get(str(document["subject"]))
    if request is None:
        yield f"{document['subject']} was judged, but nobody asked for it"
        return
    place = (request.environment, history.tiers.get(request.model))
    since = history.rulings[request.rulings :]
    newer = {one.policy for one in since if (one.environment, one.tier) == place and one.applies_to != "new"}
    if document["policy"] not in newer | {request.policy}:
        yield f"{document['subject']} was judged under {str(document['policy'])[:12]}, which does not rule it"
