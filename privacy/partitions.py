"""The files of a dataset version as partitions to scan: each cut into chunks once, whoever holds the same bytes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.db import transaction
from django.utils.crypto import salted_hmac

from privacy.chunks.cut import CUT, cut
from privacy.chunks.gather import FORMAT
from privacy.chunks.opening import Source, blocks, named_format, source, state_of
from privacy.models import PartitionScan, ScanChunk
from registry.artifacts import read_document, store
from registry.blobs import BlobDamagedError, BlobMissingError
from registry.canonical import digest
from registry.models import Artifact, ArtifactKind

Progress = Callable[[], None]
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class File:
    """One file of a dataset version: its content, and the name that errors give it."""

    content: Artifact
    name: str


def files(content: Artifact) -> list[File]:
    """Return the files of a content, in their order; a marker that holds nothing (``_SUCCESS``) is none of them."""
    if content.kind == ArtifactKind.BLOB:
        return [File(content, f"content {content.pk[:12]}")]
    entries = [one for one in read_document(content.pk) if one["size"] or not Path(one["path"]).name.startswith("_")]
    known = Artifact.objects.in_bulk([one["sha256"] for one in entries])
    missing = next((one for one in entries if one["sha256"] not in known), None)
    if missing:
        raise BlobMissingError(f"no artifact is recorded for partition {entries.index(missing) + 1} of {content.pk}")
    return [File(known[one["sha256"]], str(one["path"])) for one in entries]


def counting_key() -> str:
    """Return the secret under which values are counted: without it nobody finds out by trial what a hash stands for."""
    return salted_hmac("privacy.counting", "", algorithm="sha256").hexdigest()


def engine_identity(fingerprint: str) -> str:
    """Return the digest of all that decides what is gathered of a partition."""
    key = hashlib.sha256(counting_key().encode()).hexdigest()
    return digest({"engine": fingerprint, "cut": CUT, "format": FORMAT, "key": key})


def prepared(file: File, engine: str, progress: Progress) -> PartitionScan:
    """Return the row of a file for an engine, cut into chunks now if it never was; known bytes are not read again.

    Raises DatasetReadError for what cannot be read, BlobError for bytes that are missing, purged or damaged.
    """
    rows = PartitionScan.objects.filter(content=file.content, engine=engine)
    known = rows.filter(format__in=["parquet", named_format(file.name, file.content.media_type)]).first()
    if known is not None:
        return known
    one = opened(file, progress)
    identity = {"content": file.content, "engine": engine, "format": one.format}
    made = cut(one, progress)
    with transaction.atomic():
        row, new = PartitionScan.objects.get_or_create(**identity, defaults={"packed": one.packed, "head": made.head})
        if new:
            chunks = [
                ScanChunk(
                    partition=row,
                    number=number,
                    start=chunk.start,
                    end=chunk.end,
                    first_line=chunk.first_line,
                    weight=chunk.weight,
                )
                for number, chunk in enumerate(made.chunks)
            ]
            ScanChunk.objects.bulk_create(chunks, batch_size=_AT_ONCE)
    return row


def opened(file: File, progress: Progress = lambda: None) -> Source:
    """Return the file as a source to read, its bytes verified against their digest, once per process."""
    content = Artifact.objects.get(pk=file.content.pk)
    if content.purged_at:
        raise BlobMissingError(f"the bytes of {content.pk} were purged on {content.purged_at:%Y-%m-%d}")
    place = store().path(content.pk)
    _verified(place, content.pk, state_of(place, file.name), progress)
    return source(place, file.name, media_type=content.media_type)


def _verified(place: Path, expected: str, state: tuple[int, ...], progress: Progress) -> None:
    if (str(place), state) in _seen():
        return
    hasher = hashlib.sha256()
    for block in blocks(Source(place, expected[:12], "", packed=False, state=state)):
        hasher.update(block)
        progress()
    if hasher.hexdigest() != expected:
        raise BlobDamagedError(f"the bytes kept under {expected} are not the bytes of that digest")
    _seen().add((str(place), state))


@lru_cache(maxsize=1)
def _seen() -> set[tuple[str, tuple[int, ...]]]:
    return set()
