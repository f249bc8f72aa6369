"""What a command found out, and how that is told: as lines for people, or as one JSON object for programs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.exports.offline.exits import MEANINGS, exit_for
from registry.ledger.verify.finding import Finding

SHOWN = 20
UNPROVEN = (
    "that the record is complete beyond the checkpoint: what was not yet signed, or was signed later, is not seen",
    "that nothing was rewritten before this checkpoint: that takes an older one, a receipt, or witnesses you trust",
    "that what was recorded was true when it was recorded",
    "that this program is the one it says it is: get it from somebody else than whom you examine",
)


@dataclass(slots=True)
class Outcome:
    """Facts that were established (names and values), failures (none: valid), remarks, and what remains unproven."""

    facts: dict[str, Any] = field(default_factory=dict)
    failures: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    unproven: tuple[str, ...] = UNPROVEN

    def document(self) -> dict[str, Any]:
        """Return everything as a JSON object."""
        return {
            "valid": not self.failures,
            "exit": int(exit_for(self.failures)),
            "facts": self.facts,
            "failures": [_document(one) for one in self.failures],
            "remarks": [_document(one) for one in self.remarks],
            "not_proven": list(self.unproven),
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        for name, value in self.facts.items():
            yield from _told(name, value)
        yield from _listed("NOTE", self.remarks)
        yield from _listed("BAD ", self.failures)
        if self.failures:
            yield f"NOT VALID: {MEANINGS[exit_for(self.failures)]}. Failures: {len(self.failures)}; the first is:"
            yield f"  {_place(self.failures[0])}"
        else:
            yield "VALID."
        yield "This does not prove:"
        yield from (f"  - {line}" for line in self.unproven)

    def tell(self, *, as_json: bool) -> int:
        """Print it and return the exit code."""
        lines = [json.dumps(self.document())] if as_json else self.lines()
        for line in lines:
            sys.stdout.write(f"{printable(line)}\n")
        return int(exit_for(self.failures))


def printable(text: str) -> str:
    """Return a text without what could steer a terminal: what was read may have been written to do so."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _document(one: Finding) -> dict[str, Any]:
    return {"code": one.code, "message": one.message, "log": one.log, "entry": one.entry, "file": one.file}


def _place(one: Finding) -> str:
    parts = [("log", one.log), ("entry", one.entry), ("file", one.file)]
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None) or one.code


def _told(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, list | dict):
        yield f"{name}: {value}"
        return
    yield f"{name}:"
    yield from json.dumps(value, indent=2).splitlines()[1:-1] if value else ["  none"]


def _listed(mark: str, findings: list[Finding]) -> Iterator[str]:
    for one in findings[:SHOWN]:
        yield f"{mark} {one.code}: [{_place(one)}] {one.message}"
    if len(findings) > SHOWN:
        yield f"{mark} and {len(findings) - SHOWN} more"
