"""Control features: declared in a schema, checked against its rows, and handed to checks beside the groups."""

import pyarrow as pa
import pytest

from governance.promotion.needs.tables import labels_and_groups
from registry.register.datasets import DatasetRegistrationError, check_schema
from tests.monitoring.checks.inputs import SCHEMA

ROWS = pa.table(
    {"y": ["1", "0"], "bmi": [20.0, 30.0], "bp": [80.0, 90.0], "sex": ["1", "2"], "age": [50, 60], "ward": [3, None]}
)


def _schema(**controls):
    return {**SCHEMA, "controls": [{"name": "ward", "column": "ward", **controls}]}


def test_a_control_is_a_column_of_its_own_and_no_group():
    columns = labels_and_groups(ROWS, _schema())
    assert columns["control:ward"].to_pylist() == ["3", "(missing)"]
    assert labels_and_groups(ROWS, _schema(bins=["2"]))["control:ward"].to_pylist() == [">=2", "(missing)"]
    assert set(labels_and_groups(ROWS, SCHEMA)) == set(columns) - {"control:ward"}


def test_a_schema_may_declare_controls_that_the_file_holds():
    check_schema(_schema(), ROWS)
    with pytest.raises(DatasetRegistrationError, match="the control feature 'department' is not a column"):
        check_schema(_schema(column="department"), ROWS)
    with pytest.raises(DatasetRegistrationError, match="and, if need be"):
        check_schema({**SCHEMA, "control": []}, ROWS)
