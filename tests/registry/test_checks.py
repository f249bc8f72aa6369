"""The contract's values: what a report is made of, that its digest moves with every part, and nothing not finite."""

from dataclasses import FrozenInstanceError, replace

import pytest

from registry.canonical import CanonicalError, canonical, digest, parse
from registry.checks import Context, Finding, Measurement, Need, Outcome, Report, Status, measured

REPORT = Report(
    check="performance",
    version="2",
    inputs={"predictions": "a" * 64},
    parameters={"floor": "0.5"},
    seed=7,
    outcome=Outcome(
        measurements=(measured("auc", 0.75, lower=0.7, upper=0.8, n=400, group="sex=female", unit="share"),),
        findings=(Finding("few_rows", "There are few rows.", "sex=female", {"n": 12}),),
        evidence={"cells": [1, 2]},
    ),
)


def test_a_measurement_holds_decimal_text():
    assert measured("auc", 0.1 + 0.2, lower=0.0, upper=1.0, n=3) == Measurement("auc", "0.3", "0", "1", 3)
    assert measured("auc", 1).lower is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("where", ["value", "lower", "upper"])
def test_a_measurement_that_is_not_finite_cannot_be_made(bad, where):
    numbers = {"value": 0.5, "lower": 0.4, "upper": 0.6, where: bad}
    with pytest.raises(CanonicalError, match="not a finite number"):
        measured("auc", **numbers)


def test_a_report_is_a_canonical_document_that_says_everything():
    document = REPORT.document()
    assert parse(canonical(document)) == document
    assert REPORT.digest() == digest(document)
    assert set(document) == {
        "check", "version", "inputs", "parameters", "seed", "status", "reason", "measurements", "findings", "evidence",
    }  # fmt: skip
    assert document["measurements"] == [
        {
            "metric": "auc", "value": "0.75", "lower": "0.7", "upper": "0.8", "n": 400, "group": "sex=female",
            "unit": "share", "status": "MEASURED", "reason": "",
        }
    ]  # fmt: skip
    assert document["findings"][0]["data"] == {"n": 12}


@pytest.mark.parametrize(
    "change",
    [
        {"check": "fairness"},
        {"version": "3"},
        {"inputs": {"predictions": "b" * 64}},
        {"inputs": {}},
        {"parameters": {"floor": "0.6"}},
        {"seed": 8},
        *(
            {"outcome": replace(REPORT.outcome, **part)}
            for part in (
                {"status": Status.ERROR},
                {"reason": "why"},
                {"measurements": ()},
                {"measurements": (replace(REPORT.outcome.measurements[0], value="0.76"),)},
                {"measurements": (replace(REPORT.outcome.measurements[0], status=Status.NOT_COMPUTABLE),)},
                {"findings": ()},
                {"evidence": {"cells": [1, 3]}},
            )
        ),
    ],
    ids=str,
)
def test_the_digest_changes_with_every_part(change):
    assert replace(REPORT, **change).digest() != REPORT.digest()


def test_the_digest_is_the_same_for_the_same_content():
    twin = replace(REPORT, inputs=dict(REPORT.inputs), parameters=dict(REPORT.parameters))
    assert twin.digest() == REPORT.digest()


@pytest.mark.parametrize(
    "part",
    [{"evidence": {"share": 0.5}}, {"findings": (Finding("x", "x", data={"nan": float("nan")}),)}],
    ids=["evidence", "finding"],
)
def test_a_float_in_a_report_is_refused(part):
    with pytest.raises(CanonicalError, match="decimal string"):
        replace(REPORT, outcome=replace(REPORT.outcome, **part)).digest()


@pytest.mark.parametrize(
    "value", [REPORT, REPORT.outcome, REPORT.outcome.measurements[0], Need("a", "b"), Context(1, {})]
)
def test_the_values_of_the_contract_do_not_change(value):
    with pytest.raises(FrozenInstanceError):
        setattr(value, next(iter(value.__dataclass_fields__)), "other")


def test_progress_is_harmless_where_nobody_listens():
    assert Context(seed=1, parameters={}).progress(0.5, "half") is None
