"""Whether a dataset's schema has the shape that everything after it relies on, before its columns are looked for."""

from collections.abc import Mapping, Sequence
from typing import Any

TEXTS = ("target", "positive")
COLUMNS = ("identifiers", "text", "ignore", "quasi_identifiers")
OBJECTS: Mapping[str, Sequence[str]] = {
    "features": ("name", "kind"),
    "sensitive": ("name", "column"),
    "controls": ("name", "column"),
}


def misshapen(schema: Mapping[str, Any]) -> str:
    """Say in a sentence what of a schema has another shape than it must; empty where nothing has."""
    for key in TEXTS:
        if not isinstance(schema.get(key, ""), str):
            return f"{key!r} of a schema is a text, not {schema[key]!r}"
    for key in (*COLUMNS, *OBJECTS):
        if not isinstance(schema.get(key, []), list | tuple):
            return f"{key!r} of a schema is a list, not {schema[key]!r}"
        for number, one in enumerate(schema.get(key, ()), 1):
            if key in COLUMNS and not isinstance(one, str):
                return f"entry {number} of {key!r} of a schema is the name of a column, not {one!r}"
            if key in OBJECTS and not _holds(one, OBJECTS[key]):
                fields = " and ".join(map(repr, OBJECTS[key]))
                return f"entry {number} of {key!r} of a schema is an object with the texts {fields}, not {one!r}"
    return ""


def _holds(one: object, fields: Sequence[str]) -> bool:
    return isinstance(one, Mapping) and all(isinstance(one.get(field), str) for field in fields)
