"""Replay governance: every event in the ledger's order, each judged by what was said before it; yield what is wrong."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from governance.rules.moments import read_moment
from governance.rules.replay.deciding import approval_given, approval_revoked, approval_stale, decision_recorded
from governance.rules.replay.event import Event, read_event
from governance.rules.replay.facts import (
    artifact_purged,
    dataset_registered,
    environment_created,
    evaluation_set_pinned,
    model_registered,
    version_registered,
    version_retired,
)
from governance.rules.replay.history import History
from governance.rules.replay.lapsing import deployment_judged
from governance.rules.replay.library import DifferingDocumentError, Library, MissingDocumentError, Source
from governance.rules.replay.lowering import lowering_granted, lowering_requested, verdict_given
from governance.rules.replay.measuring import evaluation_recorded, report_recorded
from governance.rules.replay.persons import (
    identity_linked,
    known_actor,
    principal_registered,
    role_granted,
    role_revoked,
)
from governance.rules.replay.requesting import promotion_advanced, promotion_requested
from governance.rules.replay.retaining import (
    commitment_erased,
    hold_lift_requested,
    hold_lifted,
    hold_placed,
    key_made,
    key_shredded,
    remember_commitments,
)
from governance.rules.replay.revealing import reveal_granted, reveal_opened, reveal_requested
from governance.rules.replay.ruling import assignment_confirmed, assignment_proposed, policy_published
from governance.rules.replay.serving import alias_intended, alias_observed, deployment_advanced, deployment_created
from governance.rules.replay.waiving import waiver_granted, waiver_requested
from governance.rules.replay.watched import batch_judged, batch_posted, monitor_created
from registry.ledger.verify.entries import Fault

MEMBERS = frozenset(
    ("format", "schema", "id", "kind", "at", "actor", "subject", "subject_digest", "policy", "evidence", "prev", "data")
)
ACTOR = frozenset(("principal", "role", "auth"))
MINUTE = len("2026-03-03T12:00")
SECONDS = re.compile(r":[0-5][0-9]\.[0-9]{6}Z")
Handler = Callable[[Event, History], Iterator[str]]

HANDLERS: Mapping[str, Handler] = {
    "principal.registered": principal_registered,
    "identity.linked": identity_linked,
    "role.granted": role_granted,
    "role.revoked": role_revoked,
    "environment.created": environment_created,
    "environment.evaluates": evaluation_set_pinned,
    "model.registered": model_registered,
    "dataset_version.registered": dataset_registered,
    "model_version.registered": version_registered,
    "model_version.retired": version_retired,
    "artifact.purged": artifact_purged,
    "policy.published": policy_published,
    "policy_assignment.proposed": assignment_proposed,
    "policy_assignment.confirmed": assignment_confirmed,
    "promotion.requested": promotion_requested,
    "promotion.advanced": promotion_advanced,
    "report.recorded": report_recorded,
    "evaluation.recorded": evaluation_recorded,
    "approval.given": approval_given,
    "approval.revoked": approval_revoked,
    "approval.stale": approval_stale,
    "waiver.requested": waiver_requested,
    "waiver.granted": waiver_granted,
    "decision.recorded": decision_recorded,
    "deployment.created": deployment_created,
    "deployment.advanced": deployment_advanced,
    "deployment.judged": deployment_judged,
    "alias.intended": alias_intended,
    "alias.observed": alias_observed,
    "monitor.created": monitor_created,
    "batch.posted": batch_posted,
    "batch.judged": batch_judged,
    "column_verdict.given": verdict_given,
    "column_verdict.lowering_requested": lowering_requested,
    "column_verdict.lowering_granted": lowering_granted,
    "reveal.requested": reveal_requested,
    "reveal.granted": reveal_granted,
    "reveal.opened": reveal_opened,
    "privacy_key.made": key_made,
    "privacy_key.shredded": key_shredded,
    "hold.placed": hold_placed,
    "hold.lift_requested": hold_lift_requested,
    "hold.lifted": hold_lifted,
    "commitment.erased": commitment_erased,
}
FOUNDING: Mapping[str, str] = {
    "principal": "principal.registered",
    "environment": "environment.created",
    "model": "model.registered",
    "dataset_version": "dataset_version.registered",
    "model_version": "model_version.registered",
    "policy": "policy.published",
    "policy_assignment": "policy_assignment.proposed",
    "promotion": "promotion.requested",
    "deployment": "deployment.created",
    "monitor": "monitor.created",
    "reveal": "reveal.requested",
    "hold": "hold.placed",
}
# What a forged event can make fail; anything else (a database that is away) is no fault of the record.
FORGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def replay(
    events: Iterable[tuple[int, Mapping[str, Any]]], document: Source, history: History | None = None
) -> Iterator[Fault]:
    """Yield what does not follow, event by event; last, what is cited and not there (evidence may have been purged).

    ``events`` are (number, parsed event) in the ledger's order; ``document`` returns the document under a digest and
    raises LookupError where there is none (its digest is computed here). ``history`` holds afterwards what was said.
    """
    known = History(Library(document)) if history is None else history
    for number, found in events:
        if not _is_plain(found, known):
            yield from replay_event(number, found, known)
    excused = known.purged & known.evidence  # a policy or a manifest is never purged
    yield from (fault for identity, fault in known.missing.items() if identity not in excused)


def _is_plain(found: Mapping[str, Any], history: History) -> bool:
    """Say, quickly, that an event is whole, somebody known did it, and nothing else is to be replayed of it."""
    try:
        actor, subject, at = found["actor"], found["subject"], found["at"]
        return (
            found["kind"] not in HANDLERS
            and subject.partition(":")[0] not in FOUNDING
            and (actor["principal"] == history.system or actor["principal"] in history.founded["principal"])
            and found.keys() == MEMBERS
            and actor.keys() >= ACTOR
            and _is_minute(at[:MINUTE])
            and SECONDS.fullmatch(at, MINUTE) is not None
        )
    except FORGED:
        return False


@lru_cache(maxsize=1024)
def _is_minute(text: str) -> bool:
    """Say whether the first part of a moment is a minute of the calendar."""
    return isinstance(read_moment(f"{text}Z", "at"), datetime)


def replay_event(number: int, found: Mapping[str, Any], history: History) -> Iterator[Fault]:
    """Yield what does not follow from the events before this one, and add it to the history."""
    try:
        event = read_event(number, found)
        yield from _unknown(event, history)
    except FORGED as error:
        yield Fault(number, "not_replayable", f"entry {number} cannot be replayed: {error!r}")
        return
    handler = HANDLERS.get(event.kind)
    if handler is None:
        return
    code = f"replay_{event.kind.replace('.', '_')}"
    try:
        remember_commitments(event, history)
        for message in handler(event, history):
            yield Fault(number, code, f"entry {number}: {message}")
    except MissingDocumentError as error:
        fault = Fault(number, MissingDocumentError.code, f"entry {number} ({event.kind}): {error}")
        history.missing.setdefault(error.identity, fault)
    except DifferingDocumentError as error:
        yield Fault(number, code, f"entry {number}: {error}")
    except FORGED as error:
        yield Fault(number, "not_replayable", f"entry {number} ({event.kind}) cannot be replayed: {error!r}")


def _unknown(event: Event, history: History) -> Iterator[Fault]:
    """Say when nobody knows who acted or what is spoken of, or when something is begun a second time."""
    for message in known_actor(event, history):
        yield Fault(event.number, "unknown_actor", f"entry {event.number} ({event.kind}): {message}")
    if event.noun not in FOUNDING:
        return
    there = history.founded.setdefault(event.noun, set())
    begins = event.kind == FOUNDING[event.noun]
    if begins and event.identity in there:
        message = f"entry {event.number}: {event.kind} of {event.subject}, which is there already"
        yield Fault(event.number, "begun_twice", message)
    elif not begins and event.identity not in there:
        message = f"entry {event.number}: {event.kind} speaks of {event.subject}, of which nothing was said before"
        yield Fault(event.number, "unknown_subject", message)
    if begins:
        there.add(event.identity)
