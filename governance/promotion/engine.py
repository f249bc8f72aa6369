"""What a check computes with: interpreter, machine, libraries by version, and its own code by digest.

The document is kept beside each measurement under the fingerprint that is its digest, so that whoever measures again
can say what has changed since. The code is that of the check's module and of all of this product's own statistics and
scanners that it imports, directly or not; another package's check counts with the modules beside it.
"""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from registry.checks import Check

LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "fairlearn", "shap", "presidio-analyzer")
ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ("registry.checks", "registry.canonical")
MEASURING = ("monitoring.", "privacy.")


def engine_of(check: Check) -> dict[str, Any]:
    """Return the document: ``python``, ``machine``, ``libraries`` by name, ``code`` as SHA-256 by module."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: installed(name) for name in LIBRARIES},
        "code": dict(code_of(type(check).__module__)),
    }


@cache
def code_of(module: str) -> tuple[tuple[str, str], ...]:
    """Return (module, SHA-256 of its source) of a check's module and what it measures with, sorted; once a process."""
    loaded = sys.modules[module]
    place = Path(str(loaded.__file__)).resolve()
    package = module.rpartition(".")[0]
    home = place.parents[len(package.split("."))] if package else place.parent
    found: dict[str, str] = {}
    waiting = [(module, place)]
    while waiting:
        name, file = waiting.pop()
        if name in found:
            continue
        source = file.read_bytes()
        found[name] = hashlib.sha256(source).hexdigest()
        for imported in _imported(name, file, source):
            beside = bool(package) and imported.startswith(f"{package}.")
            if imported in CONTRACT or imported.startswith(MEASURING) or beside:
                root = home if beside else ROOT
                waiting += [(imported, there)] if (there := _file(root, imported)) else []
    return tuple(sorted(found.items()))


def _imported(name: str, file: Path, source: bytes) -> Iterator[str]:
    """Yield what a module imports, also within functions; of "from a import b" a and a.b, for b may be a module."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    return next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file()), None)
