"""Time travel: what the record says was to be served at a moment, what was seen running, on whose word and evidence.

Everything is read from events, which never change, not from rows as they are today; names alone are those still known.
The moment cuts by ``at``, when each event was recorded; transactions that overlap may have committed a little later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.rules.moments import read_moment
from registry.ledger.append import moment
from registry.ledger.read import Entry, Wanted, entries, newest
from registry.models import Environment, Principal


class FutureMomentError(ValueError):
    """The record cannot say what will be."""

    code = "moment_in_future"


@dataclass(frozen=True, slots=True)
class Cited:
    """The entry that says something: its number, its leaf hash and when it was recorded."""

    number: int
    leaf: str
    at: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something: the opaque id, the name if it is still known, the role, and the entry."""

    principal: str
    name: str | None
    role: str
    entry: Cited


@dataclass(frozen=True, slots=True)
class Grant:
    """A waiver that was in force: which item, until when, by whom."""

    waiver: str
    key: str
    ends_at: str
    by: Person


@dataclass(frozen=True, slots=True)
class Measured:
    """A report that the evaluation rests on, and where its document is."""

    digest: str
    check: str
    version: str
    status: str
    url: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen last of a deployment, since when: observations are recorded when they change."""

    deployment: str
    healthy: bool
    manifest: str
    model_digest: str
    message: str
    since: Cited


@dataclass(frozen=True, slots=True)
class Desired:
    """What was to be served, in which state, since when, and what that rested on."""

    deployment: str
    state: str
    since: Cited
    manifest: str
    version: str
    number: int | None
    promotion: str
    requested_by: Person
    approvals: tuple[Person, ...]
    waivers: tuple[Grant, ...]
    policy: str
    evaluation: str
    verdict: str
    evaluated: Cited
    reports: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class ModelAsOf:
    """One model: what was desired of it and what was observed; ``agrees`` is None where nothing was observed."""

    model: str
    name: str
    desired: Desired | None
    observed: Observed | None

    @property
    def agrees(self) -> bool | None:
        """Whether what was seen is what was wanted."""
        if self.observed is None:
            return None
        if self.desired is None:
            return not self.observed.healthy
        return self.observed.healthy and self.observed.manifest == self.desired.manifest


@dataclass(frozen=True, slots=True)
class AsOf:
    """An environment at a moment; ``existed`` is whether it had been made by then."""

    at: str
    project: str
    environment: str
    name: str
    existed: bool
    models: tuple[ModelAsOf, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = asdict(self)
        for one, model in zip(found["models"], self.models, strict=True):
            one["agrees"] = model.agrees
        return found


def as_of(environment: Environment, at: Any, *, model: str = "") -> AsOf:
    """Return what was desired and observed in an environment at a moment (a datetime or ISO 8601 text with an offset).

    ``model`` narrows it to models of that name. Raises MomentError for a time without offset, FutureMomentError.
    """
    when = read_moment(at, "at")
    if when > timezone.now():
        raise FutureMomentError(f"at is {when.isoformat()}, which has not come yet; the record tells what was.")
    until, place = moment(when.astimezone(UTC)), str(environment.pk)
    made = list(_before(until, subject=f"environment:{place}", kind="environment.created"))
    by_model: dict[str, list[Entry]] = {}
    for entry in _before(until, kind="deployment.created"):
        said = entry.document()["data"]
        if said["environment"] == place:
            by_model.setdefault(said["model"], []).append(entry)
    models = [_model(identity, created, until) for identity, created in by_model.items()]
    wanted = sorted((one for one in models if model in {"", one.name}), key=lambda one: one.name)
    return AsOf(until, environment.project.slug, place, environment.name, bool(made), tuple(wanted))


def _before(until: str, *, subject: str | None = None, kind: str | None = None) -> Iterator[Entry]:
    return (entry for entry in entries(subject=subject, kind=kind) if entry.at <= until)


def _model(identity: str, created: Iterable[Entry], until: str) -> ModelAsOf:
    registered = next(entries(subject=f"model:{identity}", kind="model.registered"), None)
    name = registered.document()["data"]["name"] if registered else identity
    desired, observed = None, {}
    for entry in created:
        moves, seen = _of_deployment(entry.subject, until)
        if seen is not None:
            observed[entry.subject] = seen
        if moves and moves[-1].document()["data"]["desired"]:
            desired = _desired(entry, moves, until)
    if desired is not None:
        return ModelAsOf(identity, name, desired, observed.get(f"deployment:{desired.deployment}"))
    latest = max(observed.values(), key=lambda one: one.since.number, default=None)
    return ModelAsOf(identity, name, None, latest)


def _of_deployment(subject: str, until: str) -> tuple[list[Entry], Observed | None]:
    """Return how a deployment moved, and what was seen of it last."""
    moves, seen = [], None
    for entry in _before(until, subject=subject):
        if entry.kind == "deployment.advanced":
            moves.append(entry)
        elif entry.kind == "deployment.observed":
            said = entry.document()["data"]
            seen = Observed(_identity(subject), **said, since=_cited(entry))
    return moves, seen


def _desired(created: Entry, moves: list[Entry], until: str) -> Desired:
    since = moves[-1]
    for entry in reversed(moves):
        if not entry.document()["data"]["desired"]:
            break
        since = entry
    document = created.document()
    said = document["data"]
    about = list(_before(until, subject=f"promotion:{said['promotion']}"))
    requested = next(entry for entry in about if entry.kind == "promotion.requested")
    asked = requested.document()["data"]
    evaluated = _saying(about, "evaluation.recorded", "evaluation", said["evaluation"])[-1]
    return Desired(
        deployment=_identity(created.subject),
        state=moves[-1].document()["data"]["to"],
        since=_cited(since),
        manifest=said["manifest"],
        version=asked["version"],
        number=_number(asked["version"]),
        promotion=said["promotion"],
        requested_by=_person(requested, asked["requester"]),
        approvals=tuple(_approvals(about, said["evaluation"])),
        waivers=tuple(_grants(about, until)),
        policy=document["policy"],
        evaluation=said["evaluation"],
        verdict=evaluated.document()["data"]["verdict"],
        evaluated=_cited(evaluated),
        reports=tuple(_reports(about, evaluated, said["promotion"])),
    )


def _saying(about: Iterable[Entry], kind: str, name: str, value: str) -> list[Entry]:
    return [entry for entry in about if entry.kind == kind and entry.document()["data"][name] == value]


def _approvals(about: list[Entry], evaluation: str) -> Iterator[Person]:
    """Yield who had approved the evaluation and had not taken that back."""
    revoked = {entry.document()["data"]["approval"] for entry in about if entry.kind == "approval.revoked"}
    for entry in _saying(about, "approval.given", "evaluation", evaluation):
        said = entry.document()["data"]
        if said["action"] == "approve" and said["approval"] not in revoked:
            yield _person(entry, entry.actor)


def _grants(about: list[Entry], until: str) -> Iterator[Grant]:
    for entry in about:
        said = entry.document()["data"]
        if entry.kind == "waiver.granted" and said["ends_at"] > until:
            yield Grant(said["waiver"], said["key"], said["ends_at"], _person(entry, entry.actor))


def _reports(about: list[Entry], evaluated: Entry, promotion: str) -> Iterator[Measured]:
    recorded = {entry.document()["evidence"][0]: entry for entry in about if entry.kind == "report.recorded"}
    for digest in evaluated.document()["evidence"]:
        said = recorded[digest].document()["data"] if digest in recorded else {}
        check, version, status = (str(said.get(name, "unknown")) for name in ("check", "version", "status"))
        yield Measured(digest, check, version, status, f"/api/v1/promotions/{promotion}/reports/{digest}")


def _number(version: str) -> int | None:
    """Return the number under which a version was registered, by its digest."""
    found = newest(1, wanted=Wanted(kind="model_version.registered", text=version))
    return int(found[0].document()["data"]["number"]) if found else None


def _person(entry: Entry, principal: str) -> Person:
    known = Principal.objects.filter(pk=UUID(principal)).values_list("name", flat=True).first()
    return Person(principal, known or None, entry.document()["actor"]["role"], _cited(entry))


def _identity(subject: str) -> str:
    return subject.partition(":")[2]


def _cited(entry: Entry) -> Cited:
    return Cited(entry.number, entry.leaf_hash, entry.at)
