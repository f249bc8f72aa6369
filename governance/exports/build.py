"""Build the offline verifier: one readable file of the pure modules, importing nothing but ``cryptography``."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MAIN = "governance.exports.offline.main"
OURS = ("governance", "registry")
ALLOWED = sys.stdlib_module_names | {"cryptography"}
MARK = "#=== module "

BOOTSTRAP = '''#!/usr/bin/env python3
"""Probity's offline verifier, built from the modules below: needs Python 3.11 and ``cryptography``, and no network.

    python probity_verify.py --help

Each section behind a line "#=== module NAME" is the module of that name, unchanged; this first part only makes them
importable. {count} modules; SHA-256 of their sources together: {digest}
"""

import importlib.abc
import importlib.util
import sys

if sys.version_info < (3, 11):
    raise SystemExit("probity_verify.py needs Python 3.11 or newer")
if __name__ != "__main__":
    raise ImportError("probity_verify.py is a program: run it")

MARK = "#=== " + "module "


def _sections():
    found, name, start, lines = {{}}, None, 0, []
    with open(__file__, encoding="utf-8") as source:
        for number, line in enumerate(source):
            if line.startswith(MARK):
                if name:
                    found[name] = (start, "".join(lines))
                name, start, lines = line[len(MARK):].strip(), number + 1, []
            else:
                lines.append(line)
    found[name] = (start, "".join(lines))
    return found


class _Sections(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self):
        self.modules = _sections()

    def find_spec(self, name, path=None, target=None):
        package = any(one.startswith(name + ".") for one in self.modules)
        if not package and name not in self.modules:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=package)

    def exec_module(self, module):
        start, text = self.modules.get(module.__name__, (0, ""))
        exec(compile("\\n" * start + text, __file__, "exec"), module.__dict__)


sys.dont_write_bytecode = True
sys.meta_path.insert(0, _Sections())
from {main} import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
'''


class ForeignImportError(ValueError):
    """A module of the verifier imports what an auditor's machine does not have."""

    code = "foreign_import"


class MarkedLineError(ValueError):
    """A module holds a line that would be taken for the beginning of another one."""

    code = "marked_line"


def _place(name: str) -> Path | None:
    base = ROOT.joinpath(*name.split("."))
    module, package = base.with_suffix(".py"), base / "__init__.py"
    return module if module.is_file() else package if package.is_file() else None


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports: of ``from a import b`` both a and a.b, for b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _needs(name: str, source: str) -> Iterator[str]:
    for imported in _imported(ast.parse(source)):
        top = imported.partition(".")[0]
        if top in OURS:
            yield imported
        elif top not in ALLOWED:
            raise ForeignImportError(f"{name} imports {imported}, which is neither Python's own nor cryptography")


def checked(name: str, source: str) -> str:
    """Return a module's source; raises MarkedLineError when it could not be told from the next one."""
    if any(line.startswith(MARK) for line in source.splitlines()):
        raise MarkedLineError(f"{name} has a line that begins with {MARK!r}")
    return source if source.endswith("\n") else source + "\n"


def modules() -> dict[str, str]:
    """Return the sources of the verifier's modules by name; raises ForeignImportError or MarkedLineError."""
    found: dict[str, str] = {}
    waiting = [MAIN]
    while waiting:
        name = waiting.pop()
        place = None if name in found else _place(name)
        if place is None:
            continue
        source = place.read_text(encoding="utf-8")
        found[name] = checked(name, source) if source.strip() else ""
        waiting += _needs(name, source)
    return {name: found[name] for name in sorted(found) if found[name]}


def build() -> str:
    """Return the text of ``probity_verify.py``; the same sources give the same text."""
    sources = modules()
    together = "".join(f"{MARK}{name}\n{source}" for name, source in sources.items())
    digest = hashlib.sha256(together.encode()).hexdigest()
    return BOOTSTRAP.format(count=len(sources), digest=digest, main=MAIN) + "\n\n" + together
