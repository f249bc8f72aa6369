"""The verifier in one file: nothing but Python and cryptography, the same text each time, and it runs anywhere."""

import ast
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest
from django.core.management import call_command

from governance.exports import build
from governance.exports.build import ForeignImportError, modules
from tests.governance.exports.offline.making import KEYS, policy_file


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("verifier") / "probity_verify.py"
    call_command("build_verifier", output=place, verbosity=0)
    return place


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """A folder of packages that holds cryptography and what that needs, and nothing else."""
    folder = tmp_path_factory.mktemp("packages")
    own = Path(cryptography.__file__).parent
    for place in (own, *own.parent.glob("cffi"), *own.parent.glob("_cffi_backend*"), *own.parent.glob("pycparser")):
        (folder / place.name).symlink_to(place)
    return folder


def run(program, alone, folder, *arguments):
    """Run the program with no site packages, no environment, elsewhere."""
    start = f"import sys, runpy; sys.path.append({str(alone)!r}); sys.argv[:] = sys.argv[1:]; "
    start += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-I", "-S", "-c", start, str(program), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def test_the_built_program_runs_where_there_is_nothing_else(program, alone, lived, tmp_path):
    trust = ("--policy", policy_file(tmp_path))
    done = run(program, alone, tmp_path, "log", lived / "record", *trust, "--full", "--since", lived / "older")
    assert (done.stderr, done.returncode) == ("", 0)
    assert "VALID." in done.stdout
    bundle = min((lived / "record/logs/1/tile/entries/000.p").iterdir(), key=lambda one: -int(one.name))
    bundle.write_bytes(bundle.read_bytes().replace(b"requester", b"validator", 1))
    done = run(program, alone, tmp_path, "log", lived / "record", *KEYS)
    assert (done.stderr, done.returncode) == ("", 1)
    assert "BAD  leaf_differs: [log 1, entry" in done.stdout


def test_it_says_what_it_is_and_is_not_imported(program, alone, tmp_path):
    assert run(program, alone, tmp_path, "--help").stdout.startswith("usage: probity_verify.py")
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(program)!r})"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "probity_verify.py is a program" in found.stderr


def test_the_same_sources_give_the_same_text():
    assert build.build() == build.build()


def test_each_module_is_in_the_text_as_it_is(program):
    text = program.read_text()
    assert all(f"{build.MARK}{name}\n{source}" in text for name, source in modules().items())
    assert text.count(f"\n{build.MARK}") == len(modules())


def test_nothing_is_imported_but_python_and_cryptography(program):
    imported = {name.partition(".")[0] for name in build._imported(ast.parse(program.read_text()))}
    assert imported - sys.stdlib_module_names == {"cryptography", "governance", "registry"}
    assert not imported & {"socket", "urllib", "http", "subprocess", "pickle"}


@pytest.mark.parametrize("line", ["import django", "from yaml import safe_load", "def f():\n    import numpy as np"])
def test_a_module_with_another_import_is_refused(line):
    with pytest.raises(ForeignImportError, match="which is neither Python's own nor cryptography"):
        list(build._needs("registry.example", line))


def test_a_module_that_looks_like_two_is_refused():
    with pytest.raises(build.MarkedLineError):
        build.checked("registry.example", f'"""\n{build.MARK}other\n"""\n')
