import json
import random
import string
from dataclasses import replace

import pyarrow as pa
import pytest

from privacy.scan.scan import ColumnNamePersonalError, ScanError, scan
from registry.canonical import canonical
from registry.checks import Cancelled
from tests.privacy.patients import NUMERIC, PERSONAL, SCHEMA, patients


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_made_up_identities_are_found_and_measurements_are_clean(engine, seed, no_network):
    document = scan(patients(seed), SCHEMA, engine=engine)
    columns = {one["name"]: one for one in document["columns"]}
    assert document["complete"] is True
    for name, expected in PERSONAL.items():
        assert (columns[name]["verdict"], columns[name]["label"]) == expected
        assert columns[name]["entities"][expected[1]]["cells"] == 60
    assert columns["note"]["verdict"] == "CONTAINS"
    assert set(columns["note"]["entities"]) == {"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER"}
    for name in (*NUMERIC, "sex", "patient_id"):
        assert columns[name]["verdict"] == "CLEAN", columns[name]


def test_the_document_is_canonical_and_the_same_each_time(engine):
    first, second = (canonical(scan(patients(1), SCHEMA, engine=engine, dataset="d")) for _ in range(2))
    assert first == second


def test_the_document_does_not_depend_on_the_order_of_rows_or_on_chunks(engine):
    table = patients(2)
    turned = pa.concat_tables([table.slice(30), table.slice(0, 30)])
    assert scan(turned, SCHEMA, engine=engine) == scan(table, SCHEMA, engine=engine)


def test_the_document_says_what_the_schema_declares_and_which_engine_looked(engine):
    document = scan(patients(1, 5), SCHEMA, engine=engine, dataset="abc")
    kinds = {one["name"]: one["declared"] for one in document["columns"]}
    assert (kinds["patient_id"], kinds["bmi"], kinds["note"], kinds["progression"], kinds["ssn"]) == (
        "identifier",
        "feature",
        "text",
        "target",
        "ignore",
    )
    assert document["engine"] == engine.describe()
    assert (document["dataset"], document["rows"]) == ("abc", 5)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_raw_value_stands_in_the_document(engine, seed):
    table = patients(seed)
    text = json.dumps(scan(table, SCHEMA, engine=engine), ensure_ascii=False)
    for name in (*PERSONAL, "note"):
        for value in table[name].to_pylist():
            assert value not in text
            assert not any(
                part in text for part in value.split() if len(part) > 4 and part[0].isupper() and name == "name"
            )


def test_a_cell_over_its_budget_makes_the_scan_incomplete(engine):
    document = scan(pa.table({"a": ["x" * 200], "b": ["y"]}), {}, engine=replace(engine, longest_cell=100))
    assert document["complete"] is False
    assert [(one["column"], one["code"]) for one in document["problems"]] == [("a", "cell_not_analysed")]


def test_a_table_without_rows_is_not_a_complete_scan(engine):
    document = scan(pa.table({"a": pa.array([], type=pa.string())}), {}, engine=engine)
    assert (document["complete"], document["problems"][0]["code"]) == (False, "no_rows")


def test_a_declared_column_that_the_table_lacks_makes_the_scan_incomplete(engine):
    document = scan(patients(1, 5).drop_columns(["note"]), SCHEMA, engine=engine)
    assert [(one["column"], one["code"]) for one in document["problems"]] == [("note", "column_missing")]
    assert document["complete"] is False


@pytest.mark.parametrize("name", ["jo.lee@example.org", "219-09-9999", "(415) 555-2671"])
def test_a_header_that_is_personal_data_is_refused_without_repeating_it(engine, name):
    with pytest.raises(ColumnNamePersonalError, match="name of column 2") as caught:
        scan(pa.table({"a": ["x"], name: ["y"]}), {}, engine=engine)
    assert name not in str(caught.value)


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(engine, threshold):
    with pytest.raises(ScanError, match="above 0 and at most 1"):
        scan(patients(1, 2), SCHEMA, engine=engine, threshold=threshold)


def test_a_higher_threshold_finds_less(engine):
    table = pa.table({"reach": ["(415) 555-2671", "212-555-0142"]})
    assert scan(table, {}, engine=engine)["columns"][0]["verdict"] == "IS"
    assert scan(table, {}, engine=engine, threshold=0.5)["columns"][0]["verdict"] == "CLEAN"


def test_progress_rises_to_one_and_can_cancel(engine):
    seen = []
    scan(patients(1, 5), SCHEMA, engine=engine, progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _message in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def cancel(_share, _message):
        raise Cancelled

    with pytest.raises(Cancelled):
        scan(patients(1, 5), SCHEMA, engine=engine, progress=cancel)


def test_any_text_can_be_scanned(engine):
    source = random.Random(17)  # noqa: S311 - made-up data, the same each time
    alphabet = string.printable + "éßñŁøİ\u0131\u017fK\u200b\u0664\U0001f600\ud7ff漢字"
    parts = ["Ann Lee", "@", "a@b.com", "212-555-", "::", "http://", "<PERSON>", "\n", "Dr ", "+", "1" * 30, "." * 50]
    cells = ["".join(source.choices([*alphabet, *parts], k=source.randint(0, 40))) for _ in range(150)]
    document = scan(pa.table({"a": [*cells, None, "." * 4000]}), {}, engine=engine)
    assert document["complete"] is True
    assert document["columns"][0]["cells"] == 151
    canonical(document)
