"""The kinds of event that are audited, each with the schema of its data. Every app registers its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DIGEST = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
KIND = re.compile(r"[a-z_]+\.[a-z_]+")
SHORT_TEXT = 300


class EventError(ValueError):
    """An event that does not follow the schema of its kind."""

    code = "event_schema"


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= SHORT_TEXT


TYPES: dict[str, Any] = {
    "text": _text,
    "digest": lambda value: isinstance(value, str) and bool(DIGEST.fullmatch(value)),
    "id": lambda value: isinstance(value, str) and bool(UUID.fullmatch(value)),
    "number": lambda value: isinstance(value, str) and bool(NUMBER.fullmatch(value)),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "texts": lambda value: isinstance(value, list) and all(_text(item) for item in value),
    "digests": lambda value: isinstance(value, list) and all(DIGEST.fullmatch(str(item)) for item in value),
}


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind: ``noun.verb``, what it says, and its fields (type names of TYPES; a trailing "?" allows null)."""

    name: str
    meaning: str
    fields: Mapping[str, str]
    schema: int = 1

    def check(self, data: Mapping[str, Any]) -> None:
        """Raise EventError unless the data has exactly the fields of this kind, each of its type."""
        missing, unknown = set(self.fields) - set(data), set(data) - set(self.fields)
        if missing or unknown:
            raise EventError(f"{self.name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        for name, type_name in self.fields.items():
            value = data[name]
            if value is None and type_name.endswith("?"):
                continue
            if not TYPES[type_name.rstrip("?")](value):
                raise EventError(f"{self.name}.{name}: {value!r} is not a {type_name}")


_kinds: dict[str, EventKind] = {}


def register(*kinds: EventKind) -> None:
    """Add kinds of event; the same kind twice is refused unless it is equal."""
    for kind in kinds:
        if not KIND.fullmatch(kind.name):
            raise EventError(f"{kind.name!r} is not of the form noun.verb")
        if unknown := {name.rstrip("?") for name in kind.fields.values()} - set(TYPES):
            raise EventError(f"{kind.name}: unknown types {sorted(unknown)}")
        if _kinds.setdefault(kind.name, kind) != kind:
            raise EventError(f"{kind.name} is registered twice with different schemas")


def kind(name: str) -> EventKind:
    """Return a registered kind; raises EventError for one nobody registered."""
    try:
        return _kinds[name]
    except KeyError:
        raise EventError(f"no app registered events of the kind {name!r}") from None


def kinds() -> tuple[EventKind, ...]:
    """Return all registered kinds, by name."""
    return tuple(_kinds[name] for name in sorted(_kinds))
