"""Bytes by digest: kept whole or not at all, verified when read, gone when purged; also on a full disk."""

import errno
import hashlib
import io
import os
import tempfile
from pathlib import Path

import pytest

from registry.artifacts import keep_bytes, keep_tree, local_path, purge, read_bytes, store
from registry.blobs import CHUNK, BlobDamagedError, BlobError, BlobMissingError, LocalBlobs
from registry.ledger import read
from registry.models import Actor, Artifact, DatasetVersion, ModelVersion, Project
from registry.register import register_dataset_version, register_model, register_model_version
from tests.registry.scene import SCHEMA, rows_file

ABSENT = "0" * 64


def files(root: Path) -> list[Path]:
    return sorted(place for place in root.rglob("*") if place.is_file())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def blobs(tmp_path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 100, b"y" * (2 * CHUNK + 1)], ids=len)
@pytest.mark.parametrize("make", [bytes, io.BytesIO], ids=["bytes", "stream"])
def test_bytes_come_back_under_their_digest(blobs, data, make):
    assert blobs.put(make(data)) == (sha256(data), len(data))
    assert blobs.get(sha256(data)) == data
    assert blobs.exists(sha256(data))
    assert blobs.path(sha256(data)).read_bytes() == data


def test_the_same_bytes_are_kept_once_and_nobody_writes_to_them(blobs):
    blobs.put(b"same")
    before = blobs.path(sha256(b"same")).stat()
    blobs.put(io.BytesIO(b"same"))
    after = blobs.path(sha256(b"same")).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert after.st_mode & 0o222 == 0
    assert len(files(blobs.root)) == 1


@pytest.mark.parametrize("damage", [b"", b"other", b"sam", b"same\n"])
def test_damaged_bytes_are_never_returned(blobs, damage):
    digest, _ = blobs.put(b"same")
    place = blobs.path(digest)
    place.chmod(0o600)
    place.write_bytes(damage)
    with pytest.raises(BlobDamagedError, match=digest):
        blobs.get(digest)


def test_absent_and_purged_bytes_are_missing_and_purging_twice_is_harmless(blobs):
    with pytest.raises(BlobMissingError, match=ABSENT):
        blobs.get(ABSENT)
    digest, _ = blobs.put(b"to go")
    blobs.purge(digest)
    blobs.purge(digest)
    assert not blobs.exists(digest)
    with pytest.raises(BlobMissingError, match=digest):
        blobs.path(digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 63 + "/"])
@pytest.mark.parametrize("method", ["get", "path", "exists", "purge"])
def test_what_is_no_digest_never_becomes_a_path(blobs, name, method):
    with pytest.raises(BlobMissingError, match="not a SHA-256 digest"):
        getattr(blobs, method)(name)


class FullStream(io.BytesIO):
    """A source that gives a chunk and then cannot be read."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_a_source_that_breaks_off_leaves_nothing(blobs):
    with pytest.raises(BlobError, match="Input/output error"):
        blobs.put(FullStream(b"z" * (CHUNK + 1)))
    assert files(blobs.root) == []


class FullFile:
    """A file on a full disk: the first bytes fit, the next do not."""

    def __init__(self, file):
        self._file, self._written = file, 0

    def write(self, data):
        self._file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *details):
        return self._file.__exit__(*details)


def _full(*_arguments, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


def _fill_write(monkeypatch):
    opened = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *arguments, **options: FullFile(opened(*arguments, **options)))


FAULTS = {
    "making the file": lambda monkeypatch: monkeypatch.setattr(tempfile, "mkstemp", _full),
    "write": _fill_write,
    "fsync": lambda monkeypatch: monkeypatch.setattr(os, "fsync", _full),
    "making the folder": lambda monkeypatch: monkeypatch.setattr(Path, "mkdir", _full),
    "link": lambda monkeypatch: monkeypatch.setattr(os, "link", _full),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_full_disk_is_a_clear_error_and_nothing_half_written_stays(blobs, monkeypatch, fault):
    blobs.put(b"there before")
    with monkeypatch.context() as patched:
        FAULTS[fault](patched)
        with pytest.raises(BlobError, match=r"could not keep the bytes.*No space left on device"):
            blobs.put(b"n" * (CHUNK + 5))
    assert files(blobs.root) == [blobs.path(sha256(b"there before"))]
    assert blobs.put(b"n" * (CHUNK + 5))[0] == sha256(b"n" * (CHUNK + 5))


def test_a_folder_that_cannot_be_synced_is_an_error_and_the_next_attempt_syncs_it(blobs, monkeypatch):
    synced: list[Path] = []
    with monkeypatch.context() as patched:
        patched.setattr(LocalBlobs, "_sync_folder", staticmethod(_full))
        with pytest.raises(BlobError, match="No space left"):
            blobs.put(b"new")
    monkeypatch.setattr(LocalBlobs, "_sync_folder", staticmethod(synced.append))
    blobs.put(b"new")
    assert synced == [blobs.path(sha256(b"new")).parent, blobs.root]


def test_bytes_that_somebody_else_keeps_at_the_same_time_are_kept(blobs, monkeypatch):
    link = os.link

    def be_second(source, target):
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", be_second)
    assert blobs.put(b"raced")[0] == sha256(b"raced")
    assert blobs.get(sha256(b"raced")) == b"raced"


def _state() -> tuple[int, ...]:
    counted = (Artifact, DatasetVersion, ModelVersion)
    return (*(model.objects.count() for model in counted), read.size(), len(files(store().root)))


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["write", "fsync", "link"])
def test_a_registration_on_a_full_disk_leaves_everything_as_it_was(tmp_path, settings, monkeypatch, fault):
    settings.PROBITY_HOME = tmp_path / "home"
    project, actor = Project.default(), Actor.system()
    model = register_model(project=project, name="m", tier="low", intended_use="tests", actor=actor)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_bytes(b"w" * 100)
    rows = rows_file(tmp_path)
    before = _state()
    with monkeypatch.context() as patched:
        FAULTS[fault](patched)
        with pytest.raises(BlobError):
            register_dataset_version(project=project, name="rows", file=rows, schema=SCHEMA, actor=actor)
        with pytest.raises(BlobError):
            register_model_version(model=model, kind="tree", content=keep_tree(folder), actor=actor)
    assert _state() == before
    register_dataset_version(project=project, name="rows", file=rows, schema=SCHEMA, actor=actor)
    register_model_version(model=model, kind="tree", content=keep_tree(folder), actor=actor)
    assert _state()[1:3] == (before[1] + 1, before[2] + 1)


@pytest.mark.django_db
def test_purged_bytes_are_gone_after_the_commit_and_the_digest_and_the_event_stay(
    tmp_path, settings, django_capture_on_commit_callbacks
):
    settings.PROBITY_HOME = tmp_path / "home"
    artifact = keep_bytes(b"personal data")
    assert local_path(artifact.pk).read_bytes() == b"personal data"
    with django_capture_on_commit_callbacks() as callbacks:
        purge(artifact, actor=Actor.system(), reason="a subject's request")
    assert store().exists(artifact.pk)
    for callback in callbacks:
        callback()
    assert not store().exists(artifact.pk)
    with pytest.raises(BlobMissingError, match="were purged on"):
        read_bytes(artifact.pk)
    [event] = read.entries(kind="artifact.purged")
    assert event.document()["subject_digest"] == artifact.pk == Artifact.objects.get(pk=artifact.pk).digest


@pytest.mark.django_db
def test_bytes_nobody_recorded_are_not_read(tmp_path, settings):
    settings.PROBITY_HOME = tmp_path / "home"
    digest, _ = store().put(b"smuggled in")
    with pytest.raises(BlobMissingError, match="no artifact is recorded"):
        read_bytes(digest)
