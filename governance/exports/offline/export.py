"""The folder that is examined: ``logs/<number>/`` and ``documents/<sha256>``; or one log's own folder."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.canonical import CanonicalError, parse
from registry.ledger.tiles import CHECKPOINT
from registry.ledger.verify.finding import Finding
from registry.ledger.verify.layout import LEFTOVER, files_below
from registry.ledger.verify.stored import OversizedFileError, StoredLog, read_bounded

LOGS, DOCUMENTS = "logs", "documents"
NUMBER = re.compile(r"[1-9][0-9]{0,5}")
DIGEST = re.compile(r"[0-9a-f]{64}")
LARGEST_DOCUMENT = 64 * 1024 * 1024


class NoLogError(LookupError):
    """The folder holds no log."""

    code = "no_log"


class MissingLogError(LookupError):
    """A log is there, and the one before it is not."""

    code = "predecessor_missing"


class NoDocumentError(LookupError):
    """Nothing lies under a digest."""

    code = "document_missing"


class DamagedDocumentError(ValueError):
    """What lies under a digest has another digest, or is no document."""

    code = "document_differs"


@dataclass(frozen=True, slots=True)
class Export:
    """A published record."""

    root: Path

    def logs(self) -> list[tuple[int, StoredLog]]:
        """Return the logs by number, without a gap. Raises NoLogError or MissingLogError."""
        if (self.root / CHECKPOINT).exists():
            return [(1, StoredLog(self.root))]
        folder = self.root / LOGS
        names = [one.name for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []
        numbers = sorted(int(name) for name in names if NUMBER.fullmatch(name))
        if not numbers:
            raise NoLogError(f"{self.root} holds no log: neither {CHECKPOINT} nor {LOGS}/1.")
        for expected, number in enumerate(numbers, start=1):
            if number != expected:
                raise MissingLogError(f"{LOGS}/{expected} is missing, which {LOGS}/{number} continues.")
        return [(number, StoredLog(folder / str(number))) for number in numbers]

    def document(self, digest: str) -> Any:
        """Return the document under a digest, whose bytes have it. Raises NoDocumentError or DamagedDocumentError."""
        data = self._document_bytes(digest)
        if hashlib.sha256(data).hexdigest() != digest:
            raise DamagedDocumentError(f"{DOCUMENTS}/{digest} does not have the digest that its name says.")
        try:
            return parse(data)
        except CanonicalError as error:
            raise DamagedDocumentError(f"{DOCUMENTS}/{digest} is no canonical JSON: {error}") from error

    def _document_bytes(self, digest: str) -> bytes:
        place = self.root / DOCUMENTS / digest
        if not DIGEST.fullmatch(digest) or not place.exists():
            raise NoDocumentError(f"{DOCUMENTS}/{digest} is missing.")
        try:
            return read_bounded(place, LARGEST_DOCUMENT, f"{DOCUMENTS}/{digest}")
        except (OSError, OversizedFileError) as error:
            raise DamagedDocumentError(f"{DOCUMENTS}/{digest} cannot be read: {error}") from error

    def foreign(self) -> Iterator[Finding]:
        """Yield what lies beside logs and documents and belongs to neither."""
        if (self.root / CHECKPOINT).exists():
            return
        for place in sorted(self.root.iterdir()):
            if place.name not in {LOGS, DOCUMENTS} or not place.is_dir():
                yield Finding("foreign_file", f"{place.name} is no part of a published record.", file=place.name)
        for place in sorted((self.root / LOGS).iterdir()) if (self.root / LOGS).is_dir() else ():
            if not place.is_dir() or not NUMBER.fullmatch(place.name):
                path = f"{LOGS}/{place.name}"
                yield Finding("foreign_file", f"{path} is no part of a published record.", file=path)

    def documents(self) -> Iterator[Finding]:
        """Yield what is wrong in the folder of documents: names that are no digests, or not theirs."""
        folder = self.root / DOCUMENTS
        for name in files_below(folder) if folder.is_dir() else ():
            path = f"{DOCUMENTS}/{name}"
            if LEFTOVER.fullmatch(name):
                continue
            if not DIGEST.fullmatch(name):
                yield Finding("foreign_file", f"{path} is no document.", file=path)
                continue
            try:
                self.document(name)
            except (NoDocumentError, DamagedDocumentError) as error:
                yield Finding(error.code, str(error), file=path)
