import copy
import datetime as dt
import re

import pyarrow as pa
import pytest

from privacy.recipe import ANONYMISED, PSEUDONYMISED, apply, propose, recipe_digest, result_class
from privacy.recipe_text import checked, read_recipe
from privacy.scan.keyed import ProjectKey, TokenError
from privacy.scan.recipe_errors import (
    RecipeColumnError,
    RecipeError,
    RecipeKeyError,
    RecipeParameterError,
    RecipeScanError,
)
from privacy.scan.scan import scan
from registry.canonical import canonical
from tests.privacy.patients import NUMERIC, SCHEMA, patients

KEY = ProjectKey(1, b"an entirely made-up project key!")
OTHER = ProjectKey(2, b"another entirely made-up key!!!!")


def recipe(*steps, identifiers=()):
    made = {"format": "probity.recipe/1", "threshold": "0.4", "columns": list(steps), "identifiers": list(identifiers)}
    return made | {"result": result_class(made)}


def step(name, operator, entity="", **parameters):
    return {"name": name, "entity": entity, "operator": operator, "parameters": parameters}


def one(engine, values, operator, entity="", **parameters):
    table = values if isinstance(values, pa.Table) else pa.table({"a": values})
    made = apply(table, recipe(step("a", operator, entity, **parameters)), KEY, engine)
    assert made["a"].type == table["a"].type
    return made["a"].to_pylist()


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_the_proposed_recipe_leaves_a_table_that_scans_clean(engine, seed, no_network):
    table = patients(seed)
    proposed = propose(scan(table, SCHEMA, engine=engine), SCHEMA)
    made = apply(table, proposed, KEY, engine)
    assert made.schema.equals(table.schema)
    assert made.num_rows == table.num_rows
    again = scan(made, SCHEMA, engine=engine)
    assert again["complete"] is True
    assert {(column["name"], column["verdict"], str(column["entities"])) for column in again["columns"]} == {
        (name, "CLEAN", "{}") for name in table.column_names
    }
    for name in (*NUMERIC, "sex", "patient_id"):
        assert made[name].equals(table[name])
    whole = str(made.to_pylist())
    for name in ("name", "email", "phone", "ssn"):
        assert not [value for value in table[name].to_pylist() if value in whole]


def test_a_table_of_every_kind_of_finding_scans_clean_afterwards(engine):
    rows = 40
    table = pa.table(
        {
            "dob": [f"19{40 + row}-03-0{row % 9 + 1}" for row in range(rows)],
            "born": pa.array([dt.date(1940 + row, 3, 4) for row in range(rows)]),
            "zip": [f"{10000 + row}" for row in range(rows)],
            "address": [f"{row + 1} Oak Street" for row in range(rows)],
            "reach": [4155550100 + row for row in range(rows)],
            "card": pa.array(["4111111111111111", None] * (rows // 2)).dictionary_encode(),
            "ip": [f"10.0.0.{row}" for row in range(rows)],
            "status": ["ok"] * (rows - 1) + ["536-22-1234"],
            "number": [*range(rows - 1), 4111111111111111],
        }
    )
    proposed = propose(scan(table, {}, engine=engine), {})
    made = apply(table, proposed, KEY, engine)
    assert made.schema.equals(table.schema)
    assert {one["name"]: one["verdict"] for one in scan(made, {}, engine=engine)["columns"]} == dict.fromkeys(
        table.column_names, "CLEAN"
    )
    assert made["dob"][0].as_py() == "1940"
    assert made["born"][0].as_py() == dt.date(1940, 1, 1)
    assert made["card"].null_count == rows // 2
    assert made["status"].to_pylist()[0] == "ok"
    assert made["number"].to_pylist()[:3] == [0, 1, 2]


def test_a_recipe_is_canonical_and_has_one_digest(engine):
    document = scan(patients(1), SCHEMA, engine=engine)
    first, second = propose(document, SCHEMA), propose(copy.deepcopy(document), SCHEMA)
    assert canonical(first) == canonical(second)
    assert recipe_digest(first) == recipe_digest(second)
    assert {column["name"]: column["operator"] for column in first["columns"]} == {
        "name": "pseudonym",
        "email": "pseudonym",
        "phone": "pseudonym",
        "ssn": "pseudonym",
        "note": "redact_text",
    }


def test_applying_twice_gives_the_same_table_and_another_key_another(engine):
    table = patients(1, 10)
    proposed = propose(scan(table, SCHEMA, engine=engine), SCHEMA)
    assert apply(table, proposed, KEY, engine).equals(apply(table, proposed, KEY, engine))
    other = apply(table, proposed, OTHER, engine)
    assert set(other["name"].to_pylist()).isdisjoint(apply(table, proposed, KEY, engine)["name"].to_pylist())


def test_an_incomplete_scan_proposes_nothing(engine):
    document = scan(patients(1, 5), SCHEMA, engine=engine)
    for complete in (False, None, "yes"):
        with pytest.raises(RecipeScanError):
            propose(document | {"complete": complete}, SCHEMA)


def test_pseudonyms_join_across_columns_tables_and_spellings(engine):
    made = one(engine, ["Zoë Lee", "ZOE\u0308 LEE", " zoë lee ", "Zoë Leo", None], "pseudonym", "PERSON")
    assert made[0] == made[1] == made[2] != made[3]
    assert made[4] is None
    table = pa.table({"b": ["Zoë Lee"]})
    assert apply(table, recipe(step("b", "pseudonym", "PERSON")), KEY, engine)["b"].to_pylist() == [made[0]]
    assert one(engine, ["Zoë Lee"], "pseudonym", "EMAIL_ADDRESS")[0].split("-")[1] != made[0].split("-")[1]
    assert re.fullmatch(r"person-[a-p]{24}", made[0])


@pytest.mark.parametrize(
    ("values", "operator", "parameters", "expected"),
    [
        (["Ann-1", None], "mask", {}, ["***-*", None]),
        (["4111 1111", None], "mask", {"keep_last": "4"}, ["**** 1111", None]),
        (["x", None], "redact", {}, ["<REDACTED>", None]),
        ([1, None], "redact", {}, [None, None]),
        (["x", None], "replace", {"value": "y"}, ["y", None]),
        ([1.5, None], "replace", {"value": 0}, [0.0, None]),
        ([57, -1, None], "bin", {"width": "10"}, [50, -10, None]),
        ([57.9, float("nan"), None], "bin", {"width": "0.5"}, [57.5, None, None]),
        (["1974-05-06", "6 May 1974", "unknown", None], "bin", {"unit": "year"}, ["1974", "1974", "<REDACTED>", None]),
        (["1974-05-06", "6 May 1974"], "bin", {"unit": "month"}, ["1974-05", "1974"]),
        ([dt.datetime(1974, 5, 6, 7, 8), None], "bin", {"unit": "month"}, [dt.datetime(1974, 5, 1), None]),  # noqa: DTZ001
        (
            ["call Ann Lee, a.b@example.com", "plain", None],
            "redact_text",
            {},
            ["call <PERSON>, <EMAIL_ADDRESS>", "plain", None],
        ),
    ],
)
def test_operators_keep_types_and_nulls(engine, values, operator, parameters, expected):
    assert one(engine, values, operator, **parameters) == expected


def test_drop_leaves_the_column_out(engine):
    table = pa.table({"a": ["x"], "b": [1]})
    assert apply(table, recipe(step("a", "drop")), KEY, engine).column_names == ["b"]


def test_text_loses_what_other_columns_of_its_row_tell(engine):
    table = pa.table(
        {"a": ["zyx qwerty came; Qwerty left, qwerty keyboard", "Qwerty stays"], "who": ["Zyx Qwerty", "Bo Ng"]}
    )
    known = [{"column": "who", "entity": "PERSON"}]
    assert one(engine, table, "redact_text", known=known) == [
        "<PERSON> came; <PERSON> left, qwerty keyboard",
        "Qwerty stays",
    ]


def test_text_that_cannot_be_analysed_in_full_is_redacted_whole(engine):
    from dataclasses import replace

    assert one(replace(engine, longest_cell=10), ["short", "longer than ten"], "redact_text") == ["short", "<REDACTED>"]


@pytest.mark.parametrize(
    ("steps", "identifiers", "expected"),
    [
        ([step("a", "redact")], [], ANONYMISED),
        ([step("a", "pseudonym")], [], PSEUDONYMISED),
        ([step("a", "mask")], [], ANONYMISED),
        ([step("a", "mask", keep_last="4")], [], PSEUDONYMISED),
        ([step("a", "redact")], ["id"], PSEUDONYMISED),
        ([step("a", "redact"), step("id", "drop")], ["id"], ANONYMISED),
        ([step("a", "reversible")], [], PSEUDONYMISED),
        ([step("a", "surrogate")], [], PSEUDONYMISED),
        ([step("a", "shift", subject="id")], [], PSEUDONYMISED),
        ([step("a", "mask", keep_last="0")], [], ANONYMISED),
    ],
)
def test_the_result_is_named_for_what_it_is(steps, identifiers, expected):
    assert result_class({"columns": steps, "identifiers": identifiers}) == expected


def test_a_recipe_that_calls_its_result_more_than_it_is_is_refused(engine):
    with pytest.raises(RecipeError, match="calls its result 'ANONYMISED'"):
        apply(pa.table({"a": ["x"]}), recipe(step("a", "pseudonym")) | {"result": ANONYMISED}, KEY, engine)


@pytest.mark.parametrize(
    ("bad", "error", "part"),
    [
        (step("b", "redact"), RecipeColumnError, "'b'"),
        (step("a", "encrypt"), RecipeError, "'encrypt'"),
        (step("a", "redact", rounds="2"), RecipeParameterError, "'rounds'"),
        (step("a", "replace"), RecipeParameterError, "'value'"),
        (step("a", "bin"), RecipeParameterError, "either 'width' or 'unit'"),
        (step("a", "bin", unit="week"), RecipeParameterError, "'week'"),
        (step("n", "bin", width="0"), RecipeParameterError, "'0'"),
        (step("n", "bin", width="nan"), RecipeParameterError, "'nan'"),
        (step("a", "bin", width="5"), RecipeColumnError, "numeric column"),
        (step("n", "pseudonym"), RecipeColumnError, "needs text, not int64"),
        (step("n", "replace", value="x"), RecipeColumnError, "do not fit int64"),
        (step("n", "reversible"), RecipeColumnError, "needs text, not int64"),
        (step("a", "reversible", joins="no"), RecipeParameterError, "'joins' is true or false"),
        (step("a", "shift"), RecipeParameterError, "needs the parameter 'subject'"),
        (step("a", "shift", subject="z"), RecipeColumnError, "'z' is not a column"),
        (step("a", "shift", subject="n", days="0"), RecipeParameterError, "'0' days is not between 1 and"),
        (step("n", "shift", subject="a"), RecipeColumnError, "needs dates, not int64"),
        (step("a", "redact_text", known=[{"column": "z", "entity": "PERSON"}]), RecipeColumnError, "'z'"),
    ],
)
def test_a_bad_step_is_refused_by_name(engine, bad, error, part):
    with pytest.raises(error, match=re.escape(part)) as caught:
        apply(pa.table({"a": ["secret"], "n": [1]}), recipe(bad), KEY, engine)
    assert "secret" not in str(caught.value)


def test_a_column_named_twice_and_a_short_key_are_refused(engine):
    table = pa.table({"a": ["x"]})
    with pytest.raises(RecipeColumnError, match="more than once"):
        apply(table, recipe(step("a", "redact"), step("a", "mask")), KEY, engine)
    with pytest.raises(RecipeKeyError, match="has 3 bytes; it needs at least 16"):
        ProjectKey(1, b"key")
    with pytest.raises(RecipeKeyError, match="there is no key"):
        apply(table, recipe(step("a", "pseudonym")), None, engine)
    with pytest.raises(RecipeError, match="format"):
        apply(table, recipe(step("a", "redact")) | {"format": "x"}, KEY, engine)


def test_a_recipe_redacts_at_the_threshold_of_its_scan(engine):
    table = pa.table({"a": ["call (415) 555-2671 today", "no"]})
    document = scan(table, {}, engine=engine, threshold=0.3)
    assert propose(document, {})["threshold"] == "0.3"
    weak = recipe(step("a", "redact_text")) | {"threshold": "0.9"}
    assert apply(table, weak, KEY, engine).equals(table)
    for threshold in ("0", "nan", "x", None):
        with pytest.raises(RecipeError, match="threshold"):
            apply(table, weak | {"threshold": threshold}, KEY, engine)


def test_declared_text_in_which_nothing_was_found_still_loses_what_its_row_tells(engine):
    table = pa.table({"name": ["Zyx Qwerty", "Bo Ngxu"], "note": ["zyx qwerty came", "nobody came"]})
    schema = {"text": ["note"]}
    document = scan(table, schema, engine=engine)
    assert document["columns"][1]["verdict"] == "CLEAN"
    made = apply(table, propose(document, schema), KEY, engine)
    assert made["note"].to_pylist() == ["<PERSON> came", "nobody came"]


def test_a_key_is_needed_by_keyed_rules_within_text_too(engine):
    rules = {"PERSON": {"operator": "pseudonym"}}
    made = {"format": "probity.recipe/1", "threshold": "0.4", "columns": [step("a", "redact_text")], "identifiers": []}
    made |= {"entities": rules}
    made |= {"result": result_class(made)}
    assert made["result"] == PSEUDONYMISED
    table = pa.table({"a": ["call Ann Lee at once"], "b": ["Ann Lee"]})
    with pytest.raises(RecipeKeyError):
        apply(table, made, None, engine)
    made["columns"].append(step("b", "pseudonym", "PERSON"))
    after = apply(table, made, KEY, engine)
    assert after["a"].to_pylist() == [f"call {after['b'][0].as_py()} at once"], "texts and columns join"


def test_what_is_sealed_joins_by_default_keeps_spelling_and_opens_under_its_key_alone(engine):
    table = pa.table({"a": ["Ann Lee", None, "Ann Lee", "ann lee", ""]})
    joining = apply(table, recipe(step("a", "reversible", "PERSON")), KEY, engine)["a"].to_pylist()
    assert joining[0] == joining[2] != joining[3]
    assert [None if one is None else KEY.opened(one) for one in joining] == table["a"].to_pylist()
    apart = apply(table, recipe(step("a", "reversible", "PERSON", joins=False)), KEY, engine)["a"].to_pylist()
    assert apart[0] != apart[2]
    assert KEY.opened(apart[0]) == KEY.opened(apart[2]) == "Ann Lee"
    for token in (joining[0], apart[0]):
        with pytest.raises(TokenError):
            OTHER.opened(token)


def test_sealed_columns_and_surrogates_scan_clean(engine):
    rows = 30
    table = pa.table(
        {
            "email": [f"ann.lee{row}@example.com" for row in range(rows)],
            "card": ["4111 1111 1111 1111", "5500-0000-0000-0004"] * (rows // 2),
            "card_number": pa.array([4111111111111111, None] * (rows // 2)),
            "ssn": [f"536-22-{1000 + row}" for row in range(rows)],
            "note": ["my card is 4111111111111111, call Ann Lee"] * rows,
        }
    )
    rules = {
        "EMAIL_ADDRESS": {"operator": "reversible", "parameters": {"joins": False}},
        "CREDIT_CARD": {"operator": "surrogate"},
        "US_SSN": {"operator": "surrogate"},
        "PERSON": {"operator": "reversible"},
    }
    draft = {"entities": rules, "columns": [step("card_number", "surrogate", "CREDIT_CARD")]}
    proposed = propose(scan(table, {}, engine=engine), {}, draft)
    made = apply(table, proposed, KEY, engine)
    again = scan(made, {}, engine=engine)
    assert {one["name"]: one["verdict"] for one in again["columns"]} == dict.fromkeys(table.column_names, "CLEAN")
    assert made.schema.equals(table.schema)
    assert re.fullmatch(r"9999 \d{4} \d{4} \d{4}", made["card"][0].as_py())
    assert made["card_number"].null_count == rows // 2
    assert re.fullmatch(r"000-\d\d-\d{4}", made["ssn"][0].as_py())
    assert re.fullmatch(r"my card is 9999\d{12}, call person-s[a-p]+", made["note"][0].as_py())


def test_a_step_without_an_entity_is_for_what_was_found_so_that_its_tokens_join_with_those_in_texts(engine):
    table = pa.table(
        {
            "email": [f"ann.lee{row}@example.com" for row in range(30)],
            "note": [f"please answer to ann.lee{row}@example.com soon" for row in range(30)],
            "card": ["4111 1111 1111 1111", "5500-0000-0000-0004"] * 15,
            "plain": ["blue"] * 30,
        }
    )
    columns = [{"name": "email", "operator": "pseudonym"}, {"name": "card", "operator": "surrogate"}]
    draft = checked(
        {
            "columns": [*columns, {"name": "plain", "operator": "replace", "parameters": {"value": "x"}}],
            "entities": {"EMAIL_ADDRESS": {"operator": "pseudonym"}},
        }
    )
    proposed = propose(scan(table, {}, engine=engine), {}, draft)
    entities = {one["name"]: one["entity"] for one in proposed["columns"]}
    assert entities == {"email": "EMAIL_ADDRESS", "card": "CREDIT_CARD", "plain": "", "note": "EMAIL_ADDRESS"}
    made = apply(table, proposed, KEY, engine)
    assert made["email"][3].as_py() in made["note"][3].as_py()
    assert made["card"][0].as_py().startswith("9999 ")


def test_dates_of_one_subject_move_together_and_of_nobody_are_lost(engine):
    day = dt.date(2020, 2, 28)
    table = pa.table(
        {
            "who": ["a", "a", "b", None, " A"],
            "a": [day, day + dt.timedelta(days=10), day, day, None],
            "text": ["2020-02-28", "2020-02-28 10:00", "28 Feb 2020", None, "2020-02-28"],
        }
    )
    steps = [step(name, "shift", subject="who", days="30") for name in ("a", "text")]
    made = apply(table, recipe(*steps), KEY, engine)
    first, second, other, lost, missing = made["a"].to_pylist()
    assert second - first == dt.timedelta(days=10)
    assert 1 <= abs((first - day).days) <= 30
    assert (lost, missing) == (None, None)
    assert made["text"].to_pylist() == [str(first), f"{first} 10:00", "<REDACTED>", None, str(first)]
    assert other != first, "another subject has another shift under this key"


def test_a_draft_decides_and_the_findings_give_the_rest(engine):
    document = scan(patients(1), SCHEMA, engine=engine)
    draft = checked({"columns": [{"name": "name", "operator": "drop"}], "entities": {"US_SSN": {"operator": "mask"}}})
    made = {one["name"]: one["operator"] for one in propose(document, SCHEMA, draft)["columns"]}
    assert made == {"name": "drop", "ssn": "mask", "email": "pseudonym", "phone": "pseudonym", "note": "redact_text"}


YAML = """
columns:
  - {name: age, operator: bin, parameters: {width: 0.5}}
entities:
  PERSON: {operator: pseudonym}
"""


def test_authors_write_yaml():
    bin_step = step("age", "bin", width="0.5")
    assert read_recipe(YAML) == {"columns": [bin_step], "entities": {"PERSON": {"operator": "pseudonym"}}}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{}", "decides nothing"),
        ("[1]", "is a mapping"),
        ("a: [", "line 1"),
        ("columns: &x [1]\nentities: *x", "no aliases"),
        ("entities: {PERSON: drop}", "Entity 'PERSON'"),
        ("entities: {PERSON: {operator: drop}}", "within text 'drop'"),
        ("entities: {PERSON: {operator: mask, parameters: {keep: 1}}}", "'keep'"),
        ("columns: [{name: a}]", "exactly entity, name, operator, parameters"),
        ("rows: 1\nentities: {}", "'rows'"),
        ("entities: {PERSON: {operator: replace, parameters: {value: 2020-01-01}}}", "not a date"),
        ("format: x\nentities: {}", "format is 'x'"),
        ("[" * 3000, "deep"),
    ],
)
def test_what_is_no_recipe_is_refused_by_its_place(text, part):
    with pytest.raises(RecipeError, match=re.escape(part)):
        read_recipe(text)
