"""How a command ends: its exit code, its headline and its document; and what may be shown of any text."""

from collections.abc import Mapping
from typing import Any

PASS, DENIED, USAGE, UNREACHABLE, PENDING = range(5)
Result = tuple[int, str, dict[str, Any]]  # exit code, headline, document
Answer = tuple[dict[str, Any], Mapping[str, str]]  # body, headers


class CliError(Exception):
    """What ends the command: its exit code, and the code of the problem that the service answered with."""

    def __init__(self, message: str, code: int, problem: str = "") -> None:
        super().__init__(message)
        self.code, self.problem = code, problem


def clean(text: object) -> str:
    """Return text as one line without control characters, which could steer a terminal, a workflow or a report."""
    return "".join(one if one.isprintable() else " " for one in str(text))
