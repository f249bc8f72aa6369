"""Ways to forge a record in one place: change an event, take one out, say one twice, put one in, change a document."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from tests.governance.rules.replay.record import BEGIN, Record

Forgery = Callable[[Record], None]
OTHER = "9" * 64


def change(kind: str, index: int = 0, **changes: Any) -> Forgery:
    """Change parts of an event: of its actor, of the event itself, or else of its data."""

    def forge(record: Record) -> None:
        event = record.all(kind)[index]
        for name, value in changes.items():
            place = event["actor"] if name in event["actor"] else event if name in event else event["data"]
            assert name in place, name
            place[name] = value

    return forge


def both(*forgeries: Forgery) -> Forgery:
    """Forge in more than one place."""

    def forge(record: Record) -> None:
        for one in forgeries:
            one(record)

    return forge


def moved(target: str, **changes: Any) -> Forgery:
    """Change the event that moved the promotion to a state."""

    def forge(record: Record) -> None:
        event = record.only("promotion.advanced", to=target)
        for name, value in changes.items():
            (event["actor"] if name in event["actor"] else event if name in event else event["data"])[name] = value

    return forge


def without(kind: str, index: int = 0) -> Forgery:
    return lambda record: record.events.remove(record.all(kind)[index])


def again(kind: str, index: int = 0, **changes: Any) -> Forgery:
    """Say an event a second time, right after it, with other data."""

    def forge(record: Record) -> None:
        event = record.all(kind)[index]
        twin = deepcopy(event)
        twin["data"] |= changes
        place = next(number for number, one in enumerate(record.events) if one is event)
        record.events.insert(place + 1, twin)

    return forge


def before(kind: str, event: dict[str, Any], index: int = 0) -> Forgery:
    """Say something right before an event."""

    def forge(record: Record) -> None:
        found = record.all(kind)[index]
        place = next(number for number, one in enumerate(record.events) if one is found)
        made = Record(now=BEGIN + timedelta(minutes=place))
        told = {"subject": "promotion:p", "actor": "admin", "policy": record.rules} | event
        made.add(**told)
        record.events.insert(place, made.events[0])

    return forge


def document(name: str, **changes: Any) -> Forgery:
    """Put another document in the place of the manifest, the rules, the evaluation."""

    def forge(record: Record) -> None:
        identity = record.manifest if name == "manifest" else record.rules
        record.documents[identity] = record.documents[identity] | changes

    return forge
