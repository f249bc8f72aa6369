"""The shape of the code: one idea per module, said first; no long modules; layers kept; a lock that names no host."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
APPS = ("governance", "registry", "privacy", "monitoring")
LONGEST, LONG, MOST_LONG = 400, 250, 0.1
PRINTERS = ("governance/management/", "governance/cli/", "registry/backends/programs/")
SAID_TWICE = re.compile(r"^(utils?|helpers?|misc|common|stuff)$")


def _modules():
    places = (place for app in APPS for place in (ROOT / app).rglob("*.py"))
    return sorted(place for place in places if "migrations" not in place.parts and place.read_text().strip())


def _name(place):
    return str(place.relative_to(ROOT))


MODULES = _modules()


def _parsed(place):
    return ast.parse(place.read_text(), filename=str(place))


def test_there_are_modules_of_every_app():
    assert {place.relative_to(ROOT).parts[0] for place in MODULES} == set(APPS)


@pytest.mark.parametrize("place", MODULES, ids=_name)
def test_a_module_says_its_idea_in_its_first_line(place):
    said = ast.get_docstring(_parsed(place)) or ""
    assert len(said.partition("\n")[0]) >= 20, f"{_name(place)} begins with {said[:40]!r}"


@pytest.mark.parametrize("place", MODULES, ids=_name)
def test_a_module_fits_on_a_few_pages(place):
    lines = len(place.read_text().splitlines())
    assert lines <= LONGEST, f"{_name(place)} has {lines} lines; {LONGEST} is the limit"


def test_few_modules_are_long():
    long = [_name(place) for place in MODULES if len(place.read_text().splitlines()) > LONG]
    assert len(long) <= MOST_LONG * len(MODULES), long


@pytest.mark.parametrize("place", MODULES, ids=_name)
def test_a_module_has_a_name_of_its_own(place):
    assert not any(SAID_TWICE.match(part) for part in place.relative_to(ROOT).with_suffix("").parts)


def _prints(place):
    calls = (node for node in ast.walk(_parsed(place)) if isinstance(node, ast.Call))
    return [
        node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id in {"print", "breakpoint"}
    ]


def test_only_the_command_line_prints():
    quiet = [place for place in MODULES if not _name(place).startswith(PRINTERS)]
    assert {_name(place): lines for place in quiet if (lines := _prints(place))} == {}


def test_the_lock_pins_every_package_by_hash_and_names_no_address():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|-f)\b", lock, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE).strip())
    loose = [entry.splitlines()[0] for entry in entries if "==" not in entry.splitlines()[0] or "--hash=" not in entry]
    assert loose == []


def test_the_containers_serve_the_queues_that_tasks_go_to_and_run_unprivileged():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    worker = compose["services"]["worker"]["command"]
    assert worker[worker.index("-Q") + 1].split(",") == list(settings.PROBITY_QUEUES)
    assert {"setup", "web", "worker", "sequencer", "beat", "database", "broker"} == set(compose["services"])
    instructions = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in instructions if line.startswith("USER ")] == ["USER probity"]
    assert "--require-hashes" in "".join(instructions)


def test_the_layers_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_every_table_of_ours_has_its_migration():
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
