"""One event as the replay reads it: who did what to which subject, and what it says and cites."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from governance.rules.moments import in_future, read_moment


class Event(NamedTuple):
    """A parsed event with its number in the ledger; ``subject`` is "noun:identity"."""

    number: int
    kind: str
    at: datetime
    actor: str
    role: str
    auth: str
    subject: str
    subject_digest: str | None
    policy: str | None
    evidence: tuple[str, ...]
    data: Mapping[str, Any]

    @property
    def noun(self) -> str:
        """What the subject is."""
        return self.subject.partition(":")[0]

    @property
    def identity(self) -> str:
        """Which one the subject is."""
        return self.subject.partition(":")[2]

    def said_at(self, name: str) -> datetime:
        """Return a moment from the data; raises MomentError unless it is just before the event (five minutes)."""
        moment = read_moment(self.data[name], name)
        if in_future(moment, self.at) or in_future(self.at, moment):
            raise StrayMomentError(f"{name} is {self.data[name]}, but the event is of {self.at.isoformat()}")
        return moment


class StrayMomentError(ValueError):
    """An event says that it happened at another time than it did."""

    code = "stray_moment"


def read_event(number: int, document: Mapping[str, Any]) -> Event:
    """Read an event; raises KeyError, TypeError or ValueError for what is none."""
    actor = document["actor"]
    return Event(
        number=number,
        kind=str(document["kind"]),
        at=read_moment(document["at"], "at"),
        actor=str(actor["principal"]),
        role=str(actor["role"]),
        auth=str(actor["auth"]),
        subject=str(document["subject"]),
        subject_digest=document["subject_digest"],
        policy=document["policy"],
        evidence=tuple(document["evidence"]),
        data=document["data"],
    )
