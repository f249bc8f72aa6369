"""What this process is doing now, kept in a file as well, so that the parent can say where a child hung."""

from pathlib import Path

FILE = "stage"


class _Now:
    doing = "starting"
    private = False
    known: frozenset[str] = frozenset()


def enter(doing: str, *, private: bool = False, known: tuple[str, ...] = ()) -> None:
    """Say what is done from now on ("loading the model").

    While ``private``, rows of data are in reach: what errors quote is blotted out, but for the ``known`` names.
    """
    _Now.doing, _Now.private, _Now.known = doing, private, frozenset(known)
    Path(FILE).write_text(doing, encoding="utf-8")


def now() -> str:
    """Return what this process is doing."""
    return _Now.doing


def may_show(quoted: str) -> bool:
    """Say whether a quoted text may be repeated in an error."""
    return not _Now.private or quoted in _Now.known
