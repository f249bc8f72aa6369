import random

import pyarrow as pa
import pytest

from privacy.scan.columns import judge, judge_part
from privacy.scan.distinct import LIMIT, Distinct, hashed
from privacy.scan.engine import Hit
from privacy.scan.groups import ColumnPart, Value
from privacy.scan.scan import ScanError, TablePart, document, scan, scan_part
from tests.privacy.patients import SCHEMA, patients


def test_different_values_are_counted_exactly_up_to_the_limit():
    counted = Distinct()
    for number in range(LIMIT):
        counted.add(hashed(str(number), b"key"))
        counted.add(hashed(str(number // 2), b"key"))
    assert len(counted) == LIMIT


@pytest.mark.parametrize("count", [2 * LIMIT, 5 * LIMIT])
def test_beyond_the_limit_the_count_is_near_and_does_not_depend_on_the_parts(count):
    hashes = [hashed(str(number), b"key") for number in range(count)]
    whole, parts = Distinct(hashes), Distinct()
    for start in range(0, count, 3000):
        part = Distinct()
        for one in reversed(hashes[max(start - 500, 0) : start + 3000]):
            part.add(one)
        parts.merge(part)
    assert len(parts) == len(whole)
    assert abs(len(parts) / count - 1) < 0.03


def test_hashes_depend_on_the_key():
    assert hashed("a", b"1") != hashed("a", b"2")


@pytest.mark.parametrize("rows", [7, 20, 60])
def test_parts_in_any_order_give_the_document_of_the_whole(engine, rows):
    table = patients(3)
    whole = scan(table, SCHEMA, engine=engine, dataset="d")
    parts = [scan_part(table.slice(at, rows), engine=engine, dataset="d") for at in range(0, table.num_rows, rows)]
    random.Random(1).shuffle(parts)  # noqa: S311 - the same each time
    merged = TablePart()
    for part in parts:
        merged.merge(part)
    assert document(merged, table.schema, SCHEMA, engine=engine, dataset="d") == whole


def test_a_record_batch_is_a_part(engine):
    table = patients(3)
    (batch,) = table.to_batches()
    parts = [scan_part(one, engine=engine) for one in (batch, table)]
    first, second = (document(part, table.schema, SCHEMA, engine=engine) for part in parts)
    assert first == second


def test_no_value_is_in_a_part(engine):
    table = patients(4)
    text = repr(scan_part(table, engine=engine))
    for name in ("name", "email", "phone", "ssn", "note"):
        assert not [value for value in table[name].to_pylist() if value in text]


def test_a_part_that_ran_out_of_time_is_a_problem_of_the_whole(engine):
    table = pa.table({"mail": [f"jo{number}@example.org" for number in range(60)]})
    whole = scan_part(table.slice(0, 30), engine=engine)
    whole.merge(scan_part(table.slice(30), engine=engine, seconds=-1.0))
    found = document(whole, table.schema, {}, engine=engine)
    assert (found["complete"], found["problems"][0]["column"]) == (False, "mail")
    assert "ran out before all values were looked at" in found["problems"][0]["message"]


def test_a_part_refuses_a_threshold_out_of_range(engine):
    with pytest.raises(ScanError, match="above 0 and at most 1"):
        scan_part(patients(1, 2), engine=engine, threshold=2)


VALUES = [
    Value("219-09-9999", 2, (Hit(0, 11, "US_SSN", 0.85), Hit(0, 11, "PHONE_NUMBER", 0.4))),
    Value(
        "call 212-555-0142 or jo@example.org", 1, (Hit(5, 17, "PHONE_NUMBER", 0.4), Hit(21, 35, "EMAIL_ADDRESS", 1.0))
    ),
    Value("jo@example.org, jo@example.org", 3, (Hit(0, 14, "EMAIL_ADDRESS", 1.0), Hit(16, 30, "EMAIL_ADDRESS", 1.0))),
    Value("nothing", 5),
    Value(" ", 4),
]


@pytest.mark.parametrize("name", ["a", "phone", "ssn", "amount", "full_name", "birth_date"])
def test_a_column_is_judged_alike_from_its_parts(name):
    parts = [ColumnPart(name), ColumnPart(name)]
    for index, value in enumerate([*VALUES, VALUES[0]]):
        parts[index % 2].gather([value], b"k")
        parts[index % 2].cells += value.cells
    whole = ColumnPart(name)
    for part in parts:
        whole.merge(part)
    merged = [*VALUES[1:], Value(VALUES[0].text, 4, VALUES[0].hits)]
    assert judge_part(whole).document() == judge(name, merged, whole.cells).document()
