"""Replay retention: who places and lifts holds, and that nothing is erased under one, too early, or by who may not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from governance.rules.moments import CLOCK_SKEW, read_moment
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedCommitment, RecordedHold
from governance.rules.replay.persons import by_a_person
from governance.rules.retention import SHORTEST_DAYS, kept_until

MAY_HOLD = frozenset({"compliance_officer", "risk_officer", "administrator"})
MAY_ERASE = "administrator"
_COMMITTED = re.compile(r"(?:\A|:)([0-9a-f]{64})\Z")


def hold_placed(event: Event, history: History) -> Iterator[str]:
    """Remember a hold on a subject, or on all of a project."""
    project = event.data["project"]
    history.holds[event.identity] = RecordedHold(project, event.data["on"])
    if not history.roles_in(project, event.actor) & MAY_HOLD:
        yield f"{event.subject} was placed by {event.actor}, who held no role that may"


def hold_lift_requested(event: Event, history: History) -> Iterator[str]:
    """Remember who asked for the end of a hold."""
    hold = history.holds[event.identity]
    yield from _may_lift(event, hold, history)
    if hold.lift_asked_by is not None:
        yield f"the end of {event.subject} was asked for already"
    hold.lift_asked_by = event.actor


def hold_lifted(event: Event, history: History) -> Iterator[str]:
    """End a hold, on the word of a second person."""
    hold = history.holds[event.identity]
    yield from _may_lift(event, hold, history)
    if hold.lift_asked_by is None:
        yield f"{event.subject} was lifted, but nobody asked for it"
    elif hold.lift_asked_by != event.data["requested_by"]:
        yield f"{event.subject} was lifted for {event.data['requested_by']}, but {hold.lift_asked_by} asked for it"
    if hold.lift_asked_by == event.actor:
        yield f"the end of {event.subject} was asked for and granted by one person"
    hold.in_force = False


def _may_lift(event: Event, hold: RecordedHold, history: History) -> Iterator[str]:
    yield from by_a_person(event, history, f"a word on the end of {event.subject}")
    if not history.roles_in(hold.project, event.actor) & MAY_HOLD:
        yield f"the end of {event.subject} was a word of {event.actor}, who held no role that may"
    if not hold.in_force:
        yield f"{event.subject} was lifted already"


def commitment_erased(event: Event, history: History) -> Iterator[str]:
    """Check that what stood behind a commitment was old enough, under no hold, and erased by who may."""
    digest = event.identity
    if event.subject_digest != digest:
        yield f"{event.subject} was erased, but the event is about {event.subject_digest}"
    if digest in history.erased:
        yield f"{event.subject} was erased already"
    history.erased.add(digest)
    yield from by_a_person(event, history, "an erasure")
    recorded_at = read_moment(event.data["recorded_at"], "recorded_at")
    if event.at + CLOCK_SKEW < kept_until(recorded_at):
        yield f"{event.subject} was erased before {SHORTEST_DAYS} days had passed"
    known = history.commitments.get(digest)
    if known is None:
        yield f"{event.subject} was erased, but no event had spoken of it"
        return
    if abs(known.since - recorded_at) > CLOCK_SKEW:
        yield f"{event.subject} is said to be of {recorded_at.isoformat()}, but is of {known.since.isoformat()}"
    for subject, project in sorted(known.places, key=str):
        if project is not None and MAY_ERASE not in history.roles_in(project, event.actor):
            yield f"{event.subject} was erased by {event.actor}, who was no administrator where {subject} belongs"
        for identity, hold in history.holds.items():
            if hold.in_force and hold.on in {subject, f"project:{project}"}:
                yield f"{event.subject} was erased while hold:{identity} covered {subject}"


def key_made(event: Event, history: History) -> Iterator[str]:
    """Remember a key of a project; where its keys were lost, their numbers begin again with other keys."""
    key = (event.subject, event.data["number"])
    if history.keys.get(key) == event.data["fingerprint"]:
        yield f"key {key[1]} of {event.subject} was made already"
    history.keys[key] = event.data["fingerprint"]


def key_shredded(event: Event, history: History) -> Iterator[str]:
    """Check that a key was not taken away before, nor is another than was made; one may be older than its record."""
    key = (event.subject, event.data["number"])
    if history.keys.get(key, event.data["fingerprint"]) != event.data["fingerprint"]:
        yield f"key {key[1]} of {event.subject} was shredded, but no such key was there"
    history.keys[key] = ""


def remember_commitments(event: Event, history: History) -> None:
    """Remember of each commitment when it was first spoken of, and in what is said of which subjects."""
    for digest in _committed(event.data):
        known = history.commitments.get(digest)
        if known is None:
            known = history.commitments[digest] = RecordedCommitment(event.at)
        known.places.add((event.subject, _project(event, history)))


def _committed(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the commitments that an event's data holds: to reasons, and to names."""
    for text in (data.get("reason"), data.get("detail"), data.get("value"), *data.get("people", ())):
        if isinstance(text, str) and (found := _COMMITTED.search(text)):
            yield found[1]


def _project(event: Event, history: History) -> str | None:
    """Return the project of what an event is about, as far as events have said it: of datasets they do not."""
    noun, identity = event.noun, event.identity
    if noun == "hold" and identity in history.holds:
        return history.holds[identity].project
    if noun == "reveal" and identity in history.reveals:
        return history.reveals[identity].project
    place = event.data.get("model", identity)
    if noun == "promotion" and identity in history.promotions:
        place = history.promotions[identity].environment
    elif noun == "deployment" and identity in history.deployments:
        place = history.deployments[identity].environment
    elif noun == "model_version" and event.subject_digest in history.versions:
        place = history.versions[event.subject_digest].model
    return event.data.get("project") or history.projects.get(place)
