"""How far a column moved, and what a small model makes of the rows."""

import datetime as dt

import pyarrow as pa
import pytest

from privacy.utility import baseline_auc, column_changes

CASES = {
    "equal numbers": ([1, 2, 3, 4], [1, 2, 3, 4], ("kolmogorov_smirnov", "0", "0")),
    "all moved": ([1, 2, 3, 4], [11, 12, 13, 14], ("kolmogorov_smirnov", "1", "1")),
    "half moved": ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 13.0, 14.0], ("kolmogorov_smirnov", "0.5", "0.5")),
    "all gone": ([1, 2], [None, None], ("kolmogorov_smirnov", "1", "1")),
    "dates": (
        [dt.date(2020, 1, 1)] * 2,
        [dt.date(2020, 1, 1), dt.date(2021, 1, 1)],
        ("kolmogorov_smirnov", "0.5", "0.5"),
    ),
    "consistent names": (["a", "a", "b", "c"], ["x", "x", "y", "z"], ("total_variation", "0", "1")),
    "one name for all": (["a", "b", "c", "d"], ["x"] * 4, ("total_variation", "0.75", "1")),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=list(CASES))
def test_distances(before, after, expected):
    old = pa.table({"a": before})
    (told,) = column_changes(old, pa.table({"a": pa.array(after, type=old["a"].type)}))
    assert (told["measure"], told["distance"], told["changed"]) == expected


def test_a_dropped_column_has_no_distance():
    assert column_changes(pa.table({"a": [1]}), pa.table({})) == [{"column": "a", "dropped": True}]


def test_a_baseline_sees_what_is_left_of_the_signal():
    rows = 120
    table = pa.table(
        {"x": [float(row % 10) for row in range(rows)], "kind": ["a", "b", None] * (rows // 3)}
        | {"y": [str(int(row % 10 > 4)) for row in range(rows)]}
    )
    schema = {"target": "y", "positive": "1", "features": [{"name": "x"}, {"name": "kind"}]}
    assert baseline_auc(table, schema) == ("1", "")
    without = table.set_column(0, "x", pa.array([None] * rows, pa.float64()))
    assert float(baseline_auc(without, schema)[0]) < 0.8
    assert baseline_auc(table.slice(0, 9), schema) == (None, "a class has fewer than 6 rows")
    assert baseline_auc(table.select(["y"]), schema)[0] is None
