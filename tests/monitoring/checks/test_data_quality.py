"""Each defect of rows is counted against pandas by hand, and rows without one show none."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring.checks.data_quality import check
from monitoring.statistics.data.fingerprints import fingerprints
from registry.checks import ParameterError, Status
from tests.monitoring.checks.inputs import Collected, measure, one

SCHEMA = {
    "target": "y",
    "positive": "yes",
    "features": [
        {"name": "bmi", "kind": "numeric", "low": "10", "high": "80"},
        {"name": "site", "kind": "categorical", "values": ["north", "south"]},
        {"name": "dose", "kind": "numeric"},
    ],
    "identifiers": ["id"],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex"}],
    "ignore": [],
}


def _rows(n=300, seed=0, start=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"p{start + number}" for number in range(n)],
            "bmi": rng.normal(25, 4, n),
            "site": rng.choice(["north", "south"], n),
            "dose": rng.normal(5, 1, n),
            "sex": rng.choice(["f", "m"], n),
            "y": rng.choice(["yes", "no"], n),
        }
    )


def _measure(train, evaluate=None, schema=SCHEMA, **parameters):
    tables = {"rows_train": train, "rows_evaluate": _rows(100, 1, 1000) if evaluate is None else evaluate}
    given = {name: pa.Table.from_pandas(table, preserve_index=False) for name, table in tables.items()}
    return measure(check, Collected(schema=schema, **given), **parameters)


def _value(found, name, group=""):
    return float(one(found, f"data_quality.{name}", group).value)


def _changed(**columns):
    return _rows().assign(**columns)


def test_rows_without_a_defect_show_none():
    found = _measure(_rows())
    names = (
        "missing_share",
        "out_of_range_share",
        "constant_columns",
        "absent_columns",
        "duplicate_share",
        "label_conflict_share",
        "repeated_id_share",
        "leaking_columns",
        "overlap_share",
        "id_overlap_share",
    )
    for name in names:
        assert _value(found, name) == 0, name
    assert _value(found, "target_strength") < 0.65
    assert _value(found, "smallest_class_share") > 0.4
    assert (_value(found, "rows"), _value(found, "rows", "role=train")) == (100, 300)
    assert found.findings == ()


def _doubled():
    return pd.concat([_rows(), _rows().iloc[:30].assign(id=[f"q{number}" for number in range(30)])])


def _contradicted():
    other = _rows().iloc[:20].assign(id=[f"q{number}" for number in range(20)])
    return pd.concat([_rows(), other.assign(y=np.where(other.y == "yes", "no", "yes"))])


BMI = _rows().bmi.to_numpy()
DEFECTS = [
    ("missing_share", "column=dose", _changed(dose=[None] * 60 + [1.0, 2.0] * 120), 0.2, None),
    ("missing_share", "column=site", _changed(site=[None] * 30 + ["north", "south"] * 135), 0.1, None),
    (
        "out_of_range_share",
        "column=bmi",
        _changed(bmi=[5.0, 90.0, 10.0] + [20.0, 80.0, 30.0] * 99),
        2 / 300,
        "values_out_of_range",
    ),
    (
        "out_of_range_share",
        "column=site",
        _changed(site=["east"] * 3 + ["north", "south", "south"] * 99),
        0.01,
        "values_out_of_range",
    ),
    (
        "out_of_range_share",
        "column=dose",
        _changed(dose=[np.inf] * 3 + [1.0, 2.0, 3.0] * 99),
        0.01,
        "values_out_of_range",
    ),
    ("constant_columns", "", _changed(dose=1.0), 1, "column_constant"),
    ("constant_columns", "role=train", _changed(site="north", dose=None), 2, "column_constant"),
    ("absent_columns", "", _rows().drop(columns="dose"), 1, "column_absent"),
    ("duplicate_share", "", _doubled(), 30 / 330, "rows_duplicated"),
    ("label_conflict_share", "role=train", _contradicted(), 40 / 320, "labels_conflict"),
    (
        "repeated_id_share",
        "",
        _changed(id=["p0"] * 4 + [f"q{number}" for number in range(296)]),
        0.01,
        "identifiers_repeated",
    ),
    ("leaking_columns", "", _changed(dose=np.where(_rows().y == "yes", 1.0, 0.0) + 0.1), 1, "column_leaks"),
    ("leaking_columns", "", _changed(site=np.where(_rows().y == "yes", "north", "south")), 1, "column_leaks"),
    ("leaking_columns", "", _changed(dose=np.where(_rows().y == "yes", np.nan, BMI)), 1, "column_leaks"),
    ("smallest_class_share", "role=train", _changed(y=["yes"] * 3 + ["no"] * 297), 0.01, None),
    ("smallest_class_share", "role=train", _changed(y="no"), 0, None),
]


@pytest.mark.parametrize(("metric", "group", "train", "value", "code"), DEFECTS)
def test_a_defect_is_counted_where_it_is(metric, group, train, value, code):
    found = _measure(train)
    assert _value(found, metric, group) == pytest.approx(value)
    if code:
        assert code in {item.code for item in found.findings}
    if group:
        worst = min if metric == "smallest_class_share" else max
        assert worst(_value(found, metric), value) == pytest.approx(_value(found, metric))


def test_evaluation_rows_and_persons_that_were_trained_on_are_counted():
    evaluate = pd.concat([_rows().iloc[:25].assign(id=[f"z{number}" for number in range(25)]), _rows(75, 5, 2000)])
    found = _measure(_rows(), evaluate)
    assert (_value(found, "overlap_share"), _value(found, "id_overlap_share")) == (0.25, 0.0)
    found = _measure(_rows(), _rows(100, 5, 250))
    assert (_value(found, "overlap_share"), _value(found, "id_overlap_share")) == (0.0, 0.5)
    assert "id_overlap_found" in {item.code for item in found.findings}


def test_amounts_and_several_classes_leak_as_well():
    amounts = _rows().assign(y=BMI * 3 + np.random.default_rng(1).normal(0, 0.01, 300))
    regression = {**SCHEMA, "task": "regression", "positive": ""}
    found = _measure(amounts, _rows(100, 1, 1000).assign(y=np.arange(100.0)), regression)
    assert _value(found, "target_strength", "column=bmi") > 0.99
    assert one(found, "data_quality.smallest_class_share").status is Status.NOT_APPLICABLE
    bands = np.array(["a", "b", "c"])[np.digitize(BMI, [23, 27])]
    found = _measure(_changed(y=bands), schema={**SCHEMA, "task": "multiclass", "positive": ""}, roles=["train"])
    assert _value(found, "target_strength", "column=bmi") == 1


def test_an_identifier_as_a_category_tells_nothing_of_the_target():
    found = _measure(_changed(site=[f"s{number}" for number in range(300)]))
    assert _value(found, "target_strength", "column=site") < 0.6


def test_without_declared_ranges_or_identifiers_it_does_not_apply():
    schema = {**SCHEMA, "features": [{"name": "bmi", "kind": "numeric"}], "identifiers": []}
    found = _measure(_rows(), schema=schema)
    for name in ("out_of_range_share", "repeated_id_share", "id_overlap_share"):
        assert one(found, f"data_quality.{name}").status is Status.NOT_APPLICABLE
    only = _measure(_rows(), roles=["train"])
    assert one(only, "data_quality.overlap_share").status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("train", "schema", "code"),
    [
        (_rows().iloc[:0], SCHEMA, "rows_empty"),
        (_rows().drop(columns="y"), SCHEMA, "column_missing"),
        (_rows(), {**SCHEMA, "features": [{"name": "bmi", "kind": "numeric", "low": 10}]}, "feature_range"),
        (
            _rows(),
            {**SCHEMA, "features": [{"name": "bmi", "kind": "numeric", "low": "9", "high": "8"}]},
            "feature_range",
        ),
        (_rows(), {**SCHEMA, "features": [{"name": "bmi", "kind": "numeric", "values": "x"}]}, "feature_range"),
        (_rows(), {**SCHEMA, "task": "ranking"}, "task_unknown"),
    ],
)
def test_rows_or_a_schema_that_cannot_be_read_are_an_error_with_a_code(train, schema, code):
    found = _measure(train, schema=schema)
    assert (found.status, [item.code for item in found.findings]) == (Status.ERROR, [code])
    assert found.measurements == ()


def test_an_unknown_role_is_refused():
    with pytest.raises(ParameterError, match="calibrate"):
        check.needs({"roles": ["calibrate"]})


def test_a_missing_target_is_missing_and_no_class():
    found = _measure(_changed(y=[None] * 30 + ["yes", "no"] * 135))
    assert _value(found, "missing_share", "column=y") == pytest.approx(0.1)
    assert _value(found, "smallest_class_share", "role=train") == pytest.approx(135 / 300)


def test_no_value_of_a_row_is_in_the_report():
    found = _measure(_changed(site=["Casey Sample"] * 3 + ["north", "south", "south"] * 99, id=["p-secret"] * 300))
    assert "Casey" not in str(found)
    assert "p-secret" not in str(found)


def test_rows_are_equal_by_value_and_not_by_type():
    first = pa.table({"a": [1, 0, None], "b": ["x", "", None]})
    second = pa.table({"a": [1.0, -0.0, float("nan")], "b": ["x", "", None]})
    assert fingerprints(first, ["a", "b"]).tolist() == fingerprints(second, ["a", "b"]).tolist()
    assert len(set(fingerprints(pa.table({"a": [1, 2, 1, 2], "b": ["x", "x", "y", "y"]}), ["a", "b"]).tolist())) == 4
    assert len(set(fingerprints(pa.table({"a": ["p", "q"], "b": ["q", "p"]}), ["a", "b"]).tolist())) == 2
