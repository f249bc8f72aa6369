"""The checks that this installation lists, by name: read from the text of its settings, which need a server to load."""

import ast
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from governance.local_check.errors import UnknownCheckError
from registry.checks import Check

SETTINGS = Path(__file__).resolve().parents[1] / "settings.py"
SETTING = "PROBITY_CHECKS"


def listed_checks(place: Path = SETTINGS) -> dict[str, str]:
    """Return the dotted path of each listed check; raises UnknownCheckError where the settings list none in plain."""
    for line in ast.parse(place.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.Assign) and [getattr(one, "id", "") for one in line.targets] == [SETTING]:
            return dict(ast.literal_eval(line.value))
    raise UnknownCheckError(f"{place.name} has no plain {SETTING}; name the checks with --plugin.")


def load_check(name: str, listed: Mapping[str, str]) -> Check:
    """Return a check; raises UnknownCheckError for a name that is not listed or a path that leads to nothing."""
    if name not in listed:
        raise UnknownCheckError(f"The check {name!r} is not listed (there are: {', '.join(sorted(listed))}).")
    module, _, attribute = listed[name].rpartition(".")
    try:
        return cast("Check", getattr(import_module(module), attribute))
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownCheckError(f"The check {name!r} is not found at {listed[name]!r}: {error}.") from error
