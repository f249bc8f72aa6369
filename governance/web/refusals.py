"""Turn what a use case refuses into a sentence for the page: a person's mistake is never a server error."""

import logging
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import DatabaseError

from registry.blobs import BlobError

logger = logging.getLogger(__name__)
UNKNOWN = 400
FORBIDDEN = 403
CONFLICT = 409
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: a stable code, a sentence, and the HTTP status that fits."""

    code: str
    sentence: str
    status: int


def sentence_of(text: str) -> str:
    """Return text as a sentence: a capital at its start and a full stop at its end."""
    words = text.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def _status(error: Exception) -> int:
    if isinstance(error, PermissionError):
        return FORBIDDEN
    return UNAVAILABLE if isinstance(error, BlobError) else CONFLICT


def refusal_of(error: Exception) -> Refusal | None:
    """Return the refusal behind an exception of the domain; None for a mistake of the program, which must surface."""
    if isinstance(error, ValidationError):
        return Refusal("invalid", sentence_of(" ".join(error.messages)), UNKNOWN)
    if isinstance(error, DatabaseError):
        logger.warning("the database refused a change: %s", type(error).__name__)
        return Refusal("refused_by_database", "The database refused the change; nothing was changed.", CONFLICT)
    code = getattr(error, "code", None)
    if not isinstance(code, str):
        return None
    return Refusal(code, sentence_of(str(error)), _status(error))
