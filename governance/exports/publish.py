"""Publish the record as files that anybody can serve and verify: each log as tiles, and the documents that it cites."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from governance.exports.documents import cited_documents
from governance.rules.replay.citations import documents_cited
from governance.rules.replay.replaying import FORGED
from registry.canonical import CanonicalError, parse
from registry.ledger import rows
from registry.ledger.places import FolderPlace, Place
from registry.ledger.receipt import cosigned
from registry.ledger.rows import Log
from registry.ledger.tiles import publish

LOGS, DOCUMENTS = "logs", "documents"


class Publishing:
    """Follows the sequencer: brings a place up to the newest checkpoint of every log. One writer a place."""

    name = "export"

    def __init__(self, place: Place | Path) -> None:
        """Publish at a place: ``logs/<number>/`` in the tlog-tiles layout, ``documents/<sha256>`` beside them."""
        self._place = FolderPlace(place) if isinstance(place, Path) else place

    def follow(self) -> None:
        """Write what is missing: documents before the entries that cite them, each checkpoint last.

        Raises OSError when the place cannot be written, PublishedOtherwiseError when it holds another log.
        """
        for log in rows.logs():
            stored = rows.last_checkpoint(log)
            if stored is not None:
                store, note = self._place.log(f"{LOGS}/{log.number}"), cosigned(log, stored)
                publish(store, note, entries=self._entries(log), tiles=rows.any_tile_reader(log))

    def _entries(self, log: Log) -> Any:
        def read(start: int, count: int) -> Sequence[bytes]:
            found = rows.bodies(log, start, count)
            for digest, data in cited_documents(enumerate(map(_event, found), start)):
                self._place.keep(f"{DOCUMENTS}/{digest}", data)
            return found

        return read


def _event(body: bytes) -> Mapping[str, Any]:
    """Return the event; one that is none cites nothing (verification names it)."""
    try:
        found: Mapping[str, Any] = parse(body)
        list(documents_cited(found))
    except (CanonicalError, *FORGED):
        return {"kind": "", "policy": None, "evidence": [], "data": {}}
    return found
