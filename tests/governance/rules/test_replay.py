"""The rules can be replayed elsewhere: standard library only, one name once, the same bytes in every process."""

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import governance.rules
import registry.canonical
import registry.ledger.verify.entries

FOLDER = Path(governance.rules.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))
OUTSIDE = {"registry.canonical", "registry.ledger.verify.entries"}
ROOT = FOLDER.parent.parent
PROGRAM = """
from tests.governance.rules.build import *
from registry.canonical import canonical
open_ = only_fairness(RATIO | {"lower": "0.5"}, *(RATIO | {"group": name} for name in "abcdefgh"), waivers=[waiver()])
words = [approval(open_.document(), name, "compliance") for name in "stuvw"]
people = People(committers=frozenset("abcdes"), unmapped=frozenset("xyz"))
for document in (open_.document(), decided(open_.document(), words, people=people).document()):
    print(canonical(document).decode())
"""


def tree_of(module):
    return ast.parse(module.read_text(encoding="utf-8"))


def imported(module):
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(FOLDER)))
def test_the_rules_import_only_the_standard_library_the_canonical_form_and_one_another(module):
    foreign = {
        name
        for name in imported(module)
        if name.split(".")[0] not in sys.stdlib_module_names
        and name not in OUTSIDE
        and not name.startswith("governance.rules.")
    }
    assert foreign == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(FOLDER)))
def test_the_rules_read_no_clock_no_file_and_no_environment(module):
    assert not set(imported(module)) & {"os", "pathlib", "time", "random", "secrets", "socket", "subprocess", "io"}
    called = {node.attr for node in ast.walk(tree_of(module)) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today", "getenv", "environ"} - {"now"}
    calls = {
        node.func.attr
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "now" not in calls


def test_every_name_of_the_rules_is_defined_once_so_that_they_fit_into_one_file():
    names: Counter[str] = Counter()
    for module in [*MODULES, Path(registry.canonical.__file__), Path(registry.ledger.verify.entries.__file__)]:
        for node in tree_of(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[node.name] += 1
            elif isinstance(node, ast.Assign):
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names[node.target.id] += 1
    assert [name for name, count in names.items() if count > 1] == []


def test_the_documents_are_the_same_bytes_in_processes_of_different_hash_seeds():
    printed = set()
    for seed in ("0", "1", "4242"):
        environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        printed.add(done.stdout)
    assert len(printed) == 1
    assert len(printed.pop().splitlines()) == 2
