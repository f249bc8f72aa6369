"""The chunks of an anonymisation: any worker treats some, scans what it wrote, and keeps both; then they are joined.

What was decided at the start (the recipe, the number of the key) stays with the run, so that whoever takes it over
goes on with the same. What a worker wrote lies in a folder of the run until the run has ended.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from privacy import keys
from privacy.anonymous_rows import join, tables_of, treat
from privacy.chunk_work import ChunkLease, ask_for_help, claim, keep, work_off
from privacy.chunk_work import tables_of as rows_of
from privacy.chunks.gather import Gathered, gather, unpack
from privacy.how_far import how_far
from privacy.models import PartitionScan, ScanChunk
from privacy.partitions import File, counting_key, engine_identity, files, prepared
from privacy.scan.keyed import ProjectKey
from registry.artifacts import keep_document, read_document
from registry.canonical import digest
from registry.models import Artifact, DatasetVersion, Run

HELP = "privacy.tasks.anonymize_chunk"
Beat = Callable[[float, str], None]
Partitions = list[tuple[PartitionScan, File]]


class RunEndedError(RuntimeError):
    """The anonymisation that a chunk belongs to has ended meanwhile."""

    code = "run_ended"


@dataclass(frozen=True, slots=True)
class Plan:
    """What every worker at a run does the same; ``identity`` names all that decides what it writes and finds.

    Under that, as under an engine, the chunks of the run are known: no other run takes them for its own.
    """

    run: Run
    recipe: Mapping[str, Any]
    key: ProjectKey | None
    engine: Any
    identity: str

    @classmethod
    def of(cls, run_: Run, recipe: Mapping[str, Any], key: ProjectKey | None, engine: Any) -> Self:
        """Return the plan with its identity."""
        made = {"engine": engine_identity(engine.fingerprint), "recipe": digest(dict(recipe)), "run": str(run_.pk)}
        return cls(run_, recipe, key, engine, digest({**made, "key": key.fingerprint if key else ""}))

    @property
    def folder(self) -> Path:
        """Where the workers write."""
        return folder_of(self.run) / self.identity

    def part(self, chunk: ScanChunk) -> Path:
        """Return the file of a chunk."""
        return self.folder / f"{chunk.partition_id}-{chunk.number:06d}.parquet"


def folder_of(run_: Run) -> Path:
    """Return the folder of everything that a run writes before it has ended."""
    return Path(settings.PROBITY_HOME) / "anonymizing" / str(run_.pk)


def decide(run_: Run, recipe: Mapping[str, Any], key: ProjectKey | None) -> None:
    """Keep recipe and key number with the run: they hold for every later attempt."""
    run_.handle = {"recipe": keep_document(dict(recipe)).pk, "key": key.number if key else 0}
    run_.save(update_fields=["handle"])


def decided(run_: Run, engine: Any) -> Plan | None:
    """Return what was decided; None before that. Raises PrivacyKeyMissingError when the key was shredded since."""
    if not run_.handle:
        return None
    number = run_.handle["key"]
    key = keys.load(Path(settings.PROBITY_HOME), run_.project_id).key(number) if number else None
    return Plan.of(run_, read_document(run_.handle["recipe"]), key, engine)


def treat_all(plan: Plan, content: Artifact, beat: Beat) -> Partitions:
    """Have every chunk of a content treated, with other workers' help; return the partitions in their order.

    Raises ChunkFailedError, or DatasetReadError for what cannot be cut into chunks.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    of = [(prepared(file, plan.identity, lambda: beat(0, "looking for chunks")), file) for file in files(content)]
    rows = [row for row, _file in of]
    _forget_lost(plan, rows)
    ask_for_help(rows, plan.run, HELP)

    since = timezone.now()

    def say() -> None:
        far = how_far(rows, since=since)
        done = f"{far.rows:,} rows; {far.chunks_done} of {far.chunks} chunks{far.time_left()}"
        beat(far.share, f"anonymising: {done}")

    work_off(dict(of), partial(_treat, plan), say)
    beat(1, "putting the parts together")
    return of


def help_along(run_: Run, chunk: str, engine: Any) -> bool:
    """Treat one chunk of an anonymisation that goes on; say whether it was free."""

    def also() -> None:
        if not Run.objects.filter(pk=run_.pk, cancel_requested=False).exclude(status__in=Run.ENDED).exists():
            raise RunEndedError(f"the run {run_.pk} has ended")

    with suppress(RunEndedError):
        also()
        plan = decided(run_, engine)
        if plan is None:
            return False
        rows = ScanChunk.objects.filter(pk=chunk, partition__engine=plan.identity, done_at__isnull=True)
        lease = claim(rows.defer("result").select_related("partition"), also)
        if lease is None:
            return False
        version = DatasetVersion.objects.select_related("content").get(pk=run_.subject.partition(":")[2])
        named = {file.content.pk: file for file in files(version.content)}
        _treat(plan, lease, named[lease.chunk.partition.content_id])
    return True


def gathered(of: Partitions) -> Gathered:
    """Return what the scans of everything that was written have found together."""
    whole = Gathered()
    for row, _file in of:
        for number in row.chunks.order_by("number").values_list("number", flat=True):
            whole.merge(unpack(bytes(row.chunks.get(number=number).result or b"")))
    return whole


def joined(plan: Plan, row: PartitionScan, name: str, target: Path, progress: Callable[[], None]) -> None:
    """Write what was made of one partition into a Parquet file."""
    parts = [plan.part(chunk) for chunk in row.chunks.defer("result").order_by("number")]
    join((part for part in parts if part.exists()), target, name, progress=progress)


def rows_before(of: Partitions, beat: Callable[[], None]) -> Iterator[Any]:
    """Yield the rows of all partitions as they were, in their order."""
    for row, file in of:
        for chunk in row.chunks.defer("result").select_related("partition").order_by("number"):
            yield from rows_of(ChunkLease(chunk, beat), file)


def forget(run_: Run) -> None:
    """Remove everything that a run wrote before it ended: files and chunks. Who is still at one loses it."""
    folder = folder_of(run_)
    if not folder.exists():
        return
    partitions = PartitionScan.objects.filter(engine__in=[one.name for one in folder.iterdir()])
    with transaction.atomic():
        ScanChunk.objects.filter(partition__in=partitions).delete()
        partitions.delete()
    shutil.rmtree(folder, ignore_errors=True)


def _forget_lost(plan: Plan, rows: Sequence[PartitionScan]) -> None:
    """Have chunks treated again whose file is gone."""
    for chunk in ScanChunk.objects.filter(partition__in=rows, done_at__isnull=False, rows__gt=0).defer("result"):
        if not plan.part(chunk).exists():
            ScanChunk.objects.filter(pk=chunk.pk).update(done_at=None, result=None, rows=0, found=0)


def _treat(plan: Plan, lease: ChunkLease, file: File) -> None:
    keep(lease, partial(_written, plan, lease, file))


def _written(plan: Plan, lease: ChunkLease, file: File) -> Gathered:
    """Write a chunk by the recipe, read it again and scan it; the file is in its place, whole, or not at all."""
    target = plan.part(lease.chunk)
    written = target.with_name(f".{uuid.uuid4().hex}")
    try:
        treat(rows_of(lease, file), written, plan.recipe, key=plan.key, engine=plan.engine, progress=lease.beat)
        if not written.exists():
            return Gathered()
        found = gather(tables_of(written), engine=plan.engine, key=counting_key(), progress=lease.beat)
        lease.beat()
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)
    return found
