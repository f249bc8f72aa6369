"""Describe an exception for the parent process, without repeating personal values."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.backends.programs import stage

QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
LONGEST = 500


class Refused(Exception):  # noqa: N818 - it is a decision of ours, with the reason as its message
    """Our own program will not go on; ``code`` names the rule, the message is a full sentence."""

    def __init__(self, message: str, *, code: str) -> None:
        """Keep the rule."""
        super().__init__(message)
        self.code = code


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _places(error: BaseException) -> Iterator[tuple[str, int]]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _is_network(error: BaseException) -> bool:
    for item in _chain(error):
        if type(item).__name__ in {"gaierror", "herror"}:
            return True
        if isinstance(item, OSError) and any(Path(file).name == "socket.py" for file, _ in _places(item)):
            return True
    return False


def _shown(message: str) -> str:
    def blot(match: re.Match[str]) -> str:
        inner = match.group(1) if match.group(1) is not None else match.group(2)
        return match.group(0) if stage.may_show(inner) else "'…'"

    return QUOTED.sub(blot, message)[:LONGEST]


def _kind(error: BaseException) -> str:
    if isinstance(error, Refused):
        return "refused"
    if any(isinstance(item, MemoryError) or "bad_alloc" in str(item) for item in _chain(error)):
        return "memory"
    return "network" if _is_network(error) else "raised"


def describe(error: BaseException) -> dict[str, Any]:
    """Return the kind, the type, the message and the place of a failure, as JSON."""
    kind = _kind(error)
    message = " ".join(str(error).split())
    described = {
        "kind": kind,
        "type": type(error).__name__,
        "message": message if kind == "refused" else _shown(message),
        "stage": stage.now(),
    }
    if isinstance(error, Refused):
        described["code"] = error.code
    places = list(_places(error))
    if places:
        described["where"] = f"{Path(places[-1][0]).name}, line {places[-1][1]}"
    return described
