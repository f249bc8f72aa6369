"""What cannot be asked is refused with a sentence before anything is recorded."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance.management.trial.errors import QuestionError
from governance.management.trial.prepare import prepare, split
from governance.management.trial.question import read_references, read_sensitive, read_threshold
from tests.governance.management.conftest import asked, csv_text, loans, state

ROWS = loans(60)


def with_cells(column, change, rows=ROWS):
    return [{**row, column: change(index, row[column])} for index, row in enumerate(rows)]


def refused(question):
    with pytest.raises(ValueError, match=r"\.") as caught:
        split(prepare(question))
    return getattr(caught.value, "code", ""), str(caught.value)


FILES = {
    "a quote that never closes": (csv_text(ROWS)[:-20] + ',"cut off', "open_quote", "is never closed"),
    "a row cut off": (csv_text(ROWS)[:-25], "ragged_row", "line 61 has"),
    "a header alone": (",".join(ROWS[0]) + "\n", "no_rows", "9 columns and 0 rows"),
    "nothing": ("", "empty_file", "the file is empty"),
    "a target that is missing in places": (
        csv_text(with_cells("outcome", lambda index, value: "" if index == 3 else value)),
        "target_refused",
        "is missing in 1 of 60 rows, first in row 4",
    ),
    "a target of one value": (
        csv_text(with_cells("outcome", lambda _index, _value: "good")),
        "target_refused",
        "has 1 different values; it must have 2 to 20",
    ),
    "too few of a class": (
        csv_text(with_cells("outcome", lambda index, _value: "good" if index < 2 else "bad")),
        "too_few_rows",
        "Only 2 rows are of the rarer class",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_judged_is_refused_and_nothing_is_recorded(tmp_path, name):
    text, code, said = FILES[name]
    before = state()
    (tmp_path / "rows.csv").write_text(text)
    assert (found := refused(asked(tmp_path / "rows.csv")))[0] == code
    assert said in found[1]
    assert state() == before


QUESTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such target": ({"target": "outcom"}, "column_absent", "Did you mean 'outcome'?"),
    "no such attribute": ({"sensitive": "gender"}, "column_absent", "The sensitive attribute 'gender' is not a column"),
    "no positive label": ({"positive": None}, "positive_unsaid", "counts as positive: 'bad', 'good'."),
    "a label that never occurs": ({"positive": "great"}, "positive_absent", "'great' does not occur"),
    "too many groups": ({"sensitive": "age"}, "attribute_refused", "Give edges, as in age:30:55."),
    "bands of words": ({"sensitive": "sex:3"}, "attribute_refused", "bands need numbers"),
    "probabilities as predictions": ({"predictions": "prob"}, "predictions_are_probabilities", "--threshold 0.5"),
    "a threshold of words": ({"predictions": "note", "threshold": Decimal(1)}, "scores_refused", "must be numbers"),
    "a threshold of nothing": ({"threshold": Decimal(1)}, "question", "--threshold cuts one column"),
    "a threshold of two columns": (
        {"predictions": "pred", "score": "prob", "threshold": Decimal(1)},
        "question",
        "--threshold cuts one column",
    ),
    "a control that is an attribute": ({"control": read_sensitive("sex")}, "question", "both a sensitive attribute"),
    "a control of too many values": ({"control": read_sensitive("id")}, "attribute_refused", "control feature 'id'"),
    "a reference that has no row": ({"reference": {"sex": "men"}}, "reference_unknown", "there are: female, male"),
    "other words as predictions": ({"predictions": "note"}, "predictions_refused", "60 of 60 predictions"),
    "words as scores": ({"score": "note"}, "scores_refused", "must be numbers"),
    "scores of another scale alone": ({"score": "income"}, "scores_refused", "not between 0 and 1"),
    "the target as a feature": ({"features": ("outcome",)}, "question", "cannot be both the target and a feature"),
    "features beside predictions": ({"predictions": "pred", "features": ("debt",)}, "question", "none is trained"),
    "nothing to learn from": (
        {"ignore": ("income", "debt", "pred", "prob"), "sensitive": "sex,age:40"},
        "no_features",
        "No column is left to learn from",
    ),
    "a reference of no attribute": ({"reference": {"race": "x"}}, "question", "no sensitive attribute"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_that_makes_no_sense_is_refused_and_nothing_is_recorded(tmp_path, name):
    options, code, said = QUESTIONS[name]
    before = state()
    (tmp_path / "rows.csv").write_text(csv_text(ROWS))
    assert (found := refused(asked(tmp_path / "rows.csv", **options)))[0] == code
    assert said in found[1]
    assert state() == before


def test_a_truncated_parquet_file_is_refused(tmp_path):
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    file.write_bytes(file.read_bytes()[:-100])
    assert refused(asked(file)) == (
        "truncated",
        f"rows.parquet: the Parquet file is truncated; its {file.stat().st_size} bytes do not end with the footer.",
    )


def test_missing_predictions_are_not_taken_for_negative_ones(tmp_path):
    (tmp_path / "rows.csv").write_text(csv_text(with_cells("pred", lambda i, value: "" if i == 9 else value)))
    code, said = refused(asked(tmp_path / "rows.csv", predictions="pred"))
    assert (code, "first in row 10" in said) == ("predictions_refused", True)


@pytest.mark.parametrize("text", ["age:young", "age:55:30", "age:30:30", ":30", "sex,sex", "age:NaN", "age:inf"])
def test_attributes_are_read_strictly(text):
    with pytest.raises(QuestionError, match="--sensitive"):
        read_sensitive(text)


@pytest.mark.parametrize("text", ["half", "NaN", "inf"])
def test_thresholds_are_read_strictly(text):
    with pytest.raises(QuestionError, match="--threshold"):
        read_threshold(text)


@pytest.mark.parametrize("word", ["sex", "sex=", "=male"])
def test_references_are_read_strictly(word):
    with pytest.raises(QuestionError, match="attribute=group"):
        read_references([word])
