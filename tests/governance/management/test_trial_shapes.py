"""Files of the shapes that public data comes in: what is printed equals Fairlearn's and pandas' own numbers."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)

from governance.management.trial.errors import TrialError
from governance.management.trial.numbers import numbers
from governance.management.trial.prepare import prepare
from governance.management.trial.question import Question, read_sensitive
from governance.promotion.needs.tables import labels_and_groups

RATES = {"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
RATES["fnr"] = false_negative_rate


def recidivism(rows=900):
    """Decile scores, outcomes 0 and 1, six races of very different size."""
    rng = np.random.default_rng(1)
    races = ["African-American", "Caucasian", "Hispanic", "Other", "Asian", "Native American"]
    race = rng.choice(races, rows, p=[0.5, 0.34, 0.08, 0.05, 0.02, 0.01])
    decile = np.clip(rng.integers(1, 11, rows) + (race == races[0]), 1, 10)
    return pd.DataFrame(
        {
            "id": range(rows),
            "race": race,
            "sex": rng.choice(["Male", "Female"], rows),
            "decile_score": decile,
            "two_year_recid": (rng.random(rows) < 0.2 + 0.05 * decile).astype(int),
        }
    )


def incomes(rows=900):
    """Labels with signs, a mark for what is unknown, ages as numbers, probabilities of four digits."""
    rng = np.random.default_rng(2)
    score = rng.random(rows).round(4)
    return pd.DataFrame(
        {
            "age": rng.integers(17, 91, rows),
            "race": rng.choice(["White", "Black", "Amer-Indian-Eskimo", "?"], rows, p=[0.85, 0.1, 0.02, 0.03]),
            "sex": rng.choice(["Male", "Female"], rows),
            "prob": score,
            "said": np.where(score >= 0.6, ">50K", "<=50K"),
            "income": np.where(rng.random(rows) < score, ">50K", "<=50K"),
        }
    )


def coded_loans(rows=400):
    """Labels 1 and 2, attributes as codes, missing groups."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "status": rng.choice(["A91", "A92", "A93", "A94"], rows),
            "age": rng.integers(19, 76, rows),
            "foreign": rng.choice(["yes", "no", None], rows, p=[0.8, 0.15, 0.05]),
            "approved": rng.choice(["Yes", "No"], rows),
            "risk": rng.choice([1, 2], rows, p=[0.7, 0.3]),
        }
    )
    frame["flag"] = frame["approved"] == "Yes"
    return frame


def answered(file, target, positive, sensitive, **more):
    """What is printed of the groups of a file, without a database."""
    question = Question(file, target, positive, read_sensitive(sensitive), **more)
    prepared = prepare(question)
    table = labels_and_groups(prepared.table, prepared.schema) | {
        name: prepared.answers.column(name) for name in prepared.answers.column_names
    }
    return numbers(pa.table(table), question)


def same(found, labels, predictions, groups, reference):
    """Compare the numbers of one attribute with Fairlearn's, to six digits."""
    frame = MetricFrame(
        metrics=RATES | {"n": count}, y_true=labels, y_pred=predictions, sensitive_features=groups
    ).by_group
    assert found["reference"] == reference
    assert [one["group"] for one in found["groups"]] == [str(name) for name in frame.index]
    best = frame["selection_rate"].max()
    for one in found["groups"]:
        expected, base = frame.loc[one["group"]], frame.loc[reference]
        assert one["n"] == expected["n"]
        assert one["impact_ratio"] == f"{expected['selection_rate'] / best:.6f}"
        for name in RATES:
            assert one[name] == f"{expected[name]:.6f}"
            assert float(one["difference"][name]) == pytest.approx(expected[name] - base[name], abs=5.1e-7)
            assert float(one["disparity"][name]) == pytest.approx(expected[name] / base[name], abs=5.1e-7)


@pytest.mark.parametrize(
    ("sign", "name"), [(",", "rows.csv"), (";", "rows.csv"), ("\t", "rows.tsv"), ("|", "rows.csv")]
)
def test_scores_of_any_scale_are_cut_by_a_threshold(tmp_path, sign, name):
    frame = recidivism()
    frame.to_csv(tmp_path / name, sep=sign)  # with the unnamed index that pandas writes
    cut = {"predictions": "decile_score", "threshold": Decimal(5), "reference": {"race": "Caucasian"}}
    race, sex = answered(tmp_path / name, "two_year_recid", "1", "race,sex", **cut)["groups"][:2]
    said = (frame["decile_score"] >= 5).astype(int)
    same(race, frame["two_year_recid"], said, frame["race"], "Caucasian")
    same(sex, frame["two_year_recid"], said, frame["sex"], frame["sex"].value_counts().idxmax())


def test_blanks_after_the_commas_are_no_part_of_names_and_labels(tmp_path):
    frame = incomes()
    (tmp_path / "rows.csv").write_text(frame.to_csv(index=False).replace(",", ", "))
    asked = {"predictions": "said", "reference": {"race": "White", "age": "25-45"}}
    race, age = answered(tmp_path / "rows.csv", "income", ">50K", "race,age:25:45", **asked)["groups"][:2]
    labels, said = frame["income"] == ">50K", frame["said"] == ">50K"
    same(race, labels.astype(int), said.astype(int), frame["race"], "White")
    bands = np.select([frame["age"] < 25, frame["age"] < 45], ["<25", "25-45"], ">=45")
    same(age, labels.astype(int), said.astype(int), bands, "25-45")


def test_a_threshold_that_no_float_holds_cuts_where_it_is_written(tmp_path):
    frame = pd.DataFrame({"y": [0, 1, 0, 1], "p": [0.3, 0.7, 0.29, 0.31], "g": list("aabb")})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for how in ({"predictions": "p"}, {"score": "p"}):
        whole = answered(tmp_path / "rows.csv", "y", "1", "g", threshold=Decimal("0.3"), **how)["whole"]
        assert (whole["tn"], whole["fp"], whole["fn"], whole["tp"]) == (1, 1, 0, 2)
        assert (whole["selection_rate"], whole["precision"]) == ("0.750000", "0.666667")


@pytest.mark.parametrize("column", ["approved", "flag"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_yes_no_and_truth_values_are_decisions_where_labels_are_numbers(tmp_path, suffix, column):
    frame = coded_loans()
    file = tmp_path / f"rows.{suffix}"
    frame.to_csv(file, index=False) if suffix == "csv" else frame.astype({"status": "category"}).to_parquet(file)
    status, foreign = answered(file, "risk", "1", "status,foreign", predictions=column)["groups"][:2]
    labels, said = (frame["risk"] == 1).astype(int), frame["flag"].astype(int)
    same(status, labels, said, frame["status"], frame["status"].value_counts().idxmax())
    missing = next(one for one in foreign["groups"] if one["group"] == "(missing)")
    assert missing["n"] == frame["foreign"].isna().sum() > 0
    assert missing["impact_ratio"] is None
    assert foreign["reference"] == "yes"


def test_rows_without_a_label_or_a_decision_are_left_out_only_when_asked_to(tmp_path):
    frame = coded_loans().astype({"risk": "Int64", "approved": "object"})
    frame.loc[[3, 5], "risk"] = None
    frame.loc[[5, 8], "approved"] = None
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(TrialError, match=r"missing in 2 of 400 rows, first in row 4; .*--skip-missing"):
        answered(tmp_path / "rows.csv", "risk", "1", "status", predictions="approved")
    kept = frame.drop(index=[3, 5, 8])
    status = answered(tmp_path / "rows.csv", "risk", "1", "status", predictions="approved", skip_missing=True)["groups"]
    labels, said = (kept["risk"] == 1).astype(int), (kept["approved"] == "Yes").astype(int)
    same(status[0], labels, said, kept["status"], kept["status"].value_counts().idxmax())


ADMISSIONS = {  # department: group: (rejected, admitted); each department admits more women, the whole fewer
    "easy": {"men": (40, 60), "women": (3, 7)},
    "hard": {"men": (9, 1), "women": (85, 15)},
}


def test_within_a_control_the_comparison_reverses_and_is_standardised(tmp_path):
    rows = [
        {"dept": dept, "sex": sex, "y": place % 2, "p": said}
        for dept, groups in ADMISSIONS.items()
        for sex, counts in groups.items()
        for said, rows_of in enumerate(counts)
        for place in range(rows_of)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    asked = {"predictions": "p", "control": read_sensitive("dept"), "reference": {"sex": "men"}}
    found = answered(tmp_path / "rows.csv", "y", "1", "sex", **asked)
    assert [one["selection_rate"] for one in found["groups"][0]["groups"]] == ["0.554545", "0.200000"]
    by_dept = found["conditional"][0]
    assert [one["stratum"] for one in by_dept["strata"]] == ["dept=easy", "dept=hard"]
    assert [one["disparity"]["selection_rate"] for one in by_dept["strata"][0]["groups"]] == ["1.000000", "1.166667"]
    men, women = by_dept["standardised"]
    assert men["selection_rate"] == "0.350000"  # (0.6 + 0.1) / 2: both departments have 110 applicants
    assert women["selection_rate"] == "0.425000"
    assert women["difference"]["selection_rate"] == "0.075000"
