"""``probity check``: verdicts and exit codes as the gate would give them, from files alone."""

import json
import re
import sys

import pytest

from governance import cli
from governance.local_check.command import main
from governance.local_check.listed import listed_checks
from governance.settings import PROBITY_CHECKS
from tests.governance.management.conftest import csv_text, loans

ASKED = ("--target", "outcome", "--positive", "good", "--sensitive", "sex")
POLICY = """
name: laptop
version: "1"
tier: limited
requires: {{sandbox: true}}
checks:
  - check: performance
    max_age_days: 30
    limits:
      - {{metric: performance.accuracy, bound: {bound}, min: {least}, required: true}}
  - check: fairness
    max_age_days: 30
    limits:
      - {{metric: fairness.selection_rate_difference, group: sex, max: 1, required: true}}
{more}
approval: {{stages: [{{name: validation, role: validator}}]}}
"""
OWN = ("--plugin", "rows=tests.governance.local_check.own.check")
OF_ROWS = "  - {{check: rows, max_age_days: 1, parameters: {{{}}}, limits: [{{metric: rows.count, min: 200}}]}}"


def policy_of(least="0.5", bound="value", more=""):
    return POLICY.format(least=least, bound=bound, more=more)


@pytest.fixture
def rows(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(csv_text(loans()))
    return file


@pytest.fixture
def run(rows, tmp_path, capsys):
    """Run the command under a policy and return its exit code, its answer and what it said to stderr."""

    def call(*arguments, policy=None, asked=ASKED):
        if policy is not None:
            (tmp_path / "policy.yaml").write_text(policy)
            arguments = (*arguments, "--policy", str(tmp_path / "policy.yaml"))
        code = main([str(rows), *asked, "--json", *arguments])
        said = capsys.readouterr()
        return code, json.loads(said.out), said.err

    return call


@pytest.mark.parametrize(
    ("limit", "more", "verdict", "code"),
    [
        (("0.5",), (), "PASS", 0),
        (("0.99",), (), "BLOCKED", 1),
        (("0.8", "interval"), (), "NEEDS_DECISION", 4),
        (("0.5",), ("--only", "performance"), "PARTIAL", 4),
        (("0.99",), ("--only", "performance"), "BLOCKED", 1),
    ],
)
def test_the_exit_code_says_what_the_gate_would(run, limit, more, verdict, code):
    found = run("--predictions", "pred", *more, policy=policy_of(*limit))
    assert (found[0], found[1]["verdict"], found[1]["exit_code"]) == (code, verdict, code), found[1]["items"]


def test_what_a_laptop_lacks_is_no_pass_and_says_how_to_give_it(run):
    code, answer, _ = run("--predictions", "pred", "--only", "drift,explainability,performance")
    assert (code, answer["verdict"]) == (1, "BLOCKED")
    reasons = " ".join(one["reason"] for one in answer["items"] if one["outcome"] == "ERROR")
    assert "with --train" in reasons
    assert "with --model" in reasons
    assert {"pii", "fairness"} <= set(answer["left_out"])
    assert not {"drift", "explainability", "performance"} & set(answer["left_out"])


def test_the_rows_that_were_learned_from_are_scanned_compared_and_searched_for_overlap(run, rows):
    _, answer, _ = run("--predictions", "pred", "--score", "prob", "--train", str(rows))
    outcomes = {one["metric"]: one["outcome"] for one in answer["items"]}
    assert outcomes["performance.overlap_share"] == "FAIL"
    assert outcomes["performance.auc"] == outcomes["drift.features_drifted_share"] == "PASS"
    assert outcomes["pii.direct_columns"] == "PASS"


@pytest.mark.parametrize(("parameters", "verdict", "code"), [("", "PASS", 0), ("break: true", "BLOCKED", 1)])
def test_a_check_of_ones_own_is_named_and_its_failure_is_an_error_without_the_data(run, parameters, verdict, code):
    found = run(*OWN, "--predictions", "pred", policy=policy_of(more=OF_ROWS.format(parameters)))
    assert (found[0], found[1]["verdict"]) == (code, verdict)
    assert "Mustermann" not in json.dumps(found[1])


REFUSED = {
    "no answers": ((), "nothing_to_measure", "--predictions, --score, or --model"),
    "two sources of answers": (("--predictions", "pred", "--model", "."), "nothing_to_measure", "one source"),
    "a folder that is not there": (("--model", "nowhere"), "nothing_to_measure", "no folder"),
    "no such policy": (("--predictions", "pred", "--policy", "nowhere.yaml"), "FileNotFoundError", "nowhere.yaml"),
    "a check that the policy does not ask for": (("--predictions", "pred", "--only", "x"), "not_listed", "--only"),
    "a plugin without a path": (("--predictions", "pred", "--plugin", "mine"), "not_listed", "name=path|form mine="),
    "a column that is not there": (("--predictions", "predd"), "column_absent", "Did you mean 'pred'"),
    "probabilities as predictions": (("--predictions", "prob"), "predictions_are_probabilities", "--threshold 0.5"),
    "training rows without the target": (
        ("--predictions", "pred", "--train", "{folder}/other.csv"),
        "column_absent",
        "'outcome' is not a column",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_ends_with_2_and_a_sentence(run, tmp_path, name):
    arguments, code, said = REFUSED[name]
    (tmp_path / "other.csv").write_text("sex,income\nmale,1\n")
    found = run(*(one.format(folder=tmp_path) for one in arguments))
    assert (found[0], found[1]["exit_code"], found[1]["error"]["code"]) == (2, 2, code)
    assert re.search(said, found[2])


def test_an_unlisted_check_of_the_policy_is_refused_with_those_that_are_listed(run):
    code, answer, _ = run("--predictions", "pred", policy=policy_of(more=OF_ROWS.format("")))
    assert (code, answer["error"]["code"]) == (2, "not_listed")
    assert "performance" in answer["error"]["message"]


def test_text_and_page_hold_the_verdict_and_the_numbers_and_no_markup_of_the_data(rows, tmp_path, capsys):
    rows.write_text(csv_text([{**row, "sex": "<b>" if row["sex"] == "male" else "&"} for row in loans()]))
    page = tmp_path / "page.html"
    code = main([str(rows), *ASKED, "--predictions", "pred", "--only", "fairness", "--html", str(page)])
    said, html = capsys.readouterr().out, page.read_text()
    assert code in {1, 4}
    assert "NOT MEASURED, as asked: pii, " in said
    assert "fairness.selection_rate_ratio" in said
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert said.split("VERDICT  ")[1].split()[0] in html


def test_the_listed_checks_are_those_of_the_settings():
    assert listed_checks() == PROBITY_CHECKS


def test_the_command_line_hands_over_all_that_follows_check(rows, capsys):
    assert cli.main(["check", str(rows), *ASKED, "--predictions", "pred", "--only", "performance", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "BLOCKED"
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    assert "--skip-missing" in capsys.readouterr().out


def test_the_command_line_alone_says_what_it_lacks(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "governance.local_check.command", None)
    assert cli.main(["check", "rows.csv"]) == 2
    assert "pip install 'probity[check]'" in capsys.readouterr().err
