"""Judge again what the entries say: their canonical form, the order within each subject, and every verdict."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from governance.exports.offline.export import DamagedDocumentError, Export, NoDocumentError
from governance.exports.offline.opening import OpenLog
from governance.rules.replay.citations import CITING, documents_cited
from governance.rules.replay.history import History
from governance.rules.replay.library import Library
from governance.rules.replay.replaying import FORGED, replay
from registry.ledger.verify.entries import Chains, Fault, read_document
from registry.ledger.verify.finding import Finding
from registry.ledger.verify.rebuild import Bundle

Events = Iterator[tuple[int, Mapping[str, Any]]]


class Judging:
    """The entries of all logs as one record; each number counts over all of them, from 0."""

    def __init__(self, export: Export, logs: list[OpenLog]) -> None:
        """Judge the entries of these logs by the documents of the export."""
        self._export, self._logs = export, logs
        self._bases = [log.base for log in logs]
        self._chains = Chains()
        self._cited: dict[str, int] = {}
        self._read: set[str] = set()
        self._history = History(Library(self._source))
        self._faults: list[Fault] = []

    def _source(self, digest: str) -> Any:
        self._read.add(digest)
        return self._export.document(digest)

    def entries(self, log: OpenLog, bundle: Bundle, until: int) -> Events:
        """Yield the events of a bundle, up to an entry's number; what is none, or out of order, is a fault."""
        number = log.base + bundle.first
        for body, leaf in zip(bundle.entries[: max(0, until - bundle.first)], bundle.leaves, strict=False):
            found = read_document(number, body)
            if isinstance(found, Fault):
                self._faults.append(found)
            else:
                if unfollowed := self._chains.follow(number, found, leaf):
                    self._faults.append(unfollowed)
                self._cite(number, found)
                yield number, found
            number += 1

    def _cite(self, number: int, found: Mapping[str, Any]) -> None:
        try:
            if found["policy"] is None and found["kind"] not in CITING:
                return
            for digest in documents_cited(found):
                self._cited.setdefault(str(digest), number)
        except FORGED:
            return  # the replay says what is wrong with the event

    def findings(self, events: Events) -> list[Finding]:
        """Consume all events, and return what is wrong, in their order."""
        self._faults += replay(events, self._source, self._history)
        self._faults += self._scrub()
        self._faults.sort(key=lambda fault: fault.number)
        return [self._placed(one) for one in self._faults]

    def _scrub(self) -> Iterator[Fault]:
        """Look at the documents that are cited, but that nothing is judged by."""
        excused = self._history.purged & self._history.evidence
        for digest, number in self._cited.items():
            if digest in self._read or digest in excused:
                continue
            try:
                self._export.document(digest)
            except (NoDocumentError, DamagedDocumentError) as error:
                yield Fault(number, error.code, f"entry {number} cites {digest}: {error}")

    def purged(self) -> list[str]:
        """Return the digests of the evidence that an entry says was purged: what rested on it was not judged again."""
        return sorted(self._history.purged & set(self._history.missing))

    def _placed(self, fault: Fault) -> Finding:
        at = bisect_right(self._bases, fault.number) - 1
        log = self._logs[at]
        entry = fault.number - log.base
        where = f" (entry {entry} of log {log.number})" if log.base else ""
        return Finding(fault.code, fault.message + where, log.number, entry)
