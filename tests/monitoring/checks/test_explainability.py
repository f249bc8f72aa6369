"""Explainability: shares, gaps and proxies by hand, against shap on a fitted model, and what is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from monitoring.checks.explainability import check
from monitoring.statistics.explaining.between import OF_GROUPS
from registry.checks import Status
from tests.monitoring.checks.inputs import SCHEMA, Collected, attributions, measure, one


def _measure(table, meta, schema=SCHEMA, **parameters):
    return measure(check, Collected(schema=schema, attributions=table, attributions_meta=meta), **parameters)


def _by_hand(columns, margin=None, base=0.0, **groups):
    values = {name: [float(value) for value in column] for name, column in columns.items()}
    n = len(next(iter(values.values())))
    own = {
        "base": [base] * n,
        "margin": margin or [base + sum(column[row] for column in values.values()) for row in range(n)],
        "row": list(range(n)),
        **{f"group:{name}": column for name, column in groups.items()},
    }
    return pa.table({**values, **own}), {"algorithm": "linear", "space": "log-odds", "features": list(columns)}


def test_shares_are_mean_absolute_attributions_over_their_sum():
    table, meta = _by_hand({"sex": [1, -1, 1, -1], "bmi": [2, 2, -2, -2], "bp": [1, 1, 1, 1]}, sex=list("aabb"))
    found = _measure(table, meta)
    assert one(found, "explainability.protected_share").value == "0.25"
    assert one(found, "explainability.share", "feature=bmi").value == "0.5"
    assert "protected_feature_used" in {item.code for item in found.findings}


def test_the_share_is_exactly_zero_when_no_sensitive_column_is_used():
    item = one(_measure(*attributions()), "explainability.protected_share")
    assert (item.value, item.lower, item.upper) == ("0", "0", "0")


def test_a_band_counts_by_the_column_that_it_is_made_from():
    table, meta = _by_hand({"age": [1, -1, 1, -1], "bmi": [3, 3, -3, -3]}, sex=list("aabb"))
    assert one(_measure(table, meta), "explainability.protected_share").value == "0.25"


def test_a_feature_named_like_a_sensitive_column_is_a_finding_but_not_counted():
    table, meta = _by_hand({"sex_male": [1, -1, 1, -1], "sextant": [3, 3, -3, -3]}, sex=list("aabb"))
    found = _measure(table, meta)
    assert one(found, "explainability.protected_share").value == "0"
    suspected = [item.place for item in found.findings if item.code == "protected_feature_suspected"]
    assert suspected == ["feature=sex_male"]


def test_a_model_that_uses_nothing_has_no_shares():
    table, meta = _by_hand({"sex": [0] * 4, "bmi": [0] * 4}, sex=list("aabb"))
    found = _measure(table, meta)
    for metric, group in [("protected_share", ""), ("share", "feature=bmi"), ("stability", "")]:
        assert one(found, f"explainability.{metric}", group).status is Status.NOT_COMPUTABLE


def test_the_additivity_error_is_the_largest_over_the_rows():
    table, meta = _by_hand({"bmi": [1, 2, 3, 4]}, margin=[1.5, 2.5, 3.25, 4.5], base=0.5, sex=list("aabb"))
    assert one(_measure(table, meta), "explainability.additivity_error").value == "0.25"


def test_the_parts_of_the_gap_sum_to_the_gap():
    table, meta = attributions(300, seed=5)
    found = _measure(table, meta)
    for name in ("sex", "age_band"):
        gap = one(found, "explainability.margin_gap", name)
        parts = [one(found, "explainability.gap_decomposition", f"{name} & feature={x}") for x in ("bmi", "bp")]
        assert float(gap.value) >= 0
        assert sum(float(part.value) for part in parts) == pytest.approx(float(gap.value), abs=1e-10)
    part = one(found, "explainability.gap_decomposition", "sex & feature=bmi")
    assert 0.7 < float(part.lower) < 1 < float(part.upper) < 1.5


def test_the_evidence_holds_the_means_that_gaps_and_shares_follow_from():
    table, meta = attributions(300, seed=5)
    found = _measure(table, meta)
    sizes = [float(size) for size in found.evidence["mean_absolute"]]
    share = one(found, "explainability.share", "feature=bp")
    assert float(share.value) == pytest.approx(sizes[1] / sum(sizes), abs=1e-10)
    sex = next(item for item in found.evidence["means"] if item["attribute"] == "sex")["groups"]
    gap = max(float(item["margin"]) for item in sex) - min(float(item["margin"]) for item in sex)
    assert float(one(found, "explainability.margin_gap", "sex").value) == pytest.approx(gap, abs=1e-10)


def test_a_proxy_is_the_area_of_its_contribution_for_the_group_folded_upwards():
    table, meta = attributions(300, seed=6)
    found = _measure(table, meta)
    truth = roc_auc_score(np.array(table.column("group:sex").to_pylist()) == "2", table.column("bmi").to_numpy())
    item = one(found, "explainability.proxy_strength", "sex & feature=bmi")
    assert float(item.value) == pytest.approx(max(truth, 1 - truth), abs=1e-11)
    other = one(found, "explainability.proxy_strength", "sex & feature=bp")
    assert 0.5 <= float(other.value) < 0.6
    assert other.lower == "0.5"
    assert not [i for i in _measure(table, meta, proxies=False).measurements if "proxy" in i.metric]


def test_leading_features_that_lead_by_far_are_stable_and_equal_ones_are_not():
    names, far, near = list("abcdefgh"), [9.0, 8.0, 7.0, 1, 1, 1, 1, 1], [1.0] * 8
    firm, loose = (
        float(one(_measure(*attributions(200, 1, names, weights)), "explainability.stability").value)
        for weights in (far, near)
    )
    assert firm == 1
    assert loose < 0.95


@pytest.mark.parametrize(
    ("groups", "parameters", "words"),
    [
        ({}, {}, "no column 'group:sex'"),
        ({"sex": ["a"] * 4}, {}, "needs two groups"),
        ({"sex": ["a", "a", "a", "b"]}, {}, "needs two groups of at least 2 rows"),
        ({"sex": ["a", "a", None, None]}, {}, "needs two groups"),
        ({"race": list("aabb")}, {"attributes": ["race"]}, "does not declare the sensitive attribute 'race'"),
    ],
)
def test_groups_that_cannot_be_compared_are_not_computable(groups, parameters, words):
    table, meta = _by_hand({"bmi": [1, 2, 3, 4]}, **groups)
    found = _measure(table, meta, {"sensitive": [{"name": "sex", "column": "sex"}]}, **parameters)
    for metric in OF_GROUPS:
        item = one(found, f"explainability.{metric}", parameters.get("attributes", ["sex"])[0])
        assert item.status is Status.NOT_COMPUTABLE
        assert words in item.reason


@pytest.mark.parametrize(
    ("change", "features", "code"),
    [
        ({}, ["bmi"], "attributions_other_features"),
        ({}, ["bmi", "bp", "age"], "attributions_other_features"),
        ({"bmi": [1.0, None]}, ["bmi", "bp"], "attributions_missing_value"),
        ({"margin": [1.0, float("nan")]}, ["bmi", "bp"], "attributions_missing_value"),
        ({"bp": [1.0, float("inf")]}, ["bmi", "bp"], "column_infinite"),
        ({"base": ["a", "b"]}, ["bmi", "bp"], "column_not_numeric"),
        ({name: [] for name in ("bmi", "bp", "base", "margin")}, ["bmi", "bp"], "attributions_empty"),
    ],
)
def test_attributions_that_would_mislead_are_errors(change, features, code):
    columns = {"bmi": [1.0, 2.0], "bp": [1.0, 2.0], "base": [0.0, 0.0], "margin": [2.0, 4.0], **change}
    found = _measure(pa.table(columns), {"features": features, "space": "log-odds"})
    assert (found.status, found.measurements) == (Status.ERROR, ())
    assert [item.code for item in found.findings] == [code]


@pytest.mark.filterwarnings(
    "ignore:The set_(bad|over|under) function:PendingDeprecationWarning"
)  # shap's plots on import
def test_shap_on_a_fitted_linear_model_adds_up_and_its_proxies_are_those_of_the_values():
    import shap

    rng = np.random.default_rng(0)
    sex = rng.integers(1, 3, 200)
    frame = pd.DataFrame({"bmi": rng.normal(size=200) + sex, "bp": rng.normal(size=200), "sex": sex.astype(float)})
    model = LogisticRegression().fit(frame, (frame.sum(axis=1) + rng.normal(size=200) > 3).astype(int))
    explanation = shap.LinearExplainer(model, frame)(frame)
    attribution = np.asarray(explanation.values)
    columns = {name: attribution[:, index] for index, name in enumerate(frame.columns)}
    own = {"base": explanation.base_values, "margin": model.decision_function(frame), "group:sex": sex.astype(str)}
    meta = {"algorithm": "linear", "space": "log-odds", "features": list(frame.columns), "rows": 200, "seed": 0}
    found = _measure(pa.table({**columns, **own}), meta, {"sensitive": [{"name": "sex", "column": "sex"}]})
    assert float(one(found, "explainability.additivity_error").value) < 1e-9
    assert 0.05 < float(one(found, "explainability.protected_share").value) < 0.6
    proxy = float(one(found, "explainability.proxy_strength", "sex & feature=bmi").value)
    assert proxy == pytest.approx(roc_auc_score(sex == 2, frame["bmi"]), abs=1e-11)
    assert one(found, "explainability.proxy_strength", "sex & feature=sex").value == "1"


def _judged(n=400, seed=1, **rows):
    """Attributions of two features with the rows that they explain; what is contributed is noise."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["1", "2"], n)
    table, meta = _by_hand({"bmi": rng.normal(size=n), "bp": rng.normal(size=n)}, sex=sex.tolist())
    made = {name: make(rng, sex) for name, make in rows.items()}
    return sex, Collected(schema=SCHEMA, attributions=table, attributions_meta=meta, rows=pa.table(made))


def test_a_proxy_is_the_area_of_the_value_where_the_rows_are_there():
    sex, inputs = _judged(
        bmi=lambda rng, sex: rng.normal(size=len(sex)) - (sex == "2"), bp=lambda rng, sex: [1.0] * len(sex)
    )
    found = measure(check, inputs)
    truth = roc_auc_score(sex == "1", inputs.given["rows"].column("bmi").to_numpy())
    assert float(one(found, "explainability.proxy_strength", "sex & feature=bmi").value) == pytest.approx(truth)
    assert one(found, "explainability.proxy_strength", "sex & feature=bp").value == "0.5"
    assert found.evidence["proxies_by"] == {"bmi": "value", "bp": "value"}
    share = one(found, "explainability.share", "feature=bmi")
    assert one(found, "explainability.proxy_share").value == share.value
    assert [item.place for item in found.findings if item.code == "proxy_feature_used"] == ["sex & feature=bmi"]
    assert one(measure(check, inputs, proxy_from="0.99"), "explainability.proxy_share").value == "0"


def test_a_text_that_tells_the_group_is_a_proxy_and_one_that_occurs_once_is_not():
    _, inputs = _judged(
        bmi=lambda _rng, sex: np.where(sex == "1", "Kim", "Sam").tolist(),
        bp=lambda _rng, sex: [f"id-{number}" for number in range(len(sex))],
    )
    found = measure(check, inputs)
    assert one(found, "explainability.proxy_strength", "sex & feature=bmi").value == "1"
    assert float(one(found, "explainability.proxy_strength", "sex & feature=bp").value) < 0.55


def test_missing_values_of_a_feature_can_tell_the_group():
    _, inputs = _judged(
        bmi=lambda _rng, sex: [None if one_ == "1" else 2.0 for one_ in sex], bp=lambda _rng, sex: [True] * len(sex)
    )
    assert one(measure(check, inputs), "explainability.proxy_strength", "sex & feature=bmi").value == "1"


def test_a_row_that_the_dataset_does_not_have_is_an_error():
    _, inputs = _judged(bmi=lambda _rng, sex: [1.0] * len(sex))
    inputs.given["rows"] = inputs.given["rows"].slice(0, 9)
    outcome = measure(check, inputs)
    assert (outcome.status, outcome.measurements) == (Status.ERROR, ())
    assert "the dataset has 9 rows" in outcome.reason


TRIALS = {
    "the leading ones move every row further": ([3.0, 2, 3, 2], [1.0, 1, 1, 1], "1", "1.5"),
    "ties count half": ([1.0, 1, 1, 1], [1.0, 1, 1, 1], "0.5", "0"),
    "an explanation without content": ([1.0, 2, 1, 2], [2.0, 1, 2, 1], "0.5", "0"),
}


@pytest.mark.parametrize(("leading", "random", "share", "gain"), TRIALS.values(), ids=list(TRIALS))
def test_taking_leading_features_away_is_compared_with_random_ones(leading, random, share, gain):
    table, meta = _by_hand({"bmi": [1, 2, 3, 4], "bp": [1, 1, 1, 1]}, sex=list("aabb"))
    for name, values in {"deletion:leading": leading, "deletion:random": random}.items():
        table = table.append_column(name, pa.array([value / 10 for value in values]))
    found = _measure(table, meta)
    assert one(found, "explainability.deletion_fidelity").value == share
    assert float(one(found, "explainability.deletion_gain").value) == pytest.approx(float(gain) / 10)
    assert one(_measure(*attributions()), "explainability.deletion_fidelity").status is Status.NOT_COMPUTABLE


@pytest.mark.parametrize(
    ("declared", "value"),
    [(["bmi"], "1"), (["bp"], "0"), (["bmi", "age"], "0.5"), (["bp", "bmi"], "1"), (["no such"], "0")],
)
def test_declared_drivers_are_looked_for_among_as_many_leading_features(declared, value):
    table, meta = _by_hand({"bmi": [9, -9], "bp": [5, -5], "age": [1, -1]}, sex=list("ab"))
    inputs = Collected(schema=SCHEMA, attributions=table, attributions_meta=meta, drivers={"drivers": declared})
    assert one(measure(check, inputs), "explainability.drivers_overlap").value == value
    nobody = one(_measure(table, meta), "explainability.drivers_overlap")
    assert (nobody.status, nobody.value) == (Status.NOT_APPLICABLE, None)


def test_the_parts_of_a_gap_sum_to_it_exactly():
    found = _measure(*attributions(500, seed=9))
    for name in ("sex", "age_band"):
        gap = float(one(found, "explainability.margin_gap", name).value)
        parts = [
            float(one(found, "explainability.gap_decomposition", f"{name} & feature={f}").value) for f in ("bmi", "bp")
        ]
        assert sum(parts) == pytest.approx(gap, abs=1e-9)


def test_pictures_show_what_leads_what_makes_the_gap_and_how_values_move_the_answer():
    _, inputs = _judged(bmi=lambda rng, sex: rng.normal(size=len(sex)), bp=lambda _rng, sex: ["a"] * len(sex))
    plots = measure(check, inputs).evidence["plots"]
    assert [plot["title"] for plot in plots] == [
        "What the answers rest on",
        "What makes up the gap between groups of sex",
        "How bmi moves the answer",
    ]
    assert [plot["kind"] for plot in plots] == ["intervals", "intervals", "lines"]
    assert len(plots[2]["series"][1]["points"]) == 20
