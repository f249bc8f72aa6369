"""Replay requests: asked for by who may, of a manifest that says what the facts say, moved along by the table."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.rules.approvals import Action, Digests
from governance.rules.evaluate import BLOCKED
from governance.rules.expiry import why_lapsed, why_waited_out
from governance.rules.moments import CLOCK_SKEW
from governance.rules.policy import read_policy
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedPromotion
from governance.rules.replay.judging import why_unauthorised
from governance.rules.replay.ruling import cites_ruling, in_force, policies_since
from governance.rules.states import PROMOTION_TRANSITIONS, PromotionState, TransitionError, advance

MAY_ASK = frozenset({"requester", "engineer", "administrator"})
MAY_RELEASE = frozenset({"requester", "engineer"})
DECIDED_STATES = frozenset({"APPROVED", "RELEASING", "RELEASED"})
TURNED_DOWN = {"REJECTED": Action.REJECT, "CHANGES_REQUESTED": Action.REQUEST_CHANGES}


def promotion_requested(event: Event, history: History) -> Iterator[str]:
    """Remember a request; it was made by who may, under the policy in force, for what the manifest says."""
    data = event.data
    promotion = RecordedPromotion(
        manifest=str(event.subject_digest),
        version=data["version"],
        environment=data["environment"],
        model=data["model"],
        requester=data["requester"],
        on_behalf_of=data["on_behalf_of"],
        policy=str(event.policy),
        rulings=len(history.rulings),
        waits_since=event.at,
    )
    history.promotions[event.identity] = promotion
    history.says("promotion", event.identity)
    if event.actor != promotion.requester:
        yield f"{event.subject} was asked for by {promotion.requester}, but {event.actor} said so"
    if not history.roles_for(promotion, promotion.requester) & MAY_ASK:
        yield f"{event.subject} was asked for by {promotion.requester}, who held no role that may"
    wanted = in_force(promotion.environment, history.tiers.get(promotion.model), history)
    if wanted != promotion.policy:
        yield f"{event.subject} was asked for under {promotion.policy[:12]}, but in force was {str(wanted)[:12]}"
    yield from cites_ruling(event, promotion, history)
    yield from _objections_to_version(event, promotion, history)
    yield from _objections_to_manifest(event, promotion, history)


def _objections_to_version(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    version = history.versions.get(promotion.version)
    if version is None or version.model != promotion.model:
        yield f"{event.subject} is for the version {promotion.version[:12]}, which no event registered of its model"
    elif version.retired:
        yield f"{event.subject} is for the version {promotion.version[:12]}, which was retired"
    where, whose = history.projects.get(promotion.environment), history.projects.get(promotion.model)
    if where is None or where != whose:
        yield f"{event.subject} is for an environment and a model that are not of one project"


def _objections_to_manifest(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    document = history.library.read(promotion.manifest)
    serving = history.serving.get(promotion.place)
    wanted: Mapping[str, Any] = {
        "environment": promotion.environment,
        "model": promotion.model,
        "evaluation_set": history.pins.get(promotion.place),
        "incumbent": history.deployments[serving].manifest if serving else None,
    }
    for name, value in wanted.items():
        if document[name] != value:
            yield f"{event.subject}: its manifest has another {name} than the record says"
    if event.data["incumbent"] != wanted["incumbent"]:
        yield f"{event.subject}: the event has another incumbent than the record says"
    if promotion.version not in [one["version"] for one in document["members"] if one["role"] == "champion"]:
        yield f"{event.subject}: its manifest has another champion than was asked for"


def promotion_advanced(event: Event, history: History) -> Iterator[str]:
    """Move a request along its table; what lets it out follows from an authorisation of the same digests."""
    promotion, data = history.promotions[event.identity], event.data
    before, target = promotion.state, data["to"]
    promotion.state = target
    if data["from"] != before:
        yield f"{event.subject} goes on from {data['from']}, but the record left it {before}"
    try:
        advance(PROMOTION_TRANSITIONS, PromotionState(data["from"]), PromotionState(target))
    except (TransitionError, ValueError) as error:
        yield f"{event.subject}: {error}"
    if (data["manifest"], data["evaluation"]) != (promotion.manifest, promotion.evaluation):
        yield f"{event.subject} is {target} with another manifest or evaluation than the record says"
    if target in DECIDED_STATES:
        yield from _needs_decision(event, promotion, history)
    elif target in {"BLOCKED", "AWAITING_DECISION"}:
        yield from _needs_verdict(event, promotion, history)
    elif target in TURNED_DOWN:
        words = [one for one in promotion.approvals.values() if one.action == TURNED_DOWN[target]]
        if not any(one.evaluation == promotion.evaluation for one in words):
            yield f"{event.subject} is {target}, but nobody said so"
    elif target == "WITHDRAWN" and event.actor not in _who_may_withdraw(promotion, history):
        yield f"{event.subject} was withdrawn by {event.actor}, who did not ask for it"
    elif target == "EXPIRED":
        yield from _needs_time(event, promotion, history)


def _who_may_withdraw(promotion: RecordedPromotion, history: History) -> set[str | None]:
    return {promotion.requester, promotion.on_behalf_of, history.accountable(promotion.requester)}


def _needs_time(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    policy, latest = read_policy(history.library.read(str(event.policy))), event.at + CLOCK_SKEW
    approvals = [one.at for one in promotion.approvals.values() if one.action == Action.APPROVE]
    evaluation = history.library.read(promotion.evaluation) if promotion.evaluation else {"items": []}
    waited = why_waited_out(policy, since=promotion.waits_since, now=latest)
    if not waited and not why_lapsed(policy, evaluation=evaluation, approvals=approvals, now=latest):
        yield f"{event.subject} is EXPIRED before its time"


def _needs_verdict(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    verdict = history.library.read(promotion.evaluation)["verdict"] if promotion.evaluation else None
    if verdict is None or (verdict == BLOCKED) != (event.data["to"] == BLOCKED):
        yield f"{event.subject} is {event.data['to']}, but its evaluation says {verdict}"


def _needs_decision(event: Event, promotion: RecordedPromotion, history: History) -> Iterator[str]:
    target, policy = event.data["to"], str(event.policy)
    if promotion.authorised != Digests(event.data["manifest"], policy, str(event.data["evaluation"])):
        yield f"{event.subject} is {target} without an AUTHORISED decision on the same digests"
        return
    if target == "APPROVED":
        return
    if why := why_unauthorised(promotion, history, policy=policy, now=event.at):
        yield f"{event.subject} is {target}, but {why}"
    if target == "RELEASING":
        if not history.roles_for(promotion, event.actor) & MAY_RELEASE:
            yield f"{event.subject} was released by {event.actor}, who held no role that may"
        return
    if (newer := policies_since(promotion, history)) and newer[-1] != policy:
        yield f"{event.subject} is {target} under {policy[:12]}, but {newer[-1][:12]} had come to rule it"
    if not any(one.state == "LIVE" for one in promotion.deployments):
        yield f"{event.subject} is {target}, but nothing of it is LIVE"
