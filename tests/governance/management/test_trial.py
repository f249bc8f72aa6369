"""Somebody's own data through the gate: what comes out, and what it rests on."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from sklearn.metrics import confusion_matrix

from governance.local_check.measure import measure_all
from governance.local_check.needs import Needs
from governance.local_check.subject import Rows, read_subject
from governance.management.trial.answer import answer
from governance.management.trial.errors import ReferenceGroupError
from governance.management.trial.groups import group_numbers, rates_of, six
from governance.management.trial.prepare import prepare, split
from governance.management.trial.stage import NotATrialError, set_stage
from governance.management.trial.telling import tell
from governance.management.trial.walk import walk
from governance.models import Approval
from governance.promotion.collect import collect
from governance.promotion.subject import subject_of
from governance.rules.policy import read_policy
from monitoring.statistics.cube import parse_cube
from registry.artifacts import checkout_tree
from registry.catalog import check
from tests.governance.management.conftest import asked, csv_text, loans, state

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]
CUBE = {
    "format": "cube/1",
    "attributes": ["sex"],
    "cells": [
        {"groups": ["(missing)"], "tn": 1, "fp": 0, "fn": 0, "tp": 9},
        {"groups": ["female"], "tn": 3, "fp": 1, "fn": 2, "tp": 1},
        {"groups": ["male"], "tn": 2, "fp": 2, "fn": 0, "tp": 6},
    ],
}


def judged(question):
    return answer(walk(prepare(question), set_stage(question.policy)))


def item(found, key):
    return next(one for one in found["items"] if one["key"].startswith(key))


@pytest.mark.django_db
@pytest.mark.usefixtures("demo_instance")
def test_predictions_are_judged_on_all_rows_and_what_needs_a_model_says_so(loans_file):
    question = asked(loans_file, predictions="pred", score="prob", reference={"sex": "male"})
    walked = walk(prepare(question), set_stage(question.policy))
    found = answer(walked)
    assert found["verdict"] == "BLOCKED"
    assert item(found, "explainability/")["outcome"] == item(found, "pii/")["outcome"] == "ERROR"
    assert float(item(found, "performance/performance.auc/")["value"]) > 0.7
    assert found["version"]["evaluated_on_rows"] == found["rows"] == 240
    assert found["ledger"]["valid"]
    assert Approval.objects.count() == 0
    for group, counts in _by_hand("sex").items():
        shown = next(one for one in found["groups"][0]["groups"] if one["group"] == group)
        assert (shown["tn"], shown["fp"], shown["fn"], shown["tp"]) == counts
    text = tell(found)
    assert "VERDICT  BLOCKED" in text
    assert found["groups"][0]["groups"][0]["selection_rate"] in text
    locally, _ = _measured_locally(walked, read_subject(question, train=None, model=None, threshold=None))
    for name, report in walked.reports.items():  # what is not there is not there for a reason of its own
        assert locally[name] == {
            **report,
            **({"reason": locally[name]["reason"]} if report["status"] != "MEASURED" else {}),
        }


def _by_hand(attribute):
    rows = loans()
    cells = {}
    for group in {row[attribute] for row in rows}:
        chosen = [row for row in rows if row[attribute] == group]
        table = confusion_matrix(
            [row["outcome"] for row in chosen], [row["pred"] for row in chosen], labels=["bad", "good"]
        )
        cells[group] = tuple(int(count) for count in table.ravel())
    return cells


@pytest.mark.django_db
@pytest.mark.usefixtures("demo_instance")
def test_predictions_decide_although_scores_are_handed_in_beside_them(loans_file):
    found = judged(asked(loans_file, predictions="pred", score="income"))
    alone = [one for one in found["measurements"] if one["metric"] == "performance.selection_rate"]
    said = sum(row["pred"] == "good" for row in loans()) / 240
    assert float(alone[0]["value"]) == pytest.approx(said)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of MLflow's own libraries
@pytest.mark.django_db
@pytest.mark.sandbox
@pytest.mark.usefixtures("demo_instance")
def test_a_baseline_is_trained_judged_on_other_rows_and_never_approved(tmp_path):
    rows = loans(260)
    rows[7]["income"] = rows[200]["income"] = ""
    (tmp_path / "rows.csv").write_text(csv_text(rows))
    found = judged(asked(tmp_path / "rows.csv", ignore=("pred", "prob")))
    assert found["columns"]["features"] == ["income", "debt"]
    assert found["columns"]["not_features"] == {
        "id": "a different value in every row",
        "sex": "sensitive: measured by, not learned from",
        "age": "sensitive: measured by, not learned from",
        "note": "free text: 260 distinct values of 5 words",
        "pred": "left out, as asked",
        "prob": "left out, as asked",
    }
    assert found["version"]["evaluated_on_rows"] == 104
    assert item(found, "performance/performance.auc/")["outcome"] == "PASS"
    assert item(found, "explainability/explainability.additivity_error/")["outcome"] == "PASS"
    assert found["state"] in {"AWAITING_DECISION", "BLOCKED"}
    assert Approval.objects.count() == 0


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of MLflow's own libraries
@pytest.mark.django_db
@pytest.mark.sandbox
@pytest.mark.usefixtures("demo_instance")
def test_a_laptop_reports_of_a_model_and_its_rows_what_the_service_reports(loans_file, tmp_path):
    walked = walk(prepare(asked(loans_file, ignore=("pred", "prob"))), set_stage(None))
    train, judged_rows = split(walked.prepared)
    pq.write_table(judged_rows, tmp_path / "judged.parquet")
    pq.write_table(train, tmp_path / "train.parquet")
    question = replace(walked.prepared.question, file=tmp_path / "judged.parquet", features=walked.features)
    model = checkout_tree(walked.version.content_id, tmp_path / "model")
    subject = read_subject(question, train=tmp_path / "train.parquet", model=model, threshold=None)
    schema = walked.prepared.schema
    subject = replace(subject, evaluation=Rows(judged_rows, schema), trained_on=Rows(train, schema))
    found, needs = _measured_locally(walked, subject)
    for scan in (found["pii"], walked.reports["pii"]):  # the service's also holds masked texts to look at
        del scan["inputs"], scan["seed"]
    assert found == walked.reports
    robustness = [("robustness", {"kinds": ["noise"]})]
    [there] = collect(subject_of(walked.promotion), robustness, lambda _share, _message: None)
    for need in check("robustness").needs({"kinds": ["noise"]}):
        assert needs.resolve(need)[0].digest == there.inputs[need.name]


def _measured_locally(walked, subject):
    """Return the reports of the policy's checks by name, measured under the service's manifest, and the inputs."""
    subject.__dict__.update(manifest=walked.promotion.manifest.document, version=walked.version.digest)
    rules = read_policy(walked.stage.policy.document).checks
    needs = Needs(subject, lambda _text: None)
    return {one.check: one.document() for one in measure_all(needs, rules, settings.PROBITY_CHECKS)}, needs


@pytest.mark.django_db
@pytest.mark.usefixtures("demo_instance")
def test_an_attribute_of_one_group_blocks(tmp_path):
    rows = [{**row, "sex": "male"} for row in loans(80)]
    (tmp_path / "rows.csv").write_text(csv_text(rows))
    found = judged(asked(tmp_path / "rows.csv", predictions="pred", sensitive="sex"))
    blocked = item(found, "fairness/fairness.equalized_odds_difference")
    assert blocked["outcome"] == "ERROR"
    assert "needs two groups; the evaluation rows have sex=male" in blocked["reason"]
    assert found["verdict"] == "BLOCKED"


@pytest.mark.django_db
def test_a_trial_makes_nobody_outside_of_an_instance_of_its_own():
    before = state()
    with pytest.raises(NotATrialError, match="PROBITY_DEMO"):
        set_stage(None)
    assert state() == before


def test_the_split_is_seeded_disjoint_and_keeps_the_shares(loans_file):
    first, second = split(prepare(asked(loans_file))), split(prepare(asked(loans_file)))
    assert [part.to_pylist() for part in first] == [part.to_pylist() for part in second]
    train, evaluation = (set(part.column("id").to_pylist()) for part in first)
    assert (len(train), len(evaluation), train & evaluation) == (144, 96, set())
    other = split(prepare(asked(loans_file, seed=8)))
    assert set(other[0].column("id").to_pylist()) != train


@pytest.mark.parametrize(
    ("labels", "positive", "values", "expected"),
    [
        (["yes", "no"], "yes", ["no", "yes"], [0, 1]),
        (["yes", "no"], "no", ["no", "yes"], [1, 0]),
        (["yes", "no"], "yes", ["0", "1"], [0, 1]),
        (["1", "2"], "2", ["1", "2"], [0, 1]),
        (["1", "2"], "2", ["0", "1"], [0, 1]),
        (["1", "0"], "0", ["0", "1"], [1, 0]),
        (["1.0", "0.0"], "1", ["0.0", "1.0"], [0, 1]),
    ],
)
def test_predictions_are_read_as_labels_or_as_zero_and_one(tmp_path, labels, positive, values, expected):
    rows = [f"{label},{value}" for label, value in zip(labels, values, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["y,p", *rows, *rows]) + "\n")
    prepared = prepare(asked(tmp_path / "rows.csv", target="y", positive=positive, predictions="p", sensitive=""))
    assert prepared.answers.column("prediction").to_pylist() == expected * 2


def test_group_numbers_are_exact_and_leave_out_the_unknown_group():
    sex = group_numbers(parse_cube(CUBE), ["sex"], {})[0]
    missing, female, male = sex["groups"]
    assert sex["reference"] == "male"
    assert (female["selection_rate"], male["selection_rate"]) == ("0.285714", "0.800000")
    assert (female["impact_ratio"], male["impact_ratio"]) == ("0.357143", "1.000000")
    assert missing["impact_ratio"] is None
    assert (female["difference"]["tpr"], female["disparity"]["tpr"]) == ("-0.666667", "0.333333")
    assert female["disparity"]["fnr"] is None
    assert (
        group_numbers(parse_cube(CUBE), ["sex"], {"sex": "female"})[0]["groups"][2]["disparity"]["selection_rate"]
        == "2.800000"
    )


def test_a_reference_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ReferenceGroupError, match=r"no group 'men' .*there are: female, male"):
        group_numbers(parse_cube(CUBE), ["sex"], {"sex": "men"})


def test_a_rate_without_rows_is_absent_and_never_zero():
    rates = rates_of((0, 0, 0, 4))
    assert (six(rates["fpr"]), six(rates["tpr"]), six(rates["fnr"])) == (None, "1.000000", "0.000000")


def _run(*arguments, **environment):
    program = [sys.executable, str(ROOT / "manage.py"), "try", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    return subprocess.run(program, env=kept | environment, capture_output=True, text=True, check=False)


def test_the_command_answers_in_json_keeps_what_it_is_told_to_and_touches_nothing_else(tmp_path, loans_file):
    homes = {"PROBITY_HOME": str(tmp_path / "mine"), "TMPDIR": str(tmp_path)}
    common = (loans_file, "--target", "outcome", "--sensitive", "sex", "--predictions", "pred", "--json")
    done = _run(*common, "--positive", "good", "--home", tmp_path / "kept", **homes)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "BLOCKED"
    assert (tmp_path / "kept" / "probity.sqlite3").exists()
    assert not (tmp_path / "mine" / "probity.sqlite3").exists()
    again = _run(*common, "--positive", "good", "--home", tmp_path / "kept", **homes)
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (2, "home_taken")
    unsaid = _run(*common, **homes)
    assert (unsaid.returncode, json.loads(unsaid.stdout)["error"]["code"]) == (2, "positive_unsaid")
    never = _run(*common, "--positive", "great", **homes)
    assert (never.returncode, json.loads(never.stdout)["error"]["code"]) == (1, "positive_absent")
    assert list(tmp_path.glob("probity-try-*")) == []
