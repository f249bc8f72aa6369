"""Rows and bytes together: keep blobs, documents and trees; read them back verified; purge them by an event."""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.backends.trees import tree_entries
from registry.blobs import BlobMissingError, LocalBlobs
from registry.canonical import canonical, parse
from registry.ledger.append import append
from registry.models import Actor, Artifact, ArtifactKind, Commitment

PARQUET = b"PAR1"


def store() -> LocalBlobs:
    """Return the store of bytes of this installation."""
    return LocalBlobs(Path(settings.PROBITY_HOME) / "blobs")


def _record(digest: str, size: int, kind: str, media_type: str) -> Artifact:
    artifact, _ = Artifact.objects.get_or_create(
        digest=digest, defaults={"kind": kind, "size": size, "media_type": media_type}
    )
    return artifact


def keep_bytes(data: bytes, media_type: str = "application/octet-stream") -> Artifact:
    """Keep bytes; raises BlobError when the store cannot."""
    digest, size = store().put(data)
    return _record(digest, size, ArtifactKind.BLOB, media_type)


def keep_file(path: Path, media_type: str = "application/octet-stream") -> Artifact:
    """Keep a file's bytes, streaming."""
    with path.open("rb") as file:
        digest, size = store().put(file)
    return _record(digest, size, ArtifactKind.BLOB, media_type)


def keep_document(document: Any) -> Artifact:
    """Keep a JSON document in canonical form."""
    return keep_bytes(canonical(document), "application/json")


def keep_table(table: Any) -> Artifact:
    """Keep a pyarrow.Table as an Arrow IPC file."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return keep_bytes(sink.getvalue(), "application/vnd.apache.arrow.file")


def keep_tree(folder: Path) -> Artifact:
    """Keep every file of a folder, and the sorted list of (path, size, sha256) whose digest is the tree's."""
    return keep_files({str(entry["path"]): folder / str(entry["path"]) for entry in tree_entries(folder)})


def keep_files(files: Mapping[str, Path]) -> Artifact:
    """Keep files, wherever they lie, as the tree of the paths that they are given; links are followed."""
    kept = {path: keep_file(place) for path, place in sorted(files.items())}
    entries = [{"path": path, "size": one.size, "sha256": one.digest} for path, one in kept.items()]
    digest, _ = store().put(canonical(entries))
    return _record(digest, sum(one.size for one in kept.values()), ArtifactKind.TREE, "application/json")


def read_bytes(digest: str) -> bytes:
    """Return verified bytes; raises BlobMissingError (also when purged) or BlobDamagedError."""
    artifact = Artifact.objects.filter(digest=digest).first()
    if artifact is None:
        raise BlobMissingError(f"no artifact is recorded under {digest}")
    if artifact.purged_at:
        raise BlobMissingError(f"the bytes of {digest} were purged on {artifact.purged_at:%Y-%m-%d}")
    return store().get(digest)


def read_document(digest: str) -> Any:
    """Return the JSON document under a digest."""
    return parse(read_bytes(digest))


def read_table(digest: str) -> Any:
    """Return the pyarrow.Table kept under a digest: as Arrow IPC, or as the Parquet file that a dataset version is."""
    import pyarrow as pa

    data = read_bytes(digest)
    if data[:4] == PARQUET:
        import pyarrow.parquet as pq

        return pq.read_table(pa.BufferReader(data))
    with pa.ipc.open_file(pa.BufferReader(data)) as reader:
        return reader.read_all()


def local_path(digest: str) -> Path:
    """Return a file that holds the bytes, after verifying them."""
    read_bytes(digest)
    return store().path(digest)


def checkout_tree(digest: str, folder: Path) -> Path:
    """Write the files of a tree below an empty folder, verified, and return the folder."""
    for entry in read_document(digest):
        place = folder / entry["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        data = store().get(entry["sha256"])
        with place.open("wb") as file:
            shutil.copyfileobj(io.BytesIO(data), file)
    return folder


@transaction.atomic
def purge(artifact: Artifact, *, actor: Actor, reason: str) -> Artifact:
    """Remove the bytes of an artifact for a reason; the digest and the row stay."""
    locked = Artifact.objects.select_for_update().get(pk=artifact.pk)
    locked.purged_at, locked.purge_reason = timezone.now(), reason
    locked.full_clean()
    locked.save()
    append(
        "artifact.purged",
        actor=actor,
        subject=f"artifact:{locked.pk}",
        subject_digest=locked.pk,
        data={"reason": f"commitment:{Commitment.of(reason).pk}"},
    )
    transaction.on_commit(lambda: store().purge(locked.pk))
    return locked
