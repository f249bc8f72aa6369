"""Documents by digest, from the database and the artifact store: what judges, what is judged, and what came of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Model

from governance.models import Decision, Evaluation, Policy
from governance.rules.replay.citations import documents_cited
from registry.artifacts import read_document
from registry.blobs import BlobDamagedError, BlobMissingError
from registry.canonical import canonical, parse
from registry.models import Artifact, ModelVersion, ReleaseManifest

DIGEST_FORM = re.compile(r"[0-9a-f]{64}")
KEPT_IN: tuple[tuple[type[Model], str], ...] = (
    (Policy, "document_text"),
    (ReleaseManifest, "document_text"),
    (Evaluation, "document_text"),
    (ModelVersion, "document"),
    (Decision, "document_text"),
)


class NoDocumentError(LookupError):
    """Nothing is kept under a digest, or its bytes were purged."""

    code = "document_missing"


class DamagedDocumentError(ValueError):
    """The bytes under a digest are not those that were kept."""

    code = "document_damaged"


def tables() -> list[str]:
    """Return the names of the tables that documents are found in."""
    models: list[type[Model]] = [Artifact, *(model for model, _ in KEPT_IN)]
    return [model._meta.db_table for model in models]  # noqa: SLF001 - as below


def document(digest: str) -> Mapping[str, Any]:
    """Return the document kept under a digest; whether it is that document, the reader computes.

    Raises NoDocumentError, DamagedDocumentError, or CanonicalError for text that is not canonical.
    """
    if not DIGEST_FORM.fullmatch(digest):
        raise NoDocumentError(f"{digest!r} is no digest: 64 hexadecimal digits are")
    found: Mapping[str, Any] = _artifact(digest) if Artifact.objects.filter(pk=digest).exists() else _row(digest)
    return found


def _artifact(digest: str) -> Any:
    try:
        return read_document(digest)
    except BlobMissingError as error:
        raise NoDocumentError(str(error)) from error
    except BlobDamagedError as error:
        raise DamagedDocumentError(str(error)) from error


def _row(digest: str) -> Any:
    for model, column in KEPT_IN:
        rows = model._default_manager.filter(digest=digest)  # noqa: SLF001 - Django's documented name
        text = rows.order_by("pk").values_list(column, flat=True).first()
        if text is not None:
            return parse(text)
    raise NoDocumentError(f"no document is kept under {digest}")


def cited_documents(events: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[str, bytes]]:
    """Yield (digest, canonical bytes) of every document that the events cite, once each, in their order.

    What was purged is left out; a replay says whether that is in order.
    """
    seen: set[str] = set()
    for _, event in events:
        for digest in documents_cited(event):
            if digest in seen:
                continue
            seen.add(digest)
            try:
                yield digest, canonical(document(digest))
            except NoDocumentError:
                continue
