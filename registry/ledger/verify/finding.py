"""What a verification finds: what is wrong, and what is only remarkable, each with its place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A stable code, a sentence, and where: the log's number, the entry's number from 0, the file's path."""

    code: str
    message: str
    log: int | None = None
    entry: int | None = None
    file: str | None = None


def code_of(error: Exception) -> str:
    """Return the code of one of our exceptions, or "unreadable" for those of the system."""
    return str(getattr(error, "code", None) or "unreadable")
