"""The right to work on a run, for as long as its holder gives signs of life."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from registry.checks import Cancelled
from registry.models import Run, RunStatus

HEARTBEAT_SECONDS = 1.0


class LeaseLostError(RuntimeError):
    """Another worker took the run over, because this one did not report in time. Nothing of this attempt is kept."""

    code = "lease_lost"


class GaveUpError(RuntimeError):
    """Every attempt ended without a result: the workers died, or what they met did not pass."""

    code = "gave_up"


@dataclass(slots=True)
class Lease:
    """The right to work on a run, kept alive by reporting progress."""

    run_id: uuid.UUID
    token: uuid.UUID
    over: Cancelled | GaveUpError | None = None  # why there is nothing left but to end it
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
            "message": storable(message)[:500],
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


def lease_time() -> timedelta:
    """Return how long a worker may be silent before its run is taken over."""
    return timedelta(seconds=settings.PROBITY_RUN_LEASE_SECONDS)


def storable(text: str) -> str:
    """Return text that every database takes: without NUL characters and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
