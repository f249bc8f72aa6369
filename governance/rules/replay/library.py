"""Documents by digest: fetched when something is judged by them, proven by their digest, few of them kept."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from registry.canonical import digest

KEPT_DOCUMENTS = 128
Source = Callable[[str], Any]


class MissingDocumentError(LookupError):
    """Nothing is kept under a digest that an event cites."""

    code = "document_missing"

    def __init__(self, identity: str) -> None:
        """Keep the digest: an event may say that it was purged."""
        super().__init__(f"the document {identity} is cited, but it is not there")
        self.identity = identity


class DifferingDocumentError(ValueError):
    """What is kept under a digest has another one."""

    code = "document_differs"


class Library:
    """Reads documents from a source, which raises LookupError for what it does not have; keeps the latest few.

    What the source raises otherwise is passed on.
    """

    def __init__(self, source: Source, kept: int = KEPT_DOCUMENTS) -> None:
        """Remember where documents come from and how many of them are kept in memory."""
        self._source, self._kept = source, kept
        self._known: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def read(self, identity: str) -> Mapping[str, Any]:
        """Return the document; raises MissingDocumentError, or DifferingDocumentError when its digest is another."""
        if identity in self._known:
            self._known.move_to_end(identity)
            return self._known[identity]
        try:
            found = self._source(identity)
        except LookupError as error:
            raise MissingDocumentError(identity) from error
        if not isinstance(found, Mapping):
            raise DifferingDocumentError(f"what is kept under {identity} is no document")
        if (other := digest(found)) != identity:
            raise DifferingDocumentError(f"the document kept under {identity} has the digest {other}")
        self._remember(identity, found)
        return found

    def keep(self, found: Mapping[str, Any]) -> str:
        """Keep a document that was just made again, and return its digest."""
        identity = digest(found)
        self._remember(identity, found)
        return identity

    def _remember(self, identity: str, found: Mapping[str, Any]) -> None:
        self._known[identity] = found
        self._known.move_to_end(identity)
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
