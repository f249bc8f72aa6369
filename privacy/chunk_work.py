"""Chunks over workers: each is claimed under a lease, worked on by any of them, and what was gathered kept, once."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from privacy.chunks.cut import Chunk
from privacy.chunks.gather import Gathered, gather, pack
from privacy.chunks.read import read_chunk
from privacy.models import PartitionScan, ScanChunk
from privacy.partitions import File, counting_key, opened
from privacy.scan.read_error import DatasetReadError
from privacy.scan.recipe_errors import RecipeError
from privacy.scan.scan import ScanError
from registry.lease import LeaseLostError, lease_time, storable
from registry.models import Run
from registry.queue import enqueue
from registry.telling import told

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 4
BEAT_SECONDS = 1.0
PAUSE = 0.2


class ChunkFailedError(ValueError):
    """Some chunk cannot be worked off, and so nothing of the whole is kept; ``code`` says why."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the code of what went wrong."""
        super().__init__(message)
        self.code = code


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


def ask_for_help(rows: Sequence[PartitionScan], run_: Run, task: str) -> None:
    """Send one message for each chunk but the first, which we take; and forget what an earlier run broke on."""
    waiting = open_chunks(rows)
    if run_.attempt == 1:
        waiting.update(error_code="", error="", attempt=0)
    with transaction.atomic():
        for pk in list(waiting.values_list("pk", flat=True))[1:]:
            enqueue(task, str(run_.pk), str(pk))


Do = Callable[[ChunkLease, File], None]


def work_off(of: Mapping[PartitionScan, File], do: Do, beat: Callable[[], None]) -> None:
    """Do what nobody has done until every chunk of partitions is; raises ChunkFailedError for the first that cannot."""
    waiting = open_chunks(list(of)).select_related("partition")
    while waiting.exists():
        _raise_first_error(waiting, of)
        beat()
        lease = claim(waiting, beat)
        if lease is None:
            time.sleep(PAUSE)
        else:
            do(lease, of[lease.chunk.partition])


def _raise_first_error(waiting: Any, of: Mapping[PartitionScan, File]) -> None:
    broken = waiting.exclude(error_code="").first()
    if broken is not None:
        raise ChunkFailedError(broken.error, broken.error_code)
    lost = waiting.filter(free_now(), attempt__gte=MOST_ATTEMPTS).first()
    if lost is not None:
        raise ChunkFailedError(
            f"{of[lost.partition].name}: chunk {lost.number + 1} was begun {lost.attempt} times and never ended.",
            "gave_up",
        )


def scan_chunk(lease: ChunkLease, file: File, engine: Any) -> None:
    """Scan a claimed chunk and keep what was gathered, or why it cannot be read."""
    tables = tables_of(lease, file, encoded=True)
    keep(lease, lambda: gather(tables, engine=engine, key=counting_key(), progress=lease.beat))


def tables_of(lease: ChunkLease, file: File, *, encoded: bool = False) -> Iterator[Any]:
    """Yield the rows of a claimed chunk as tables of bounded size; raises DatasetReadError."""
    yield from read_chunk(opened(file, lease.beat), _span(lease.chunk), lease.chunk.partition.head, encoded=encoded)


def keep(lease: ChunkLease, work: Callable[[], Gathered]) -> None:
    """Work on a claimed chunk and keep what was gathered, or the mistake in the data or the recipe.

    What may pass, and what ``also`` raises, is raised, and the chunk given back.
    """
    try:
        found = work()
    except (DatasetReadError, ScanError, RecipeError) as error:
        lease.held().update(error_code=error.code, error=storable(told(error)), lease=None, lease_until=None)
        return
    except Exception:
        lease.give_back()
        raise
    kept = {"rows": found.part.rows, "found": found.cells_found, "result": pack(found), "done_at": timezone.now()}
    if not lease.held().update(**kept, lease=None, lease_until=None):
        raise LeaseLostError(f"{lease.chunk} is no longer this worker's")


def _span(chunk: ScanChunk) -> Chunk:
    return Chunk(chunk.start, chunk.end, chunk.first_line, chunk.weight)
