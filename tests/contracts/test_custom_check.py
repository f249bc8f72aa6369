"""The check that ``docs/custom-checks.md`` shows, run as it stands there: one file, one settings line, one limit."""

import io
import json
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from governance.local_check.command import main
from registry import catalog
from registry.checks import Context, ParameterError, Status, outcome_of
from tests.contracts.broken import EMPTY, broken
from tests.contracts.soundness import numbers_of, sound
from tests.monitoring.checks.inputs import Collected, predictions, random_predictions, report

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "custom-checks.md").read_text()
FILE, LINE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[LIMIT] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
POLICY = f"""
name: with-ties
version: "1"
tier: limited
checks:
{LIMIT}
approval: {{stages: [{{name: validation, role: validator}}]}}
"""


@pytest.fixture
def check(tmp_path, monkeypatch, settings):
    """The check of the page, in a package of somebody's own, listed by the settings line of the page."""
    package = tmp_path / "ours" / "checks"
    package.mkdir(parents=True)
    (package / "ties.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    listed = dict(django_settings.PROBITY_CHECKS)
    exec(LINE, {"PROBITY_CHECKS": listed})  # noqa: S102 - the line of the page
    settings.PROBITY_CHECKS = listed
    return catalog.check("ties")


def test_it_measures_and_keeps_the_contract(check):
    table = predictions([0, 1, 1, 0, 1], [0, 1, 1, 0, 1], [0.5, 0.5, 0.5, 0.25, 0.75])
    outcome = outcome_of(check, Collected(predictions=table), Context(7, {}))
    sound(check, outcome)
    assert {one.metric: one.value for one in outcome.measurements} == {
        "ties.largest_share": "0.6",
        "ties.distinct": "3",
    }
    given = {"predictions": random_predictions(30)}
    assert report(check, Collected(**given)).digest() == report(check, Collected(**given)).digest()
    for _place, what, inputs in broken(given):
        outcome = outcome_of(check, inputs, Context(7, {}))
        sound(check, outcome)
        assert outcome.status is not Status.MEASURED or what not in {*EMPTY, "score missing", "score infinite"}
        assert not (what in EMPTY and numbers_of(outcome))
    with pytest.raises(ParameterError, match="no parameter 'wish'"):
        check.needs({"wish": 1})


def test_its_docstring_is_its_page(check):
    said = io.StringIO()
    call_command("list_checks", stdout=said)
    assert "## ties" in said.getvalue()
    assert "do many rows share one?" in said.getvalue()
    assert check.metrics["ties.distinct"] in said.getvalue()


@pytest.mark.usefixtures("check")
@pytest.mark.parametrize(("scores", "verdict"), [(lambda row: row / 100, "PASS"), (lambda row: row % 2, "BLOCKED")])
def test_a_policy_limits_it_on_a_laptop(tmp_path, capsys, scores, verdict):
    rows = [f"{row % 3 % 2},{scores(row)}" for row in range(100)]
    (tmp_path / "rows.csv").write_text("\n".join(["y,p", *rows]) + "\n")
    (tmp_path / "mine.yaml").write_text(POLICY)
    asked = ["rows.csv", "--target", "y", "--positive", "1", "--score", "p", "--policy", "mine.yaml", "--json"]
    files = [str(tmp_path / word) if word.endswith((".csv", ".yaml")) else word for word in asked]
    main([*files, "--plugin", "ties=ours.checks.ties.check"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == verdict
    [item] = answer["items"]
    assert item["metric"] == "ties.largest_share"
