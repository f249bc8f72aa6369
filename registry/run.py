"""Runs: start, claim under a lease, keep alive, end, cancel; and sweep up what died."""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from registry.backends.base import BackendError
from registry.blobs import BlobError
from registry.canonical import digest
from registry.checks import Cancelled
from registry.lease import GaveUpError, Lease, LeaseLostError, lease_time, storable
from registry.ledger.append import append
from registry.models import Actor, Project, Run, RunStatus
from registry.queue import enqueue
from registry.telling import told

__all__ = [
    "Lease",
    "LeaseLostError",
    "Wait",
    "Work",
    "cancel",
    "claim",
    "perform",
    "start",
    "sweep",
]

logger = logging.getLogger(__name__)
LONGEST_BACK_OFF = 60
LOST_MESSAGE_SECONDS = 15
EARLY = timedelta(seconds=0.5)  # a countdown may fire a little before its time


@dataclass(frozen=True, slots=True)
class Wait:
    """What work returns to be called again later (a training that goes on elsewhere)."""

    seconds: float
    handle: Mapping[str, Any]


Work = Callable[[Run, Lease], dict[str, Any] | Wait]
Stop = Callable[[Run], None]


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
    """Take a run that is queued, due, or whose worker fell silent; None when there is nothing to take.

    One that was cancelled or has no attempt left is taken to be ended: the lease says so, and no work is done on it.
    """
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    now = timezone.now()
    if run is None or run.status in Run.ENDED:
        return None
    if run.status == RunStatus.RUNNING and run.lease_until and run.lease_until > now:
        return None
    early = run.not_before and run.not_before > now + EARLY
    if run.status != RunStatus.RUNNING and early and not run.cancel_requested:
        return None
    polled, over = run.status == RunStatus.WAITING, _over(run)
    run.attempt += 0 if polled or run.attempt >= run.max_attempts else 1
    run.status, run.lease = RunStatus.RUNNING, uuid.uuid4()
    run.heartbeat_at, run.lease_until = now, now + lease_time()
    run.started_at = run.started_at or now
    run.save()
    return run, Lease(run_id=run.pk, token=run.lease, over=over)


def _over(run: Run) -> Cancelled | GaveUpError | None:
    if run.cancel_requested:
        return Cancelled("cancelled while nobody worked on it")
    if run.status != RunStatus.WAITING and run.attempt >= run.max_attempts:
        return GaveUpError(f"gave up after {run.attempt} attempts: {run.error}")
    return None


def _end(run: Run, status: RunStatus, *, code: str = "", error: str = "", result: dict[str, Any] | None = None) -> None:
    run.status, run.error_code, run.error = status, storable(code), storable(error)
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


def perform(run_id: str, work: Work, *, stop: Stop = lambda _run: None) -> Run | None:
    """Claim the run and do its work; None when another worker has it. Errors end or requeue the run, and are kept.

    ``stop`` ends what the run may have begun elsewhere, also where its handle was never kept. It is called before the
    run ends in any way but success, and stopping what has ended must be harmless.
    """
    claimed = claim(run_id)
    if claimed is None:
        return None
    run, lease = claimed
    try:
        if lease.over is not None:
            _broke_off(run, lease, lease.over, stop)
        else:
            _work(run, lease, work, stop)
    except LeaseLostError as error:  # also while it was to be recorded how the work went wrong
        logger.warning("%s", error)
        return None
    return Run.objects.get(pk=run.pk)


def _work(run: Run, lease: Lease, work: Work, stop: Stop) -> None:
    try:
        _settle(lease, work(run, lease))
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever work raises ends its run, or has it tried again
        _broke_off(run, lease, error, stop)


def _broke_off(run: Run, lease: Lease, error: Exception, stop: Stop) -> None:
    """Try again later what may pass; else let nothing go on elsewhere, then end the run."""
    left = run.attempt < run.max_attempts
    if left and _may_pass(error):
        _retry(lease, error)
        return
    try:
        stop(run)
    except Exception as late:  # noqa: BLE001 - a backend raises what it likes; a cancelled run is stopped at the next try
        logger.warning("run %s could not be stopped yet: %s", run.pk, told(late))
        if left:
            _retry(lease, late)
            return
    _fail(lease, *_verdict(run, error))


def _may_pass(error: Exception) -> bool:
    return isinstance(error, DatabaseError | BlobError) or (isinstance(error, BackendError) and error.retriable)


def _verdict(run: Run, error: Exception) -> tuple[RunStatus, str, str]:
    """Return how a run ends by an error: status, code, and what may be told."""
    if isinstance(error, Cancelled):
        return RunStatus.CANCELLED, "cancelled", str(error)
    if _may_pass(error):
        code = _code(error, "database")
        return RunStatus.FAILED, code, f"gave up after {run.attempt} attempts: {told(error)}"
    if isinstance(error, BackendError):
        return RunStatus.FAILED, error.code, str(error)
    logger.error("run %s failed: %s", run.pk, told(error))
    return RunStatus.FAILED, _code(error, "unexpected"), told(error)


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
    delay = min(2**run.attempt, LONGEST_BACK_OFF)
    run.status, run.lease, run.lease_until = RunStatus.QUEUED, None, None
    run.not_before = timezone.now() + timedelta(seconds=delay)
    run.error_code, run.error = _code(error, "database")[:80], storable(told(error))
    run.save()
    enqueue(run.task, str(run.pk), countdown=delay)


@transaction.atomic
def cancel(run: Run, *, actor: Actor) -> Run:
    """Ask a run to stop: at once when nobody began it, else at its next sign of life. Who asked first is recorded."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status in Run.ENDED or locked.cancel_requested:
        return locked
    locked.cancel_requested = True
    locked.save(update_fields=["cancel_requested"])
    append(
        "run.cancel_requested",
        actor=actor,
        subject=f"run:{locked.pk}",
        data={"kind": locked.kind, "status": locked.status, "attempt": locked.attempt},
    )
    if locked.status == RunStatus.QUEUED and not locked.attempt:
        _end(locked, RunStatus.CANCELLED, code="cancelled", error=f"cancelled by {actor.principal.pk}")
    elif locked.status != RunStatus.RUNNING:
        enqueue(locked.task, str(locked.pk))
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
