"""How the record stands: verified when, found how, sequenced up to where; and what somebody has to look at."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from governance.exports.receipts import witnesses
from governance.exports.verify import verify
from governance.models import LedgerVerification
from registry.ledger.policy import LogPolicy, PolicyFormatError
from registry.ledger.state import LogState, recorded_at, state

VERIFY_EVERY = timedelta(hours=1)
OVERDUE = 3 * VERIFY_EVERY
KEPT = timedelta(days=90)
SHOWN = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something about the record that somebody has to look at: a stable code and a sentence."""

    code: str
    sentence: str

    @property
    def is_grave(self) -> bool:
        """Whether somebody has to act now, rather than know."""
        return self.code not in {"verification_missing", "witness_behind"}


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness of the policy: the largest size it cosigned, and since when something newer waits for it."""

    name: str
    cosigned: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The log, the witnesses of the policy, the last verification that ended, and the alarms."""

    log: LogState
    witnesses: tuple[Witness, ...]
    verification: LedgerVerification | None
    alarms: tuple[Alarm, ...]

    @property
    def verified(self) -> bool:
        """Whether the record was verified not long ago and found valid: unknown and overdue are no."""
        return self.verification is not None and not any(one.code.startswith("verif") for one in self.alarms)


def verify_when_due(now: datetime | None = None) -> LedgerVerification | None:
    """Verify everything and keep what was found; None when the last attempt began less than an hour ago."""
    now = now or timezone.now()
    if LedgerVerification.objects.filter(created_at__gt=now - VERIFY_EVERY).exists():
        return None
    LedgerVerification.objects.filter(created_at__lt=now - KEPT).delete()
    run = LedgerVerification.objects.create(created_at=now)
    try:
        found = verify()
    except Exception as error:
        logger.exception("the record could not be verified")
        run.end(LedgerVerification.ERROR, first=[{"entry": 0, "code": type(error).__name__, "message": ""}])
        return run
    first = [{"entry": one.number, "code": one.code, "message": one.message} for one in found.faults[:SHOWN]]
    outcome = LedgerVerification.FAULTY if found.faults else LedgerVerification.VALID
    run.end(outcome, entries=found.entries, faults=len(found.faults), first=first)
    return run


def standing(now: datetime | None = None) -> Standing:
    """Return how the record stands; nothing is verified here."""
    now = now or timezone.now()
    log, last = state(), LedgerVerification.last()
    alarms = [*_verification_alarms(last, now), *_log_alarms(log, now)]
    named: tuple[Witness, ...] = ()
    try:
        if policy := witnesses():
            named = tuple(_witnesses(policy, log))
    except (OSError, PolicyFormatError) as error:
        name = Path(settings.PROBITY_LEDGER_POLICY).name
        alarms.append(Alarm("policy", f"The trust policy {name} cannot be read: {type(error).__name__}."))
    alarms += _witness_alarms(named, now)
    return Standing(log, named, last, tuple(alarms))


def _witnesses(policy: LogPolicy, log: LogState) -> Iterator[Witness]:
    for name, party in sorted(policy.witnesses.items()):
        size = log.cosigned.get(str(party.key), 0)
        behind = log.head is not None and size < log.head.size
        yield Witness(name.decode("utf-8", "backslashreplace"), size, recorded_at(log.origin, size) if behind else None)


def _verification_alarms(last: LedgerVerification | None, now: datetime) -> Iterator[Alarm]:
    if last is None:
        yield Alarm("verification_missing", "The record has not been verified yet: a worker does so every hour.")
        return
    if last.outcome == LedgerVerification.FAULTY:
        entry = next((one["entry"] for one in last.first if one["entry"]), 0)
        where = f"the first at entry {entry}" if entry else "in what stands beside the entries"
        yield Alarm(
            "verification_faulty",
            f"The record is NOT valid: verification found {last.faults} "
            f"fault{'s' if last.faults != 1 else ''}, {where}. Stop releasing, and keep a copy of the database.",
        )
    elif last.outcome == LedgerVerification.ERROR:
        yield Alarm("verification_error", "The record could not be verified: the last attempt ended in an error.")
    if last.created_at < now - OVERDUE:
        yield Alarm("verification_overdue", f"The record was last verified {_span(now - last.created_at)} ago.")


def _log_alarms(log: LogState, now: datetime) -> Iterator[Alarm]:
    waited = now - log.oldest_queued if log.oldest_queued else timedelta(0)
    if log.is_closed:
        yield Alarm("closed", f"The log {log.origin} was frozen: no entry gets a place until a new log succeeds it.")
    if waited > timedelta(seconds=settings.PROBITY_LEDGER_ALARM_SECONDS):
        yield Alarm(
            "queue_stuck",
            f"The oldest of {log.queued} queued entries has waited {_span(waited)} for its place: the sequencer does "
            "not run, refuses to sign, or cannot keep up. Its log says which.",
        )


def _witness_alarms(named: tuple[Witness, ...], now: datetime) -> Iterator[Alarm]:
    for one in named:
        late = now - one.waiting_since if one.waiting_since else timedelta(0)
        if late > timedelta(seconds=settings.PROBITY_LEDGER_ALARM_SECONDS):
            yield Alarm("witness_behind", f"The witness {one.name} has cosigned nothing new for {_span(late)}.")


def _span(span: timedelta) -> str:
    """Return a span in the largest unit of which it has two or more."""
    seconds = int(span.total_seconds())
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
