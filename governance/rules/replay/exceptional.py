"""What an auditor looks at first: what was waived, accepted, overruled, declared, unconfined, opened or removed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.rules.replay.event import Event, read_event
from governance.rules.replay.library import Library, MissingDocumentError, Source

UNCONFINED = "none"
SELF_DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One thing out of the ordinary: the entry that says it, a stable code, whom it is by, and a sentence."""

    number: int
    code: str
    subject: str
    actor: str
    at: str
    message: str


Finder = Callable[[Event, Library], Iterator[tuple[str, str]]]


def exceptions(events: Iterable[tuple[int, Mapping[str, Any]]], document: Source) -> Iterator[Exceptional]:
    """Yield every exception in the ledger's order; arguments are those of a replay, which says whether they are true.

    Codes: waiver, accepted, overruled, declared, unconfined, purged, one_person, lowered, revealed, shredded, erased.
    """
    library = Library(document)
    for number, found in events:
        event = read_event(number, found)
        finder = FINDERS.get(event.kind)
        for code, message in finder(event, library) if finder else ():
            yield Exceptional(number, code, event.subject, event.actor, event.at.isoformat(), message)


def _waived(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    yield "waiver", f"{event.data['key']} may be missed until {event.data['ends_at']} (waiver {event.data['waiver']})"


def _accepted(event: Event, library: Library) -> Iterator[tuple[str, str]]:
    if event.data["action"] != "approve" or not event.data["acknowledged"]:
        return
    try:
        items = {one["key"]: one for one in library.read(event.data["evaluation"])["items"]}
    except MissingDocumentError:
        items = {}
    for key in event.data["acknowledged"]:
        item = items.get(key)
        said = "of unknown outcome, for its evaluation is not there" if item is None else str(item["outcome"])
        waived = f", waived by {item['waiver']}" if item and item["waiver"] else ""
        yield "accepted", f"{key} is {said}{waived}; approval {event.data['approval']} accepts it"


def _overruled(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    if (event.data["from"], event.data["to"]) == ("UNDER_REVIEW", "LIVE"):
        yield "overruled", "what was under review goes on serving by a person's word"


def _declared(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    if event.data["assurance"] == SELF_DECLARED:
        yield "declared", f"version {event.data['number']} and its facts are what somebody declared"


def _unconfined(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    if event.data["isolation"] == UNCONFINED:
        yield "unconfined", f"{event.data['check']} was measured without isolation (report {event.evidence[0]})"


def _purged(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    yield "purged", f"the bytes of {event.identity} were removed: what rests on them can no longer be judged again"


def _one_person(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    if event.data["bootstrap"]:
        yield "one_person", f"the first policy of the {event.data['tier']} tier took effect by one person's word"


def _lowered(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    data = event.data
    yield "lowered", f"a verdict on {data['dataset_digest']} is lowered until {data['ends_at']} (word {data['word']})"


def _revealed(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    yield "revealed", f"{event.data['count']} sealed values were opened for who asked"


def _shredded(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    yield "shredded", f"key {event.data['number']} was taken away: what it sealed stays sealed"


def _erased(event: Event, _library: Library) -> Iterator[tuple[str, str]]:
    yield "erased", f"the text of {event.data['recorded_at']} behind the commitment was erased"


FINDERS: Mapping[str, Finder] = {
    "waiver.granted": _waived,
    "approval.given": _accepted,
    "deployment.advanced": _overruled,
    "model_version.registered": _declared,
    "report.recorded": _unconfined,
    "artifact.purged": _purged,
    "policy_assignment.proposed": _one_person,
    "column_verdict.lowering_granted": _lowered,
    "reveal.opened": _revealed,
    "privacy_key.shredded": _shredded,
    "commitment.erased": _erased,
}
