"""Use case: search a dataset version for personal data, over any number of workers, once per engine; keep the report.

A scan is a run. Its worker cuts the files into chunks, asks other workers for help, scans what nobody has, and puts the
parts together. What is done stays done: a worker that dies loses the chunk that it was at.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from privacy.chunk_work import ChunkFailedError, ask_for_help, claim, scan_chunk, work_off
from privacy.chunks.gather import Gathered, pack, unpack
from privacy.how_far import how_far
from privacy.models import DatasetScan, PartitionScan, ScanChunk
from privacy.partitions import File, engine_identity, files, prepared
from privacy.report import report_of
from registry import run
from registry.artifacts import keep_document
from registry.checks import Cancelled
from registry.ledger.append import append
from registry.models import Actor, DatasetVersion, Run, RunKind, RunStatus
from registry.run import Lease, LeaseLostError

SCAN = "privacy.tasks.scan"
HELP = "privacy.tasks.scan_chunk"
PAUSE = 0.2
Progress = Callable[[float, str], None]


class ScanFailedError(ValueError):
    """A dataset version could not be scanned; the message says where it broke off."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the code of what went wrong."""
        super().__init__(message)
        self.code = code


class _EndedError(Exception):
    """The scan that is helped has ended."""


def start_scan(dataset_version: DatasetVersion, *, actor: Actor) -> Run:
    """Queue a scan, or return the one under way. Its result holds the id of the ``scan`` and its ``report``."""
    return run.start(
        kind=RunKind.SCAN,
        task=SCAN,
        project=dataset_version.dataset.project,
        subject=f"dataset_version:{dataset_version.pk}",
        key=str(dataset_version.pk),
        actor=actor,
    )


def examine(
    dataset_version: DatasetVersion, *, actor: Actor, progress: Progress = lambda _share, _message: None
) -> DatasetScan:
    """Return the scan of this version by the engine of this installation; without one, make it here and now.

    Whoever scans it already is helped. Raises ScanFailedError, and whatever ``progress`` raises.
    """
    known = known_scan(dataset_version)
    if known is not None:
        return known
    queued = start_scan(dataset_version, actor=actor)
    stopped: list[BaseException] = []

    def told(share: float, message: str) -> None:
        try:
            progress(share, message)
        except (Cancelled, LeaseLostError) as error:
            stopped.append(error)
            raise

    while queued.status not in Run.ENDED:
        done = run.perform(str(queued.pk), partial(scan, also=told))
        if stopped:
            raise stopped[0]
        if done is None and not help_along(queued, told):
            time.sleep(PAUSE)
        queued.refresh_from_db()
    known = known_scan(dataset_version)
    if known is None:
        raise ScanFailedError(f"The dataset was not scanned: {queued.error}", queued.error_code or "scan_failed")
    return known


def known_scan(dataset_version: DatasetVersion) -> DatasetScan | None:
    """Return the scan of a version by the engine of this installation, if there is one."""
    return DatasetScan.objects.filter(dataset_version=dataset_version, engine_fingerprint=engine().fingerprint).first()


@cache
def engine() -> Any:
    """Build the engine once per process."""
    from privacy.scan.engine import build_engine

    return build_engine(
        ner_model=settings.PROBITY_NER_MODEL or None,
        recognizers=settings.PROBITY_RECOGNIZERS or None,
        languages=settings.PROBITY_SCAN_LANGUAGES,
    )


def scan(run_: Run, lease: Lease, *, also: Progress = lambda _share, _message: None) -> dict[str, Any]:
    """Do the work of a SCAN run. Raises ScanFailedError, or DatasetReadError for what cannot be cut into chunks."""
    dataset_version = _version_of(run_)
    known = known_scan(dataset_version)
    if known is not None:
        return _told(known)

    def beat(share: float, message: str) -> None:
        also(share, message)
        lease.progress(share, message)

    contents = files(dataset_version.content)
    identity = engine_identity(engine().fingerprint)
    rows = [prepared(file, identity, lambda: beat(0, "looking for chunks")) for file in contents]
    _ask_for_help(rows, run_)
    _scan_all(dict(zip(rows, contents, strict=True)), partial(_say_how_far, rows, run_, beat))
    beat(1, "putting the parts together")
    whole = Gathered()
    for row in rows:
        whole.merge(_settled(row))
    return _told(record_scan(dataset_version, run_, lease, report_of(whole, dataset_version, contents, engine())))


def help_along(run_: Run, progress: Progress = lambda _share, _message: None, chunk: str = "") -> bool:
    """Scan one chunk of a scan under way (the named one, or any that is free); say whether there was one.

    A scan that ends meanwhile needs no help: its chunk is given back. Raises whatever ``progress`` raises.
    """
    with suppress(_EndedError):
        return _helped(run_, progress, chunk)
    return False


def _helped(run_: Run, progress: Progress, chunk: str) -> bool:
    def also() -> None:
        progress(0, "scanning together with other workers")
        if not _goes_on(run_):
            raise _EndedError(f"the scan {run_.pk} has ended")

    also()
    named = {file.content.pk: file for file in files(_version_of(run_).content)}
    rows = ScanChunk.objects.filter(
        partition__content__in=list(named),
        partition__engine=engine_identity(engine().fingerprint),
        partition__result__isnull=True,
        done_at__isnull=True,
    )
    lease = claim((rows.filter(pk=chunk) if chunk else rows).defer("result").order_by("number"), also)
    if lease is None:
        return False
    scan_chunk(lease, named[lease.chunk.partition.content_id], engine())
    _tell_for_the_silent(run_, list(named))
    return True


def _tell_for_the_silent(run_: Run, contents: list[str]) -> None:
    """Say how far a scan is whose own worker fell silent; it goes on until a free worker takes it over."""
    silent = Run.objects.filter(pk=run_.pk, status=RunStatus.RUNNING, lease_until__lt=timezone.now())
    if silent.exists():
        identity = engine_identity(engine().fingerprint)
        far = how_far(list(PartitionScan.objects.filter(content__in=contents, engine=identity)), since=run_.started_at)
        silent.update(progress=far.share, message=far.sentence())


def _goes_on(run_: Run) -> bool:
    return Run.objects.filter(pk=run_.pk, cancel_requested=False).exclude(status__in=Run.ENDED).exists()


def _version_of(run_: Run) -> DatasetVersion:
    found = DatasetVersion.objects.select_related("content", "dataset__project")
    return found.get(pk=run_.subject.partition(":")[2])


def _ask_for_help(rows: list[PartitionScan], run_: Run) -> None:
    ask_for_help(rows, run_, HELP)


def _scan_all(of: Mapping[PartitionScan, File], beat: Callable[[], None]) -> None:
    """Scan what nobody has until every chunk is done; raises ScanFailedError for the first that cannot be."""
    try:
        work_off(of, lambda lease, file: scan_chunk(lease, file, engine()), beat)
    except ChunkFailedError as error:
        raise ScanFailedError(str(error), error.code) from None


def _say_how_far(rows: list[PartitionScan], run_: Run, beat: Progress) -> None:
    far = how_far(rows, since=run_.started_at)
    beat(far.share, far.sentence())


def _settled(row: PartitionScan) -> Gathered:
    """Return what was gathered of a partition; put together of its chunks once, which then keep nothing."""
    row.refresh_from_db()
    if row.result is not None:
        return unpack(bytes(row.result))
    whole = Gathered()
    for number in row.chunks.order_by("number").values_list("number", flat=True):
        whole.merge(unpack(bytes(row.chunks.get(number=number).result or b"")))
    with transaction.atomic():
        PartitionScan.objects.filter(pk=row.pk).update(result=pack(whole), rows=whole.part.rows)
        row.chunks.update(result=None)
    return whole


def record_scan(dataset_version: DatasetVersion, run_: Run, lease: Lease, report: dict[str, Any]) -> DatasetScan:
    """Keep the report of a scan and record it with its event, once per engine, while the run is still ours."""
    artifact = keep_document(report)
    with transaction.atomic():
        lease.lock()
        made, new = DatasetScan.objects.get_or_create(
            dataset_version=dataset_version,
            engine_fingerprint=report["engine"]["fingerprint"],
            defaults={"report": artifact, "complete": report["complete"], "run": run_},
        )
        if new:
            append(
                "dataset.scanned",
                actor=Actor(principal=run_.requested_by, role="task", auth="task"),
                subject=f"dataset_version:{dataset_version.pk}",
                evidence=[artifact.digest],
                data={
                    "dataset_digest": dataset_version.digest,
                    "engine": made.engine_fingerprint,
                    "report": artifact.digest,
                    "complete": report["complete"],
                },
            )
    return made


def _told(made: DatasetScan) -> dict[str, Any]:
    return {"scan": str(made.pk), "report": made.report_id, "complete": made.complete}
