"""Fairness of amounts and of several classes, and calibration by group, against the formulas by hand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring.checks.fairness import check
from monitoring.statistics.naming import OF_AMOUNTS, OF_CALIBRATION, OF_PREDICTIONS
from registry.checks import Status
from tests.monitoring.checks.inputs import SCHEMA, Collected, measure, one, predictions, random_predictions

REGRESSION, MULTICLASS = {**SCHEMA, "task": "regression"}, {**SCHEMA, "task": "multiclass"}


def _amounts(n=600, seed=0, gap=0.0, noise=0.0):
    """Amounts about 100; those predicted for sex 2 are too low by ``gap``, and err more by ``noise``."""
    rng = np.random.default_rng(seed)
    sex, age = rng.choice(["1", "2"], n), rng.choice(["<55", ">=55"], n)
    label = rng.normal(100, 15, n)
    error = rng.normal(0, 5, n) * (1 + noise * (sex == "2")) - gap * (sex == "2")
    columns = {"row": range(n), "label": label, "prediction": label + error}
    return pa.table({**columns, "group:sex": sex, "group:age_band": age})


def _measure(table, schema=REGRESSION, **parameters):
    return measure(check, Collected(schema=schema, predictions=table), replicates=300, **parameters)


def _value(found, name, group=""):
    return float(one(found, f"fairness.{name}", group).value)


def test_amounts_are_compared_by_their_means_and_errors():
    table = _amounts(gap=4.0)
    found, frame = _measure(table), table.to_pandas()
    frame["error"] = frame["prediction"] - frame["label"]
    frame["absolute"] = frame["error"].abs()
    means = frame.groupby("group:sex")[["prediction", "label", "error", "absolute"]].mean()
    columns = {"score": "prediction", "target": "label", "error": "error", "absolute_error": "absolute"}
    for name, column in ((f"{name}_mean", column) for name, column in columns.items()):
        for sex in ("1", "2"):
            assert _value(found, name, f"sex={sex}") == pytest.approx(means.loc[sex, column])
        gap = means[column].max() - means[column].min()
        item = one(found, f"fairness.{name}_difference", "sex")
        assert float(item.value) == pytest.approx(gap)
        assert float(item.lower) <= gap <= float(item.upper)
    assert float(one(found, "fairness.error_mean_difference", "sex").lower) > 2
    above = frame["prediction"] > frame["prediction"].median()
    rates = above.groupby(frame["group:sex"]).mean()
    assert _value(found, "score_impact_ratio", "sex=2") == pytest.approx(rates["2"] / rates.max())


def test_the_pictures_show_each_group_of_single_attributes():
    decisions, amounts = _measure(random_predictions(), SCHEMA), _measure(_amounts())
    drawn = {plot["title"]: [bar["name"] for bar in plot["bars"]] for plot in decisions.evidence["plots"]}
    assert list(drawn) == ["Who is selected", "Who is wrongly turned away", "Who is wrongly selected"]
    assert sorted(drawn["Who is selected"]) == ["age_band=<55", "age_band=>=55", "sex=1", "sex=2"]
    assert [plot["title"] for plot in amounts.evidence["plots"]] == ["Whom the amounts are wrong for"]


def test_the_group_for_which_the_model_errs_more_is_seen():
    item = one(_measure(_amounts(noise=2.0)), "fairness.absolute_error_mean_difference", "sex")
    assert float(item.lower) > 3


def test_decisions_do_not_apply_to_amounts_nor_amounts_to_decisions():
    amounts = _measure(_amounts())
    for metric in (*OF_PREDICTIONS, *OF_CALIBRATION):
        assert one(amounts, metric, "sex").status is Status.NOT_APPLICABLE, metric
    decisions = _measure(random_predictions(), SCHEMA)
    for metric in OF_AMOUNTS:
        assert one(decisions, metric, "sex").status is Status.NOT_APPLICABLE


def test_equal_groups_are_not_called_apart_more_than_one_time_in_twenty():
    apart = 0
    for seed in range(40):
        found = _measure(_amounts(n=200, seed=seed), intersections=1)
        apart += any(
            float(one(found, "fairness.error_mean_difference", name).lower) > 0 for name in ("sex", "age_band")
        )
    assert apart <= 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"label": ["a"] * 600}, "column_not_numeric"),
        ({"prediction": [1.0] * 599 + [None]}, "predictions_missing_value"),
        ({"prediction": [1.0] * 599 + [float("inf")]}, "column_infinite"),
        ({"row": [1] * 600}, "predictions_repeated_row"),
    ],
)
def test_amounts_that_would_mislead_are_an_error(change, code):
    found = _measure(pa.table({**_amounts().to_pydict(), **change}))
    assert (found.status, [item.code for item in found.findings]) == (Status.ERROR, [code])


def test_a_group_of_one_has_no_mean_with_an_interval():
    table = pa.table({**_amounts(n=20).to_pydict(), "group:sex": ["1"] * 19 + ["2"]})
    found = _measure(table, intersections=1)
    assert one(found, "fairness.error_mean_difference", "sex").status is Status.NOT_COMPUTABLE


def _scored(n=1500, seed=0, off=0.0):
    rng = np.random.default_rng(seed)
    sex, truth = rng.choice(["1", "2"], n), rng.uniform(0.1, 0.7, n)
    label = (rng.uniform(size=n) < truth).astype(int)
    score = truth + off * (sex == "2")
    return predictions(label, (score > 0.5).astype(int), score, sex=sex, age_band=["<55"] * n)


def test_scores_that_mean_another_thing_for_one_group_are_seen():
    table = _scored(off=0.2)
    found, frame = _measure(table, SCHEMA), table.to_pandas()
    gaps = (frame["score"] - frame["label"]).groupby(frame["group:sex"]).mean()
    for sex in ("1", "2"):
        assert _value(found, "calibration_gap", f"sex={sex}") == pytest.approx(gaps[sex])
    assert _value(found, "calibration_gap_difference", "sex") == pytest.approx(gaps.max() - gaps.min())
    assert float(one(found, "fairness.calibration_gap_difference", "sex").lower) > 0.1
    true = _measure(_scored(), SCHEMA)
    assert float(one(true, "fairness.calibration_gap_difference", "sex").lower) == 0


def test_without_probabilities_there_is_no_calibration():
    table = predictions([0, 1] * 50, [0, 1] * 50, sex=["1", "2"] * 50)
    assert one(_measure(table, SCHEMA), "fairness.calibration_gap_difference", "sex").status is Status.NOT_APPLICABLE
    table = predictions([0, 1] * 50, [0, 1] * 50, [-3.0, 4.0] * 50, sex=["1", "1", "2", "2"] * 25)
    item = one(_measure(table, SCHEMA), "fairness.calibration_gap_difference", "sex")
    assert item.status is Status.NOT_COMPUTABLE
    assert "probabilities" in item.reason


def _classes(n=400, seed=2):
    rng = np.random.default_rng(seed)
    columns = {name: rng.choice(["low", "mid", "top"], n) for name in ("label", "prediction")}
    return pa.table({"row": range(n), **columns, "group:sex": rng.choice(["1", "2"], n), "group:age_band": ["<55"] * n})


def test_of_several_classes_the_favourable_ones_are_selected():
    table = _classes()
    found, frame = _measure(table, MULTICLASS, favourable=["mid", "top"]), table.to_pandas()
    rates = frame["prediction"].isin(["mid", "top"]).groupby(frame["group:sex"]).mean()
    assert _value(found, "selection_rate_ratio", "sex") == pytest.approx(rates.min() / rates.max())
    assert _value(found, "selection_rate", "sex=1") == pytest.approx(rates["1"])


def test_several_classes_without_a_favourable_one_are_an_error_and_one_that_never_occurs_is_told():
    nobody = _measure(_classes(), MULTICLASS)
    assert (nobody.status, nobody.findings[0].code) == (Status.ERROR, "favourable_not_declared")
    absent = _measure(_classes(), MULTICLASS, favourable=["best"])
    assert (absent.status, absent.findings[-1].code) == (Status.NOT_COMPUTABLE, "favourable_label_absent")


def test_probabilities_of_the_favourable_classes_are_added_to_a_score():
    table = _classes().append_column("score:low", pa.array([0.5] * 400))
    table = table.append_column("score:mid", pa.array([0.3] * 400)).append_column("score:top", pa.array([0.2] * 400))
    found = _measure(table, MULTICLASS, favourable=["mid", "top"])
    assert _value(found, "score_mean", "sex=1") == pytest.approx(0.5)
    assert pd.notna(_value(found, "calibration_gap", "sex=1"))
