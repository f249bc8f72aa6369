"""Bytes by SHA-256 digest, in a local folder: write to a temporary file, fsync, rename, fsync the folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 1 << 20


class BlobError(Exception):
    """The store could not keep or return bytes."""

    code = "blob_error"


class BlobMissingError(BlobError):
    """No bytes under that digest."""

    code = "blob_missing"


class BlobDamagedError(BlobError):
    """The bytes under a digest do not have it."""

    code = "blob_damaged"


class BlobStore(Protocol):
    """What a store of bytes by digest offers."""

    def put(self, source: bytes | BinaryIO) -> tuple[str, int]:
        """Keep bytes; return (sha256 hex, size in bytes). Storing the same bytes again changes nothing."""

    def get(self, digest: str) -> bytes:
        """Return verified bytes; raises BlobMissingError or BlobDamagedError."""

    def path(self, digest: str) -> Path:
        """Return a local, read-only file of verified existence holding the bytes."""

    def exists(self, digest: str) -> bool:
        """Say whether bytes are kept under the digest."""

    def purge(self, digest: str) -> None:
        """Remove the bytes; the digest stays with whoever recorded it."""


class LocalBlobs:
    """A folder of files named by digest, fanned out by the first two digits."""

    def __init__(self, root: Path) -> None:
        """Keep blobs below ``root``, which is made when first written to."""
        self.root = root

    def _place(self, digest: str) -> Path:
        if len(digest) != hashlib.sha256().digest_size * 2 or not set(digest) <= set("0123456789abcdef"):
            raise BlobMissingError(f"{digest!r} is not a SHA-256 digest in hexadecimal")
        return self.root / digest[:2] / digest

    @contextmanager
    def _temporary(self) -> Iterator[tuple[BinaryIO, Path]]:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=self.root)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def put(self, source: bytes | BinaryIO) -> tuple[str, int]:
        """Keep bytes; return (sha256 hex, size). Raises BlobError when the disk refuses; nothing half-written stays."""
        try:
            return self._put(source)
        except OSError as error:
            raise BlobError(f"the artifact store {self.root} could not keep the bytes: {error}") from error

    def _put(self, source: bytes | BinaryIO) -> tuple[str, int]:
        hasher, size = hashlib.sha256(), 0
        with self._temporary() as (file, temporary):
            chunks = [source] if isinstance(source, bytes) else iter(lambda: source.read(CHUNK), b"")
            for chunk in chunks:
                hasher.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            place = self._place(hasher.hexdigest())
            place.parent.mkdir(exist_ok=True)
            if not place.exists():
                temporary.chmod(0o440)
                with suppress(FileExistsError):  # somebody kept the same bytes in between
                    os.link(temporary, place)
            for folder in (place.parent, self.root):  # also when it was there: an earlier attempt may have failed here
                self._sync_folder(folder)
        return hasher.hexdigest(), size

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def get(self, digest: str) -> bytes:
        """Return the bytes, verified against the digest."""
        data = self.path(digest).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise BlobDamagedError(f"the bytes kept under {digest} are not the bytes of that digest")
        return data

    def path(self, digest: str) -> Path:
        """Return the file that holds the bytes (not re-hashed: readers that need that use ``get``)."""
        place = self._place(digest)
        if not place.exists():
            raise BlobMissingError(f"no bytes are kept under {digest}")
        return place

    def exists(self, digest: str) -> bool:
        """Say whether bytes are kept under the digest."""
        return self._place(digest).exists()

    def purge(self, digest: str) -> None:
        """Remove the bytes; purging twice is harmless."""
        self._place(digest).unlink(missing_ok=True)
