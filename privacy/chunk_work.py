"""One chunk of a scan: claimed under a lease, scanned by any worker, and what was gathered of it kept, once."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from privacy.chunks.cut import Chunk
from privacy.chunks.gather import gather, pack
from privacy.chunks.read import read_chunk
from privacy.models import PartitionScan, ScanChunk
from privacy.partitions import File, counting_key, opened
from privacy.scan.read_error import DatasetReadError
from privacy.scan.scan import ScanError
from registry.lease import LeaseLostError, lease_time, storable
from registry.run import told

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 4
BEAT_SECONDS = 1.0


@dataclass(slots=True)
class ChunkLease:
    """The right to scan a chunk, kept alive by ``beat``; ``also`` is asked every time and may raise."""

    chunk: ScanChunk
    also: Callable[[], None]
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    last: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Say that somebody is at work, at most once a second; raises LeaseLostError when another took over."""
        if time.monotonic() - self.last < BEAT_SECONDS:
            return
        self.last = time.monotonic()
        self.also()
        if not self.held().update(lease_until=timezone.now() + lease_time()):
            raise LeaseLostError(f"{self.chunk} is no longer this worker's")

    def held(self) -> Any:
        """Return the chunk as rows, none when it is no longer ours."""
        return ScanChunk.objects.filter(pk=self.chunk.pk, lease=self.token, done_at__isnull=True)

    def give_back(self) -> None:
        """Let another worker have the chunk at once."""
        self.held().update(lease=None, lease_until=None)


def open_chunks(partitions: Sequence[PartitionScan]) -> Any:
    """Return the chunks that nobody has ended, as rows in their order."""
    rows = ScanChunk.objects.filter(partition__in=partitions, done_at__isnull=True, partition__result__isnull=True)
    return rows.defer("result").order_by("partition__created_at", "number")


def free_now() -> Q:
    """Return the condition of a chunk that nobody works on: never taken, given back, or its worker fell silent."""
    return Q(lease__isnull=True) | Q(lease_until__lt=timezone.now())


def claim(rows: Any, also: Callable[[], None]) -> ChunkLease | None:
    """Take the first of the chunks that is free or whose worker fell silent; None when there is none."""
    free = free_now()
    for chunk in rows.filter(free, error_code="", attempt__lt=MOST_ATTEMPTS)[:8]:
        lease = ChunkLease(chunk, also)
        taken = ScanChunk.objects.filter(free, pk=chunk.pk, done_at__isnull=True, error_code="")
        if taken.update(lease=lease.token, lease_until=timezone.now() + lease_time(), attempt=F("attempt") + 1):
            return lease
    return None


def scan_chunk(lease: ChunkLease, file: File, engine: Any) -> None:
    """Scan a claimed chunk and keep what was gathered, or why it cannot be read.

    What may pass, and what ``also`` raises, is raised, and the chunk given back.
    """
    chunk, partition = lease.chunk, lease.chunk.partition
    try:
        tables = read_chunk(opened(file, lease.beat), _span(chunk), partition.head)
        found = gather(tables, engine=engine, key=counting_key(), progress=lease.beat)
    except (DatasetReadError, ScanError) as error:
        lease.held().update(error_code=error.code, error=storable(told(error)), lease=None, lease_until=None)
        return
    except Exception:
        lease.give_back()
        raise
    kept = {"rows": found.part.rows, "found": found.cells_found, "result": pack(found), "done_at": timezone.now()}
    if not lease.held().update(**kept, lease=None, lease_until=None):
        raise LeaseLostError(f"{chunk} is no longer this worker's")


def _span(chunk: ScanChunk) -> Chunk:
    return Chunk(chunk.start, chunk.end, chunk.first_line, chunk.weight)
