"""Replay reveals: one person asks to see sealed values, where it takes two another grants it, the first looks once."""

from collections.abc import Iterator
from datetime import timedelta

from governance.rules.moments import CLOCK_SKEW
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedReveal
from governance.rules.replay.persons import by_a_person

MAY_REVEAL = frozenset({"validator", "compliance_officer", "risk_officer", "administrator"})
LASTS = timedelta(hours=24)


def reveal_requested(event: Event, history: History) -> Iterator[str]:
    """Remember what is to be opened, and whether that takes a second person."""
    data = event.data
    reveal = RecordedReveal(data["project"], data["tokens"], data["count"], event.actor, event.at)
    reveal.granted = not data["second_person"]
    history.reveals[event.identity] = reveal
    yield from _may_reveal(event, reveal, history)


def reveal_granted(event: Event, history: History) -> Iterator[str]:
    """Let it be opened, on the word of a second person."""
    reveal = history.reveals[event.identity]
    yield from _may_reveal(event, reveal, history)
    yield from _stands(event, reveal)
    if reveal.granted:
        yield f"{event.subject} was granted, which it was already"
    if reveal.asker != event.data["requested_by"]:
        yield f"{event.subject} was granted to {event.data['requested_by']}, but {reveal.asker} asked for it"
    if reveal.asker == event.actor:
        yield f"{event.subject} was asked for and granted by one person"
    reveal.granted, reveal.since = True, event.at


def reveal_opened(event: Event, history: History) -> Iterator[str]:
    """Check that it was opened once, as it was granted, by the person who asked."""
    reveal = history.reveals[event.identity]
    yield from _may_reveal(event, reveal, history)
    yield from _stands(event, reveal)
    if not reveal.granted:
        yield f"{event.subject} was opened, but no second person granted it"
    if reveal.asker != event.actor:
        yield f"{event.subject} was opened by {event.actor}, but {reveal.asker} asked for it"
    if event.data["count"] != reveal.count:
        yield f"{event.subject} opened {event.data['count']} values, but {reveal.count} were asked for"
    reveal.opened = True


def _may_reveal(event: Event, reveal: RecordedReveal, history: History) -> Iterator[str]:
    yield from by_a_person(event, history, f"a word on {event.subject}")
    if not history.roles_in(reveal.project, event.actor) & MAY_REVEAL:
        yield f"{event.subject} was a word of {event.actor}, who held no role that may"


def _stands(event: Event, reveal: RecordedReveal) -> Iterator[str]:
    if event.data["tokens"] != reveal.tokens:
        yield f"{event.subject} is of other values than were asked for"
    if reveal.opened:
        yield f"{event.subject} was opened already"
    if event.at > reveal.since + LASTS + CLOCK_SKEW:
        yield f"{event.subject} had expired"
