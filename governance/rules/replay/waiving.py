"""Replay waivers: asked for by one person, granted unchanged by another who may, and over when they end."""

from collections.abc import Iterator

from governance.rules.moments import read_moment
from governance.rules.policy import read_policy
from governance.rules.replay.event import Event
from governance.rules.replay.history import AskedWaiver, History
from governance.rules.replay.persons import by_a_person, people_in


def waiver_requested(event: Event, history: History) -> Iterator[str]:
    """Remember what was asked for, by somebody with a role there."""
    promotion, data = history.promotions[event.identity], event.data
    asked = AskedWaiver(event.identity, data["manifest"], data["key"], data["ends_at"], event.actor)
    history.asked_waivers[data["waiver"]] = asked
    history.says("waiver", data["waiver"])
    if asked.manifest != promotion.manifest:
        yield f"waiver {data['waiver']} is for another manifest than {event.subject}"
    if not history.roles_for(promotion, event.actor):
        yield f"waiver {data['waiver']} was asked for by {event.actor}, who held no role"


def waiver_granted(event: Event, history: History) -> Iterator[str]:
    """Let a waiver stand until its end; every evaluation after that is made without it."""
    promotion, data = history.promotions[event.identity], event.data
    identity, asked = data["waiver"], history.asked_waivers.get(data["waiver"])
    if asked is None:
        yield f"waiver {identity} was granted, but nobody asked for it"
        return
    told = (event.identity, data["manifest"], data["key"], data["ends_at"])
    if told != (asked.promotion, asked.manifest, asked.key, asked.ends_at):
        yield f"waiver {identity} was granted for something else than was asked for"
    if asked.granted:
        yield f"waiver {identity} was granted already"
    if read_moment(data["ends_at"], "ends_at") <= event.at:
        yield f"waiver {identity} was granted after its end"
    asked.granted = True
    yield from by_a_person(event, history, f"waiver {identity}")
    if history.accountable(asked.asker) == history.accountable(event.actor):
        yield f"waiver {identity} was asked for and granted by one person"
    held = history.roles_for(promotion, event.actor)
    history.waivers.setdefault(data["manifest"], []).append(
        {
            "id": identity,
            "manifest": data["manifest"],
            "key": data["key"],
            "requested_by": asked.asker,
            "granted_by": event.actor,
            "granted_at": event.at,
            "ends_at": data["ends_at"],
            "roles_held": sorted(held),
        }
    )
    policy = read_policy(history.library.read(str(event.policy)))
    if policy.waivers.role not in held:
        yield f"waiver {identity} was granted by {event.actor}, who did not hold the role {policy.waivers.role}"
    if part := people_in(promotion, history).part_of(event.actor, policy.approval.separation):
        yield f"waiver {identity} was granted by who is the {part} of what is asked for"
