"""Replay how what is live was judged again: by a policy that rules it, from the evidence that released it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from governance.rules.evidence import ends_of
from governance.rules.moments import CLOCK_SKEW, read_moment
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedPromotion
from governance.rules.replay.judging import evaluated, evidence_of
from governance.rules.replay.ruling import rulings_since
from governance.rules.standing import lost_items

DEPLOYED_TOO = "deployed"


def deployment_judged(event: Event, history: History) -> Iterator[str]:
    """Recompute the evaluation and what of it does not hold; the policy and its moment follow from the assignments."""
    data, deployment = event.data, history.deployments[event.identity]
    promotion, policy = history.promotions[deployment.promotion], str(event.policy)
    history.says("evaluation", data["evaluation"])
    promotion.waits_since = event.at
    told = (data["deployment"], data["promotion"], data["manifest"])
    if told != (event.identity, deployment.promotion, deployment.manifest) or promotion.live_at is None:
        yield f"{event.subject} was judged again, but it was not released as the event says"
        return
    released_at = read_moment(data["released_at"], "released_at")
    if not _near(released_at, promotion.live_at):
        yield f"{event.subject} went live at another moment than {data['released_at']}"
    acts_at = read_moment(data["acts_at"], "acts_at")
    if not any(_near(acts_at, moment) for moment in _moments(policy, promotion, history)):
        yield f"{event.subject} was judged under {policy[:12]}, which does not rule it from {data['acts_at']} on"
    judged = evaluated(promotion, history, policy=policy, now=event.at, fresh_at=released_at)
    if (judged.digest(), judged.verdict) != (data["evaluation"], data["verdict"]):
        recorded, found = f"{data['evaluation'][:12]} ({data['verdict']})", f"{judged.digest()[:12]} ({judged.verdict})"
        yield f"the evaluation recorded is {recorded}, but policy and reports give {found}"
    elif len(lost_items(history.library.read(deployment.evaluation), judged.document())) != data["lost"]:
        yield f"{event.subject} is said to miss {data['lost']} items, which does not follow from the evaluation"


def _moments(policy: str, promotion: RecordedPromotion, history: History) -> Iterator[datetime]:
    """Yield from when a policy may rule: with its assignment and grace; its own with the end of a waiver, or of what a
    report rests on.
    """
    for one in rulings_since(promotion, history):
        if (one.policy, one.applies_to) == (policy, DEPLOYED_TOO):
            yield one.at + timedelta(days=one.grace_days)
    if promotion.authorised is not None and promotion.authorised.policy == policy:
        for waiver in history.waivers.get(promotion.manifest, []):
            yield read_moment(waiver["ends_at"], "ends_at")
        yield from ends_of(evidence_of(one, history) for one in promotion.reports if one.digest not in history.purged)


def _near(told: datetime, known: datetime) -> bool:
    """Say whether two moments are one, but for the time between a row and its event."""
    return abs(told - known) <= CLOCK_SKEW
