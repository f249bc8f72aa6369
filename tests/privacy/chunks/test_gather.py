"""What is gathered in parts, kept as bytes and merged in any order gives the report of the whole; no value is in it."""

import random
import zlib

import pyarrow as pa
import pytest

from privacy.chunks.gather import Gathered, gather, pack, unpack
from privacy.chunks.highlights import highlights, pieces
from privacy.scan.hits import Hit
from privacy.scan.operator_parameters import check
from privacy.scan.recipe_errors import RecipeColumnError
from privacy.scan.scan import ColumnNamePersonalError, scan
from tests.privacy.patients import SCHEMA, patients

KEY = "k" * 32


def gathered(table, engine) -> Gathered:
    return gather([table], engine=engine, key=KEY, progress=lambda: None)


def test_parts_in_any_order_give_the_report_of_the_whole(engine):
    table = patients(3, 90)
    parts = [pack(gathered(table.slice(start, 17), engine)) for start in range(0, 90, 17)]
    whole = scan(table, SCHEMA, engine=engine, dataset="d")
    for seed in range(3):
        random.Random(seed).shuffle(parts)  # noqa: S311
        merged = Gathered()
        for part in parts:
            merged.merge(unpack(part))
        merged = unpack(pack(merged))
        assert merged.document(SCHEMA, engine=engine, dataset="d") == whole


def test_what_is_kept_holds_no_value(engine):
    table = patients(4, 40)
    kept = zlib.decompress(pack(gathered(table, engine))).decode()
    for column in ("name", "email", "phone", "ssn", "note"):
        for value in table[column].to_pylist():
            assert value not in kept


def test_a_column_may_have_another_type_in_another_part_or_be_missing(engine):
    one = gathered(pa.table({"a": [1], "b": pa.nulls(1)}), engine)
    one.merge(gathered(pa.table({"a": ["x"], "b": [1.5], "c": [True]}), engine))
    document = one.document({}, engine=engine, dataset="")
    assert [(column["name"], column["type"]) for column in document["columns"]] == [
        ("a", "int64 or string"),
        ("b", "double"),
        ("c", "bool"),
    ]


def test_a_nested_column_is_told_without_the_names_of_its_fields(engine):
    mail = "marked.astrid@hidden-example.org"
    code = pa.array(["x"]).dictionary_encode()
    table = pa.table({"who": [{mail: 1, "more": [{mail: "x"}]}], "all": [[mail]], "code": code})
    found = gathered(table, engine)
    whole = found.document({}, engine=engine, dataset="")
    assert {one["name"]: one["type"] for one in whole["columns"]} == {"who": "struct", "all": "list", "code": "string"}
    assert {one["verdict"] for one in whole["columns"][:2]} <= {"IS", "CONTAINS"}
    assert mail not in str(whole)
    assert mail not in zlib.decompress(pack(found)).decode()
    with pytest.raises(RecipeColumnError, match=r"needs text, not struct\.$"):
        check({"name": "who", "operator": "mask", "entity": "", "parameters": {}}, table.schema)


def test_a_header_that_is_a_value_is_refused_before_anything_is_kept(engine):
    with pytest.raises(ColumnNamePersonalError):
        gathered(pa.table({"jane@example.org": ["x"]}), engine)


def test_highlights_show_the_form_of_a_text_and_mask_what_was_found(engine):
    texts = pa.chunked_array([["call Jane at jane.roe@example.org today", "nothing"]])
    [shown] = highlights(texts, "note", {"EMAIL_ADDRESS": {}}, engine)
    assert "".join(piece["text"] for piece in shown) == "···· ···· ·· j***@*** ·····"
    assert [piece["entity"] for piece in shown] == ["", "EMAIL_ADDRESS", ""]


def test_overlapping_findings_are_shown_once():
    hits = [Hit(0, 4, "PERSON", 0.5), Hit(2, 4, "URL", 0.5), Hit(6, 8, "URL", 0.5)]
    assert [piece["entity"] for piece in pieces("Jane, ab.", hits)] == ["PERSON", "", "URL", ""]
