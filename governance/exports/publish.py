"""Publish the record as files that anybody can serve and verify: each log as tiles, and the documents that it cites."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from governance.exports.documents import cited_documents
from registry.canonical import CanonicalError, parse
from registry.ledger import rows
from registry.ledger.folder import TileFolder
from registry.ledger.receipt import cosigned
from registry.ledger.rows import Log
from registry.ledger.tiles import publish

LOGS, DOCUMENTS = "logs", "documents"
DIGEST = re.compile(r"[0-9a-f]{64}")


class Publishing:
    """Follows the sequencer: brings a folder up to the newest checkpoint of every log. One writer a folder."""

    name = "export"

    def __init__(self, folder: Path) -> None:
        """Publish below ``folder``: ``logs/<number>/`` in the tlog-tiles layout, ``documents/<sha256>`` beside them."""
        self._folder = folder

    def follow(self) -> None:
        """Write what is missing: documents before the entries that cite them, each checkpoint last.

        Raises OSError when the folder cannot be written, PublishedOtherwiseError when it holds another log.
        """
        for log in rows.logs():
            stored = rows.last_checkpoint(log)
            if stored is not None:
                store = TileFolder(self._folder / LOGS / str(log.number))
                note = cosigned(log, stored)
                publish(store, note, entries=self._entries(log), tiles=rows.any_tile_reader(log))

    def _entries(self, log: Log) -> Any:
        def read(start: int, count: int) -> Sequence[bytes]:
            found = rows.bodies(log, start, count)
            for digest, data in cited_documents(enumerate(map(_event, found), start)):
                self._keep(digest, data)
            return found

        return read

    def _keep(self, digest: str, data: bytes) -> None:
        """Write a document once, whole: what its name does not give the digest of, no verifier takes."""
        place = self._folder / DOCUMENTS / digest
        if not DIGEST.fullmatch(digest) or place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{digest}.new")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)


def _event(body: bytes) -> Mapping[str, Any]:
    """Return the event; one that is none cites nothing (verification names it)."""
    try:
        found: Mapping[str, Any] = parse(body)
    except CanonicalError:
        return {"kind": "", "policy": None, "evidence": [], "data": {}}
    return found
