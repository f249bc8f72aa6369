import copy
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from governance.rules.evidence import Found, ReportEvidence
from governance.rules.items import judge_rule
from governance.rules.limits import read_limit
from governance.rules.policy import CheckRule
from privacy import risk_report
from privacy.checks import pii
from privacy.checks.pii import check
from privacy.scan.scan import scan
from privacy.special_categories import category_of
from registry.canonical import canonical
from registry.checks import Context, ParameterError, Report, Status
from tests.privacy.patients import SCHEMA, patients

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Given:
    def __init__(self, **documents):
        self.documents = documents

    def has(self, name):
        return name in self.documents

    def document(self, name):
        return self.documents[name]

    def table(self, name):
        raise KeyError(name)

    def digests(self):
        return dict.fromkeys(self.documents, "0" * 64)


@pytest.fixture(scope="module")
def personal(engine):
    return scan(patients(1), SCHEMA, engine=engine)


@pytest.fixture(scope="module")
def harmless(engine):
    kept = ["patient_id", "age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
    return scan(patients(1).select(kept), SCHEMA | {"text": []}, engine=engine)


def outcome(parameters=None, **documents):
    return check.measure(Given(**documents), Context(seed=1, parameters=parameters or {}))


def numbers(result):
    return {(one.metric, one.group): one.value for one in result.measurements}


def test_counts_the_columns_that_are_or_contain_personal_data(personal):
    result = outcome(pii_train=personal)
    found = numbers(result)
    assert result.status is Status.MEASURED
    assert found["pii.direct_columns", ""] == "5"
    assert found["pii.personal_columns", ""] == "5"
    assert found["pii.unnamed_text_columns", ""] == "1"
    assert found["pii.cells_share", "column=email"] == "1"
    assert found["pii.cells_share", "column=bmi"] == "0"
    assert int(found["pii.entities", "entity=EMAIL_ADDRESS"]) > 60
    assert next(one.n for one in result.measurements if one.metric == "pii.direct_columns") == 17
    assert {one.metric for one in result.measurements} == set(check.metrics) - set(risk_report.METRICS)
    assert [found["pii.columns", f"verdict={one}"] for one in ("IS", "CONTAINS", "CLEAN")] == ["4", "1", "12"]


def test_each_role_has_its_own_numbers_and_a_policy_limits_them_apart(personal, harmless):
    result = outcome({"roles": ["train", "evaluate"]}, pii_train=harmless, pii_evaluate=personal)
    found = numbers(result)
    direct = [found["pii.direct_columns", group] for group in ("", "role=train", "role=evaluate")]
    assert direct == ["5", "0", "5"]
    limits = [{"metric": "pii.direct_columns", "group": f"role={role}", "max": "0"} for role in ("train", "evaluate")]
    rule = CheckRule("pii", {}, 30, tuple(read_limit(one, "limits") for one in limits))
    document = Report("pii", check.version, {}, {}, 1, result).document()
    items = judge_rule(rule, Found(ReportEvidence(document, NOW), "d" * 64))
    assert [str(item.outcome) for item in items] == ["PASS", "FAIL"]


def test_a_limit_on_a_role_that_was_not_looked_at_is_never_met(harmless):
    limit = read_limit({"metric": "pii.direct_columns", "group": "role=evaluate", "max": "0"}, "limits")
    document = Report("pii", check.version, {}, {}, 1, outcome(pii_train=harmless)).document()
    items = judge_rule(CheckRule("pii", {}, 30, (limit,)), Found(ReportEvidence(document, NOW), "d" * 64))
    assert [str(item.outcome) for item in items] == ["ERROR"]


@pytest.mark.parametrize(
    ("column", "entities", "category"),
    [
        ("religion", (), "belief"),
        ("patientDiagnosis", (), "health"),
        ("ethnic_group", (), "origin"),
        ("sexual_orientation", (), "sex life"),
        ("union_member", (), "union"),
        ("note", ("NRP",), "origin"),
        ("number", ("UK_NHS",), "health"),
        ("third_party_id", (), ""),
        ("credit_union", (), ""),
        ("screen_orientation", (), ""),
        ("race_condition", (), ""),
        ("bmi", ("EMAIL_ADDRESS",), ""),
    ],
)
def test_special_categories_are_told_by_finding_or_by_the_words_of_a_name(column, entities, category):
    assert category_of(column, entities) == category


def test_a_special_column_counts_and_is_named_however_clean_its_values_are(engine):
    table = pa.table({"religion": ["a", "b"] * 10, "amount": [1, 2] * 10})
    result = outcome(pii_train=scan(table, {}, engine=engine))
    found = numbers(result)
    assert (found["pii.special_columns", ""], found["pii.personal_columns", ""]) == ("1", "0")
    assert [(one.place, one.data["category"]) for one in result.findings if one.code == "column_is_special"] == [
        ("train.religion", "belief")
    ]


def test_quasi_identifiers_are_those_found_and_those_declared(engine):
    table = pa.table({"zip": [f"1234{row % 10}" for row in range(30)], "age": list(range(30))})
    scans = {"pii_train": scan(table, {}, engine=engine), "risk_train": risk(3, 0)}
    found = numbers(outcome(**scans))
    assert found["pii.quasi_columns", "role=train"] == found["pii.quasi_columns", ""] == "2"
    assert found["pii.k_anonymity", "role=train"] == "3"


def test_a_clean_table_counts_nothing(harmless):
    result = outcome(pii_train=harmless)
    assert (numbers(result)["pii.direct_columns", ""], result.findings) == ("0", ())
    assert not [one for one in result.measurements if one.metric == "pii.entities"]


def test_each_finding_names_its_column_what_it_holds_and_a_masked_preview(personal):
    findings = {one.place: one for one in outcome(pii_train=personal).findings}
    assert findings["train.email"].code == "column_is_direct"
    note = findings["train.note"]
    assert note.code == "column_contains_direct"
    for part in ("'note'", "PERSON in", "EMAIL_ADDRESS in", "PHONE_NUMBER in", "***"):
        assert part in note.message
    assert findings["note"].code == "text_without_name_model"


def test_an_indirect_column_is_personal_but_not_direct(engine):
    table = pa.table({"zip": [f"1234{row % 10}" for row in range(30)]})
    found = numbers(outcome(pii_train=scan(table, {}, engine=engine)))
    assert (found["pii.personal_columns", ""], found["pii.direct_columns", ""]) == ("1", "0")


def test_a_column_of_two_roles_counts_once(personal, harmless):
    roles = {"roles": ["train", "evaluate"]}
    found = numbers(outcome(roles, pii_train=personal, pii_evaluate=personal))
    assert found["pii.direct_columns", ""] == "5"
    mixed = outcome(roles, pii_train=harmless, pii_evaluate=personal)
    assert numbers(mixed)["pii.direct_columns", ""] == "5"
    assert numbers(mixed)["pii.cells_share", "column=email"] == "1"


def broken(document, **changes):
    return copy.deepcopy(document) | changes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"complete": False}, "scan_incomplete"),
        ({"complete": None}, "scan_incomplete"),
        ({"complete": "yes"}, "scan_incomplete"),
        ({"columns": []}, "scan_empty"),
        ({"rows": 0}, "scan_empty"),
        ({"complete": False, "problems": [{"column": "x", "code": "c", "message": "m."}]}, "scan_incomplete"),
    ],
)
def test_a_scan_that_does_not_speak_of_every_cell_is_not_computable(harmless, changes, code):
    result = outcome(pii_train=broken(harmless, **changes))
    assert result.status is Status.NOT_COMPUTABLE
    assert {one.status for one in result.measurements} == {Status.NOT_COMPUTABLE}
    assert all(one.value is None and one.reason for one in result.measurements)
    assert code in {one.code for one in result.findings}


def test_a_missing_scan_of_one_role_is_not_computable(harmless):
    result = outcome({"roles": ["train", "reference"]}, pii_train=harmless)
    assert (result.status, result.reason) == (Status.NOT_COMPUTABLE, "The reference dataset was not scanned.")


def test_what_an_incomplete_scan_did_find_is_still_shown(personal):
    result = outcome(pii_train=broken(personal, complete=False))
    assert "train.email" in {one.place for one in result.findings}


def test_asks_for_the_scan_of_each_role():
    asked = [(one.name, one.kind, one.role, one.optional) for one in check.needs({})]
    assert asked == [("pii_train", "pii", "train", False), ("risk_train", "risk", "train", True)]
    assert [one.role for one in check.needs({"roles": ["evaluate", "train"]})] == ["evaluate", "train"] * 2


def risk(k, unique, **diversity):
    counts = {"quasi_identifiers": ["age", "zip"], "rows": 100, "classes": 40, "k": k, "unique_rows": unique}
    return counts | {"diversity": diversity}


def test_the_risk_is_the_worst_over_the_roles_where_quasi_identifiers_are_declared(harmless):
    roles = {"roles": ["train", "evaluate"]}
    scans = {"pii_train": harmless, "pii_evaluate": harmless}
    result = outcome(roles, **scans, risk_train=risk(3, 0, outcome=2), risk_evaluate=risk(1, 7, outcome=4))
    found = numbers(result)
    assert (found["pii.k_anonymity", ""], found["pii.unique_rows", ""]) == ("1", "0.07")
    assert found["pii.l_diversity", "column=outcome"] == "2"
    assert (
        "agree in age, zip; the smallest has 3, and 0 of 100 rows"
        in {one.place: one.message for one in result.findings}["train"]
    )
    assert not [metric for metric, _group in numbers(outcome(roles, **scans)) if metric in risk_report.METRICS]


@pytest.mark.parametrize(
    "parameters", [{"rolls": []}, {"roles": []}, {"roles": "train"}, {"roles": ["train"] * 2}, {"roles": ["x"]}]
)
def test_bad_parameters_are_refused(parameters):
    with pytest.raises(ParameterError):
        check.needs(parameters)


def test_the_report_is_canonical_and_the_same_each_time(personal):
    reports = {
        canonical(Report("pii", check.version, {}, {}, 1, outcome(pii_train=copy.deepcopy(personal))).document())
        for _ in range(2)
    }
    assert len(reports) == 1


def test_no_raw_value_stands_in_the_report(personal):
    text = canonical(Report("pii", check.version, {}, {}, 1, outcome(pii_train=personal)).document()).decode()
    table = patients(1)
    for name in ("name", "email", "phone", "ssn", "note"):
        assert not [value for value in table[name].to_pylist() if value in text]


def test_every_metric_is_described_and_stands_in_the_page():
    assert all(check.metrics.values())
    assert all(f"`{metric}`" in pii.__doc__ for metric in check.metrics)
