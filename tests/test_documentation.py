"""The documentation says what is: commands exist, checks and events are listed, links and file names lead somewhere."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class

from governance.cli.program import parser
from governance.policies.schema import load_policy_yaml
from registry.backends import sandbox
from registry.ledger.events import kinds

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOP = ("governance/", "registry/", "privacy/", "monitoring/", "examples/", "docs/", "tests/", "templates/")
LONGEST_README = 66
SETTING = re.compile(r"\b(?:PROBITY|MLFLOW|DATABASE|BROKER)_[A-Z_]+\b")


def _id(place):
    return str(place.relative_to(ROOT))


def _links(text):
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link and not link.startswith("#")]


def _code(text):
    """What is written as code: in blocks, and between single marks."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("place", PAGES, ids=_id)
def test_every_link_leads_to_something(place):
    dead = [link for link in _links(place.read_text()) if not (place.parent / link.partition("#")[0]).exists()]
    assert dead == []


@pytest.mark.parametrize("place", PAGES, ids=_id)
def test_every_file_that_is_named_exists(place):
    named = {word for code in _code(place.read_text()) for word in code.split() if word.startswith(TOP)}
    assert sorted(name for name in named if not list(ROOT.glob(name.rstrip("/,:")))) == []


@pytest.mark.parametrize("place", PAGES, ids=_id)
def test_every_make_target_that_is_named_exists(place):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for code in _code(place.read_text()) for name in re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)}
    assert named <= targets


def _management_calls(text):
    for code in _code(text):
        for line in re.findall(r"manage\.py ([a-z_]+[^\n#|]*)", code):
            yield shlex.split(line)


def _options(parser):
    """Return the options of a command and of its subcommands."""
    found = {text for action in parser._actions for text in action.option_strings}
    subcommands = (
        one for action in parser._actions if isinstance(action.choices, dict) for one in action.choices.values()
    )
    return found.union(*map(_options, subcommands))


@pytest.mark.parametrize("place", PAGES, ids=_id)
def test_every_management_command_that_is_named_exists_and_knows_its_options(place):
    known = get_commands()
    for name, *rest in _management_calls(place.read_text()):
        assert name in known, name
        app = known[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        parser = command.create_parser("manage.py", name)
        options = _options(parser)
        assert {word for word in rest if word.startswith("--")} <= options, (name, rest)


def test_the_readme_begins_with_the_two_commands_and_fits_on_a_screen():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= LONGEST_README
    assert re.findall(r"^make (\w+)", text, re.MULTILINE)[:2] == ["demo", "test"]
    assert "governance/rules/evaluate.py" in text


def _environment_variables():
    """The variables that the settings read, from their source."""
    calls = (node for node in ast.walk(ast.parse((ROOT / "governance/settings.py").read_text())))
    read = [node for node in calls if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    first = [node.args[0] for node in read if ast.unparse(node.func).startswith("env.") and node.args]
    return {one.value for one in first if isinstance(one, ast.Constant) and SETTING.fullmatch(str(one.value))}


def test_every_setting_is_documented_and_every_documented_one_is_read():
    page = (ROOT / "docs/operations.md").read_text()
    table = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    read = _environment_variables()
    assert len(read) > 10
    assert read - set(SETTING.findall(table)) <= {"PROBITY_DEBUG"}
    assert set(SETTING.findall(table)) - read == set()


@pytest.mark.parametrize(("command", "page"), [("list_checks", "checks.md"), ("list_events", "events.md")])
def test_a_generated_page_is_what_the_command_prints_now(command, page):
    out = StringIO()
    call_command(command, stdout=out)
    assert out.getvalue() == (ROOT / "docs" / page).read_text(), f"run: manage.py {command} > docs/{page}"


def test_every_check_metric_and_event_has_its_page():
    checks, events = ((ROOT / "docs" / name).read_text() for name in ("checks.md", "events.md"))
    assert [name for name in settings.PROBITY_CHECKS if f"## {name}\n" not in checks] == []
    assert [kind.name for kind in kinds() if f"`{kind.name}`" not in events] == []


def test_the_decisions_are_numbered_without_a_gap():
    numbers = [int(place.name[:4]) for place in sorted((ROOT / "docs/adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for place in (ROOT / "docs/adr").glob("*.md"):
        assert {"**Usual:**", "**Here:**", "**Why:**", "**Price:**"} <= set(
            re.findall(r"\*\*\w+:\*\*", place.read_text())
        )


def test_the_example_policy_is_one():
    assert load_policy_yaml((ROOT / "examples/policy.yaml").read_text())["name"] == "example-credit"


def test_the_example_of_a_pipeline_is_a_script_and_calls_the_command_line_as_it_is():
    script = ROOT / "examples/ci.sh"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    calls = re.findall(r"probity\.pyz ([^|>)\n]+)", script.read_text().partition("set -euo")[2])
    assert [call.split()[0] for call in calls] == ["register", "request", "gate"]
    for call in calls:
        words = [re.sub(r"^\$.*", "00000000-0000-0000-0000-000000000001", word) for word in shlex.split(call)]
        assert parser().parse_args(words).command == words[0]


@pytest.mark.sandbox
def test_the_example_entry_point_trains_in_the_sandbox(tmp_path):
    import pandas as pd

    (tmp_path / "work").mkdir()
    rows = pd.DataFrame({"x": range(40), "y": ["yes" if number > 20 else "no" for number in range(40)]})
    rows.to_parquet(tmp_path / "rows.parquet")
    entry, data = ROOT / "examples/training_entry_point.py", tmp_path / "rows.parquet"
    done = sandbox.run(
        "train",
        {
            "entry_point": str(entry),
            "datasets": {"train": str(data)},
            "parameters": {"features": ["x"], "target": "y", "positive": "yes"},
            "seed": 1,
            "output": str(tmp_path / "work" / "output"),
        },
        readable=[entry, data],
        workdir=tmp_path / "work",
    )
    assert done.document["returned"]["metrics"]["train.accuracy"] > 0.9
    described = json.loads((tmp_path / "work" / "output" / "model.json").read_text())
    assert (described["features"], described["positive_label"]) == (["x"], "yes")


def test_the_documentation_is_generated_without_heavy_libraries():
    code = "import sys, django; django.setup(); from registry import catalog; catalog.checks(); print(*sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "governance.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"pandas", "sklearn", "shap", "mlflow", "presidio_analyzer"} & set(done.stdout.split()) == set()
