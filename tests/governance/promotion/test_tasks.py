"""Predictions of several classes and of amounts that are handed in become what the checks read, or are refused."""

import pyarrow as pa
import pytest

from governance.promotion.needs.tables import PredictionsError, handed_in_table, predictions_table
from monitoring.checks.performance import check
from registry.register.datasets import DatasetRegistrationError, check_schema
from tests.monitoring.checks.inputs import Collected, measure, one

SCHEMA = {
    "target": "y",
    "positive": "",
    "features": [{"name": "x", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex"}],
    "ignore": [],
}
CLASSES, AMOUNTS = {**SCHEMA, "task": "multiclass"}, {**SCHEMA, "task": "regression"}
ROWS = {"x": list(range(12)), "sex": ["f", "m"] * 6}
BANDS = pa.table({**ROWS, "y": ["low", "mid", "top"] * 4})
SUMS = pa.table({**ROWS, "y": [float(number) for number in range(12)]})


def test_classes_that_were_handed_in_are_measured():
    given = pa.table(
        {"prediction": ["low", "mid", "mid"] * 4, **{f"score:{name}": [1 / 3] * 12 for name in ("low", "mid", "top")}}
    )
    table = handed_in_table(given, BANDS, CLASSES, 0.5)
    assert set(table.column_names) >= {"row", "label", "prediction", "score:low", "group:sex"}
    found = measure(check, Collected(predictions=table, schema=CLASSES))
    assert float(one(found, "performance.accuracy").value) == pytest.approx(2 / 3)
    assert float(one(found, "performance.class_recall", "class=top").value) == 0


def test_amounts_that_were_handed_in_are_measured_whatever_their_type():
    for answers in ([number + 1 for number in range(12)], [number + 1.0 for number in range(12)]):
        table = handed_in_table(pa.table({"prediction": answers}), SUMS, AMOUNTS, 0.5)
        found = measure(check, Collected(predictions=table, schema=AMOUNTS))
        assert (one(found, "performance.mae").value, one(found, "performance.bias").value) == ("1", "1")


@pytest.mark.parametrize(
    ("given", "source", "schema"),
    [
        ({"score": [0.5] * 12}, BANDS, CLASSES),
        ({"score": [0.5] * 12}, SUMS, AMOUNTS),
        ({"prediction": ["low"] * 12}, SUMS, AMOUNTS),
        ({"prediction": ["low"] * 12}, BANDS, {**SCHEMA, "positive": "low"}),
        ({"prediction": [3.7] * 12}, BANDS, {**SCHEMA, "positive": "low"}),
        ({"prediction": ["low"] * 11}, BANDS, CLASSES),
    ],
)
def test_answers_of_another_task_or_to_other_rows_are_refused(given, source, schema):
    with pytest.raises(PredictionsError) as refused:
        handed_in_table(pa.table(given), source, schema, 0.5)
    assert refused.value.code in {"predictions_task", "predictions_rows"}


def test_a_model_is_asked_for_one_of_two_classes_alone():
    with pytest.raises(PredictionsError, match="hand in its predictions"):
        predictions_table(SUMS, AMOUNTS, [0.5] * 12, 0.5)


@pytest.mark.parametrize(
    ("table", "schema", "words"),
    [
        (BANDS, CLASSES, ""),
        (SUMS, AMOUNTS, ""),
        (BANDS, {**SCHEMA, "positive": "low"}, ""),
        (BANDS, SCHEMA, "positive label"),
        (BANDS, {**CLASSES, "positive": "low"}, "no positive label"),
        (BANDS, AMOUNTS, "not numbers"),
        (BANDS, {**SCHEMA, "task": "ranking"}, "one of binary, multiclass, regression"),
        (SUMS.set_column(2, "y", pa.array([1.0] * 12)), AMOUNTS, "one value only"),
    ],
)
def test_a_schema_says_what_its_target_is(table, schema, words):
    if not words:
        check_schema(schema, table)
        return
    with pytest.raises(DatasetRegistrationError, match=words):
        check_schema(schema, table)
