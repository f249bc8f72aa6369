"""Drift: silent on more of the same, loud on what moved, and never a number for what cannot be compared."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.checks.drift import check
from monitoring.statistics import distances
from monitoring.statistics.compare import points_of
from monitoring.statistics.shape import shape_of
from monitoring.statistics.sketch import sketch_table
from registry.checks import Status
from tests.monitoring.checks.inputs import Collected, measure, one

COLUMNS = {"bmi": "numeric", "bp": "numeric", "smoker": "categorical"}


def _rows(n, seed, **change):
    rng = np.random.default_rng(seed)
    rows = {"bmi": rng.normal(26, 4, n), "bp": rng.normal(95, 14, n), "smoker": rng.choice(["no", "yes"], n)}
    return {**rows, **change}


def _sketch(rows, columns=None):
    return sketch_table(pa.table(rows), columns or COLUMNS, lenient=True)


BASELINE = _sketch(_rows(300, 0))


def _measure(rows, baseline=BASELINE, columns=None, **parameters):
    return measure(check, Collected(baseline=baseline, current=_sketch(rows, columns)), **parameters)


def test_more_of_the_same_population_is_no_drift():
    false = 0
    for seed in range(1, 21):
        found = _measure(_rows(150, seed))
        false += one(found, "drift.features_drifted_share").value != "0"
        assert one(found, "drift.schema_changes").value == "0"
    assert false <= 2


def test_the_same_rows_are_at_distance_zero():
    found = _measure(_rows(300, 0))
    for metric in ("psi", "ks", "js", "wasserstein"):
        assert one(found, f"drift.{metric}", "feature=bmi").value == "0"
    assert one(found, "drift.max_psi").value == "0"
    assert one(found, "drift.p_value", "feature=bmi").value == "1"


def test_a_shift_of_one_feature_is_found_there_and_nowhere_else():
    rows = _rows(150, 1)
    found = _measure({**rows, "bmi": rows["bmi"] + 4})
    assert {(item.code, item.place) for item in found.findings} >= {("feature_drifted", "feature=bmi")}
    assert {item.place for item in found.findings} == {"feature=bmi"}
    assert float(one(found, "drift.features_drifted_share").value) == pytest.approx(1 / 3)
    assert float(one(found, "drift.psi", "feature=bmi").lower) > 0.25
    assert one(found, "drift.psi", "feature=bp").lower == "0"
    assert one(found, "drift.max_psi").value == one(found, "drift.psi", "feature=bmi").value
    assert one(found, "drift.max_ks").n == 150
    assert float(one(found, "drift.wasserstein", "feature=bmi").value) == pytest.approx(1, abs=0.2)


def test_the_interval_of_the_maximum_is_wider_than_that_of_the_feature_alone():
    rows = _rows(150, 1)
    found = _measure({**rows, "bmi": rows["bmi"] + 4})
    alone, largest = one(found, "drift.psi", "feature=bmi"), one(found, "drift.max_psi")
    assert float(largest.lower) < float(alone.lower)
    assert float(largest.upper) > float(alone.upper)


def test_a_shift_of_categories_is_found_and_new_ones_are_counted_without_naming_them():
    found = _measure({**_rows(150, 1), "smoker": ["yes"] * 100 + ["no"] * 20 + ["Ann Example"] * 30})
    assert one(found, "drift.new_category_share", "feature=smoker").value == "0.2"
    finding = next(item for item in found.findings if item.code == "new_categories")
    assert finding.data == {"categories": 1, "rows": 30}
    assert "Ann" not in str(found)
    assert "feature_drifted" in {item.code for item in found.findings}
    assert one(found, "drift.ks", "feature=bmi").status is Status.MEASURED
    assert not [item for item in found.measurements if item.metric == "drift.ks" and item.group == "feature=smoker"]


@pytest.mark.parametrize(("effect", "share"), [("0.1", "1"), ("0.5", "0")])
def test_a_certain_but_small_drift_counts_only_from_the_effect_that_was_set(effect, share):
    columns = {"bmi": "numeric"}
    before, after = ({"bmi": np.random.default_rng(seed).normal(seed, 2, 3000)} for seed in (0, 1))
    found = _measure(after, _sketch(before, columns), columns, effect=effect)
    assert one(found, "drift.features_drifted_share").value == share
    assert float(one(found, "drift.p_value", "feature=bmi").value) < 1e-6


def test_missing_values_are_a_change_of_their_own():
    rows = _rows(200, 1)
    found = _measure({**rows, "bp": [None] * 50 + rows["bp"][50:].tolist()})
    change = one(found, "drift.missing_change", "feature=bp")
    assert change.value == "0.25"
    assert float(change.lower) > 0.18
    assert one(found, "drift.max_missing_change").value == "0.25"
    assert one(found, "drift.psi", "feature=bp").n == 150


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"bmi": None}, "column_went", "not in the current rows"),
        ({"bmi": ["high"] * 150}, "column_changed", "is now string"),
    ],
)
def test_a_change_of_schema_is_found_and_nothing_is_passed_over_it(change, code, words):
    rows = {name: values for name, values in {**_rows(150, 1), **change}.items() if values is not None}
    found = _measure(rows)
    assert one(found, "drift.schema_changes").value == "1"
    assert code in {item.code for item in found.findings}
    for metric, group in [("psi", "feature=bmi"), ("max_psi", ""), ("max_ks", ""), ("max_missing_change", "")]:
        item = one(found, f"drift.{metric}", group)
        assert (item.status, item.value) == (Status.NOT_COMPUTABLE, None)
    assert words in one(found, "drift.psi", "feature=bmi").reason
    assert float(one(found, "drift.features_drifted_share").value) == pytest.approx(1 / 3)
    assert one(found, "drift.psi", "feature=bp").status is Status.MEASURED


def test_a_new_column_is_a_change_of_schema():
    found = _measure({**_rows(150, 1), "extra": [1.0] * 150}, columns={**COLUMNS, "extra": "numeric"})
    assert one(found, "drift.schema_changes").value == "1"
    assert one(found, "drift.max_psi").status is Status.MEASURED


def test_a_column_that_has_become_empty_is_not_passed():
    found = _measure({**_rows(150, 1), "bmi": [None] * 150})
    assert one(found, "drift.psi", "feature=bmi").status is Status.NOT_COMPUTABLE
    assert one(found, "drift.missing_change", "feature=bmi").value == "1"
    assert one(found, "drift.max_psi").status is Status.NOT_COMPUTABLE


def test_an_empty_batch_is_not_a_healthy_one():
    found = _measure({name: [] for name in COLUMNS})
    assert found.status is Status.NOT_COMPUTABLE
    assert "0 current and 300 baseline rows" in found.reason


def test_a_baseline_without_features_and_a_document_that_is_no_sketch_are_refused():
    empty = {"format": "sketch/1", "rows": 5, "columns": []}
    assert measure(check, Collected(baseline=empty, current=BASELINE)).status is Status.NOT_COMPUTABLE
    wrong = measure(check, Collected(baseline={"format": "x"}, current=BASELINE))
    assert (wrong.status, wrong.measurements) == (Status.ERROR, ())


def _watched(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    score = np.clip(rng.beta(2, 3, n) + shift, 0, 1)
    return {**_rows(n, seed), "score": score, "prediction": (score >= 0.5).astype(int), "label": rng.integers(0, 2, n)}


WATCHED = {**COLUMNS, "score": "numeric", "prediction": "categorical", "label": "categorical"}


def test_scores_decisions_and_labels_are_watched_where_they_are():
    before, after = _watched(400, 1), _watched(200, 2, 0.2)
    found = _measure(after, _sketch(before, WATCHED), WATCHED)
    assert float(one(found, "drift.score_ks").lower) > 0.1
    assert float(one(found, "drift.score_psi").lower) > 0.1
    change = after["prediction"].mean() - before["prediction"].mean()
    assert float(one(found, "drift.prediction_change").value) == pytest.approx(change, abs=1e-11)
    assert float(one(found, "drift.label_change").lower) < 0 < float(one(found, "drift.label_change").upper)
    assert one(found, "drift.features_drifted_share").value == "0"


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ((), ("score", "prediction", "label"), {"score_ks": "NOT_APPLICABLE", "label_change": "NOT_APPLICABLE"}),
        (("score", "prediction", "label"), (), {"score_ks": "NOT_COMPUTABLE", "prediction_change": "NOT_COMPUTABLE"}),
        (("score", "prediction", "label"), ("score",), {"score_ks": "MEASURED", "label_change": "NOT_APPLICABLE"}),
    ],
)
def test_what_is_watched_may_be_absent_from_the_baseline_but_only_labels_may_be_late(before, after, status):
    chosen = [{**COLUMNS, **{name: WATCHED[name] for name in names}} for names in (before, after)]
    found = _measure(_watched(200, 2), _sketch(_watched(300, 1), chosen[0]), chosen[1])
    assert {metric: one(found, f"drift.{metric}").status for metric in status} == status


def test_predictions_that_are_not_0_and_1_are_not_compared():
    rows = {**_watched(200, 2), "prediction": ["yes"] * 200}
    found = _measure(rows, _sketch(_watched(300, 1), WATCHED), WATCHED)
    assert one(found, "drift.prediction_change").status is Status.NOT_COMPUTABLE


def test_psi_and_js_are_recomputed_from_the_evidence_alone():
    found = _measure(_rows(150, 1))
    for item in found.evidence["cells"]:
        table = np.array(item["baseline"]), np.array(item["current"])
        group = f"feature={item['feature']}"
        assert float(one(found, "drift.psi", group).value) == pytest.approx(distances.psi(*table).value, abs=1e-11)
        assert float(one(found, "drift.js", group).value) == pytest.approx(distances.jensen_shannon(*table), abs=1e-11)
        assert table[0].sum() == 300
        assert table[1].sum() == 150


def test_rows_out_of_the_baselines_range_are_counted_and_found_beyond_chance():
    rows = _rows(150, 1)
    found = _measure({**rows, "bp": np.append(rows["bp"][15:], np.full(15, 900.0))})
    item = one(found, "drift.out_of_range_share", "feature=bp")
    assert float(item.value) >= 0.1
    assert [one.data["rows"] for one in found.findings if one.code == "out_of_range"] == [
        round(float(item.value) * 150)
    ]
    assert "out_of_range" not in {one.code for one in _measure(rows).findings}


@pytest.mark.parametrize(("n", "highest"), [(5, "1"), (20_000, "0")])
def test_the_upper_end_of_the_drifted_share_is_what_the_rows_cannot_rule_out(n, highest):
    found = _measure(_rows(n, 1), _sketch(_rows(20_000, 0)))
    share = one(found, "drift.features_drifted_share")
    assert (share.value, share.lower, share.upper) == ("0", "0", highest)


def test_more_categories_than_are_kept_are_compared_and_said():
    rng = np.random.default_rng(1)
    before, after = ({"c": [f"c{value}" for value in rng.zipf(1.3, 9000) % 5000]} for _ in range(2))
    found = _measure(after, _sketch(before, {"c": "categorical"}), {"c": "categorical"})
    assert {item.code for item in found.findings} == {"categories_lumped"}
    assert one(found, "drift.new_category_share", "feature=c").status is Status.NOT_COMPUTABLE
    assert one(found, "drift.total_variation", "feature=c").status is Status.MEASURED


def test_both_shapes_of_a_feature_are_kept_for_a_picture():
    found = _measure({**_rows(150, 1), "bmi": np.full(150, 30.0)})
    shapes = {item["feature"]: item["shape"] for item in found.evidence["cells"]}
    assert shapes["smoker"] is None
    assert (sum(shapes["bmi"]["baseline"]), sum(shapes["bmi"]["current"])) == (300, 150)
    assert max(shapes["bmi"]["current"]) == 150
    assert [float(shapes["bmi"][end]) % 1 for end in ("low", "high")] == [0, 0]


@pytest.mark.parametrize("values", [[5.0], [1e15, 1e15 + 0.25], [0.0, 5e-324], [-1.7e308, 1.7e308], [0.1, 0.2]])
def test_any_column_has_a_shape_that_holds_every_row(values):
    item = points_of(_sketch({"bmi": values * 60}, {"bmi": "numeric"})["columns"][0])
    shape = shape_of(item, item)
    assert shape.low < shape.high
    assert sum(shape.before) == sum(shape.after) == 60 * len(values)


def test_the_pictures_are_of_what_moved_furthest_and_name_no_value():
    rows = _rows(150, 1)
    found = _measure({**rows, "bp": rows["bp"] + 14, "smoker": ["Ann Example"] * 150})
    titles = [plot["title"] for plot in found.evidence["plots"]]
    assert titles == ["Which features have moved?", "Where the values of bp lie", "Where the values of bmi lie"]
    assert [bar["name"] for bar in found.evidence["plots"][0]["bars"]] == ["smoker", "bp", "bmi"]
    assert "Ann" not in str(found.evidence)
