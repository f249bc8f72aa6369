"""Runs: start, claim under a lease, keep alive, end, cancel; and sweep up what died."""

import logging
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from registry.backends.base import BackendError
from registry.blobs import BlobError
from registry.canonical import digest
from registry.checks import Cancelled
from registry.ledger.append import append
from registry.models import Actor, Project, Run, RunStatus
from registry.queue import enqueue

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
LONGEST_BACK_OFF = 60
LOST_MESSAGE_SECONDS = 15
OURS = frozenset({"registry", "privacy", "monitoring", "governance"})
EARLY = timedelta(seconds=0.5)  # a countdown may fire a little before its time


class LeaseLostError(RuntimeError):
    """Another worker took the run over, because this one did not report in time. Nothing of this attempt is kept."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Wait:
    """What work returns to be called again later (a training that goes on elsewhere)."""

    seconds: float
    handle: Mapping[str, Any]


@dataclass(slots=True)
class Lease:
    """The right to work on a run, kept alive by reporting progress."""

    run_id: uuid.UUID
    token: uuid.UUID
    last: float = field(default_factory=time.monotonic)

    def progress(self, share: float, message: str = "") -> None:
        """Report progress (0 to 1); raises Cancelled or LeaseLostError. Writes at most once a second."""
        if time.monotonic() - self.last < HEARTBEAT_SECONDS:
            return
        self.last = time.monotonic()
        self.beat(share, message)

    def beat(self, share: float, message: str) -> None:
        """Write a heartbeat now."""
        now = timezone.now()
        run = Run.objects.filter(pk=self.run_id, lease=self.token, status=RunStatus.RUNNING)
        values = {
            "heartbeat_at": now,
            "lease_until": now + lease_time(),
            "progress": share,
            "message": _storable(message)[:500],
        }
        if not run.update(**values):
            raise LeaseLostError(f"run {self.run_id} is no longer this worker's")
        if run.filter(cancel_requested=True).exists():
            raise Cancelled(f"run {self.run_id} was cancelled")

    def lock(self) -> Run:
        """Lock the run inside the caller's transaction; raises LeaseLostError when it is no longer ours."""
        held = Run.objects.select_for_update().filter(pk=self.run_id, lease=self.token, status=RunStatus.RUNNING)
        run = held.first()
        if run is None:
            raise LeaseLostError(f"run {self.run_id} is no longer this worker's")
        return run


def _storable(text: str) -> str:
    """Return text that every database takes: without NUL characters and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


Work = Callable[[Run, Lease], dict[str, Any] | Wait]


def told(error: BaseException) -> str:
    """Return what may be kept of an error: our own sentences; of any other its type and place, for its text may hold
    the values it broke on (a database that is away or locked speaks of itself only).
    """
    if type(error).__module__.partition(".")[0] in OURS or isinstance(error, OperationalError):
        return str(error)
    name = type(error).__name__
    places = traceback.extract_tb(error.__traceback__)
    return f"{name} ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else name


def lease_time() -> timedelta:
    """Return how long a worker may be silent before its run is taken over."""
    return timedelta(seconds=settings.PROBITY_RUN_LEASE_SECONDS)


@transaction.atomic
def start(
    *,
    kind: str,
    task: str,
    project: Project,
    subject: str,
    actor: Actor,
    key: str = "",
    arguments: Mapping[str, Any] | None = None,
) -> Run:
    """Queue work, or return the run that is already under way for the same key."""
    if key:
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # of two who ask at once, one waits
    if key and (active := Run.objects.filter(kind=kind, key=key).exclude(status__in=Run.ENDED).first()):
        return active
    run = Run(
        kind=kind,
        task=task,
        project=project,
        subject=subject,
        key=key,
        arguments=dict(arguments or {}),
        requested_by=actor.principal,
    )
    run.full_clean()
    run.save()
    append(
        "run.queued",
        actor=actor,
        subject=f"run:{run.pk}",
        data={"kind": kind, "about": subject, "arguments": digest(run.arguments)},
    )
    enqueue(task, str(run.pk))
    return run


@transaction.atomic
def claim(run_id: str) -> tuple[Run, Lease] | None:
    """Take a run that is queued, due, or whose worker fell silent; None when there is nothing to take."""
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    now = timezone.now()
    if run is None or run.status in Run.ENDED:
        return None
    if run.status == RunStatus.RUNNING and run.lease_until and run.lease_until > now:
        return None
    if run.status != RunStatus.RUNNING and run.not_before and run.not_before > now + EARLY:
        return None
    if run.cancel_requested and not run.handle:  # with a handle, the work itself stops what goes on elsewhere
        _end(run, RunStatus.CANCELLED, code="cancelled", error="cancelled while nobody worked on it")
        return None
    polled = run.status == RunStatus.WAITING
    if not polled and run.attempt >= run.max_attempts:
        _end(run, RunStatus.FAILED, code="gave_up", error=f"gave up after {run.attempt} attempts: {run.error}")
        return None
    run.attempt += 0 if polled else 1
    run.status, run.lease = RunStatus.RUNNING, uuid.uuid4()
    run.heartbeat_at, run.lease_until = now, now + lease_time()
    run.started_at = run.started_at or now
    run.save()
    return run, Lease(run_id=run.pk, token=run.lease)


def _end(run: Run, status: RunStatus, *, code: str = "", error: str = "", result: dict[str, Any] | None = None) -> None:
    run.status, run.error_code, run.error = status, _storable(code), _storable(error)
    run.result = result or {}
    run.progress = 1 if status == RunStatus.SUCCEEDED else run.progress
    run.lease, run.lease_until, run.ended_at = None, None, timezone.now()
    run.save()
    append(
        "run.ended",
        actor=Actor.system(),
        subject=f"run:{run.pk}",
        data={"kind": run.kind, "status": str(status), "attempt": run.attempt, "error_code": code},
    )


def perform(run_id: str, work: Work) -> Run | None:
    """Claim the run and do its work; None when another worker has it. Errors end or requeue the run, and are kept."""
    claimed = claim(run_id)
    if claimed is None:
        return None
    run, lease = claimed
    try:
        _work(run, lease, work)
    except LeaseLostError as error:  # also while it was to be recorded how the work went wrong
        logger.warning("%s", error)
        return None
    return Run.objects.get(pk=run.pk)


def _work(run: Run, lease: Lease, work: Work) -> None:
    try:
        _settle(lease, work(run, lease))
    except LeaseLostError:
        raise
    except Cancelled as error:
        _fail(lease, RunStatus.CANCELLED, "cancelled", str(error))
    except (DatabaseError, BlobError) as error:
        _retry(lease, error)
    except BackendError as error:
        if error.retriable:
            _retry(lease, error)
        else:
            _fail(lease, RunStatus.FAILED, error.code, str(error))
    except Exception as error:  # noqa: BLE001 - whatever work raises ends its run
        logger.error("run %s failed: %s", run.pk, told(error))  # noqa: TRY400 - a traceback would quote its values
        _fail(lease, RunStatus.FAILED, _code(error, "unexpected"), told(error))


@transaction.atomic
def _settle(lease: Lease, outcome: dict[str, Any] | Wait) -> None:
    run = lease.lock()
    if isinstance(outcome, Wait):
        run.status, run.lease, run.lease_until = RunStatus.WAITING, None, None
        run.handle, run.not_before = dict(outcome.handle), timezone.now() + timedelta(seconds=outcome.seconds)
        run.save()
        enqueue(run.task, str(run.pk), countdown=outcome.seconds)
    else:
        _end(run, RunStatus.SUCCEEDED, result=outcome)


def _code(error: Exception, otherwise: str) -> str:
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else otherwise


@transaction.atomic
def _fail(lease: Lease, status: RunStatus, code: str, error: str) -> None:
    _end(lease.lock(), status, code=code[:80], error=error)


@transaction.atomic
def _retry(lease: Lease, error: Exception) -> None:
    run = lease.lock()
    code, said = _code(error, "database")[:80], told(error)
    if run.attempt >= run.max_attempts:
        _end(run, RunStatus.FAILED, code=code, error=f"gave up after {run.attempt} attempts: {said}")
        return
    delay = min(2**run.attempt, LONGEST_BACK_OFF)
    run.status, run.lease, run.lease_until = RunStatus.QUEUED, None, None
    run.not_before = timezone.now() + timedelta(seconds=delay)
    run.error_code, run.error = code, _storable(said)
    run.save()
    enqueue(run.task, str(run.pk), countdown=delay)


@transaction.atomic
def cancel(run: Run, *, actor: Actor) -> Run:
    """Ask a run to stop: at once when nobody works on it, else at its next sign of life."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status in Run.ENDED:
        return locked
    locked.cancel_requested = True
    locked.save(update_fields=["cancel_requested"])
    if locked.status == RunStatus.QUEUED and not locked.handle:
        _end(locked, RunStatus.CANCELLED, code="cancelled", error=f"cancelled by {actor.principal.pk}")
    return locked


def sweep() -> int:
    """Queue again what has no living worker: silent leases, due waits, lost messages. Return how many."""
    now = timezone.now()
    lost = now - timedelta(seconds=LOST_MESSAGE_SECONDS)
    due = Run.objects.filter(
        Q(status=RunStatus.RUNNING, lease_until__lt=now)
        | Q(status=RunStatus.WAITING, not_before__lt=lost)
        | Q(status=RunStatus.QUEUED, not_before__lt=lost)
        | Q(status=RunStatus.QUEUED, not_before__isnull=True, created_at__lt=lost)
    )
    found = list(due.values_list("task", "pk"))
    for task, pk in found:
        enqueue(task, str(pk))
    return len(found)
