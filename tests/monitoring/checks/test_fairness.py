"""Fairness against Fairlearn on the rows, its traps refused, and every number recomputed from the evidence."""

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_score

from monitoring.checks.fairness import PER_ATTRIBUTE, PER_GROUP, check
from monitoring.statistics.cube import parse_cube
from monitoring.statistics.rates import RATES
from registry.checks import Status
from tests.monitoring.checks.inputs import SCHEMA, Collected, measure, one, predictions, random_predictions, report

SEX = {"sensitive": [{"name": "sex", "column": "sex"}]}


def _measure(table, schema=SEX, **parameters):
    return measure(check, Collected(schema=schema, predictions=table), **parameters)


def _columns(table, attribute="sex"):
    return (table.column(name).to_numpy(zero_copy_only=False) for name in ("label", "prediction", f"group:{attribute}"))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("attribute", ["sex", "age_band"])
def test_the_distances_between_groups_equal_fairlearn(seed, attribute):
    table = random_predictions(160, seed)
    label, predicted, groups = _columns(table, attribute)
    found = _measure(table, SCHEMA)
    peers = {
        "selection_rate_difference": fairlearn.demographic_parity_difference,
        "selection_rate_ratio": fairlearn.demographic_parity_ratio,
        "equalized_odds_difference": fairlearn.equalized_odds_difference,
        "tpr_difference": fairlearn.true_positive_rate_difference,
        "fpr_difference": fairlearn.false_positive_rate_difference,
    }
    for metric, peer in peers.items():
        item = one(found, f"fairness.{metric}", attribute)
        assert float(item.value) == pytest.approx(peer(label, predicted, sensitive_features=groups), abs=1e-11), metric
        assert float(item.lower) < float(item.upper)


def test_the_rates_of_groups_and_intersections_equal_fairlearn_on_the_rows():
    table = random_predictions(400, seed=4)
    label, predicted, sex = _columns(table)
    age = table.column("group:age_band").to_pylist()
    found = _measure(table, SCHEMA)
    frame = fairlearn.MetricFrame(
        metrics={
            "count": fairlearn.count,
            "selection_rate": fairlearn.selection_rate,
            "tpr": fairlearn.true_positive_rate,
            "fpr": fairlearn.false_positive_rate,
            "fnr": fairlearn.false_negative_rate,
            "precision": precision_score,
            "accuracy": accuracy_score,
        },
        y_true=label,
        y_pred=predicted,
        sensitive_features={"sex": sex, "age_band": age},
    )
    for (one_sex, one_age), row in frame.by_group.iterrows():
        group = f"sex={one_sex} & age_band={one_age}"
        for metric, value in row.items():
            assert float(one(found, f"fairness.{metric}", group).value) == pytest.approx(value, abs=1e-11)


def test_all_point_values_are_recomputed_from_the_evidence_alone():
    found = _measure(random_predictions(300, seed=8), SCHEMA)
    cube = parse_cube(found.evidence["cube"])
    for names in (("sex",), ("age_band",), ("sex", "age_band")):
        margin = cube.margin(names)
        place = " & ".join(names)
        rates = {metric: RATES[metric].values(margin.array()) for metric in PER_GROUP}
        for metric, values in rates.items():
            for label, value in zip(margin.labels(), values, strict=True):
                assert float(one(found, f"fairness.{metric}", label).value) == pytest.approx(value, abs=1e-11)
        selected = rates["selection_rate"]
        gaps = [np.ptp(rates["tpr"]), np.ptp(rates["fpr"])]
        expected = {"selection_rate_ratio": selected.min() / selected.max(), "equalized_odds_difference": max(gaps)}
        for metric, value in expected.items():
            assert float(one(found, f"fairness.{metric}", place).value) == pytest.approx(value, abs=1e-11)


def _by_hand(selected, sizes):
    """Groups of these sizes with so many selected; the first half of the labels positive."""
    label, predicted, sex = [], [], []
    for index, (chosen, size) in enumerate(zip(selected, sizes, strict=True)):
        label += [1] * (size // 2) + [0] * (size - size // 2)
        predicted += [1] * chosen + [0] * (size - chosen)
        sex += ["abcdefgh"[index]] * size
    return predictions(label, predicted, sex=sex)


@pytest.mark.parametrize(
    ("selected", "sizes", "ratio", "difference", "n"),
    [
        ((30, 60), (100, 100), "0.5", "0.3", 100),
        ((40, 40), (100, 80), "0.8", "0.1", 80),
        ((50, 50), (100, 100), "1", "0", 100),
        ((0, 50), (60, 100), "0", "0.5", 60),
        ((10, 20, 40), (100, 100, 50), "0.125", "0.7", 50),
    ],
)
def test_impact_ratio_and_difference_by_hand(selected, sizes, ratio, difference, n):
    found = _measure(_by_hand(selected, sizes))
    measured = one(found, "fairness.selection_rate_ratio", "sex")
    assert (measured.value, measured.n) == (ratio, n)
    assert one(found, "fairness.selection_rate_difference", "sex").value == difference
    best = max(range(len(sizes)), key=lambda index: selected[index] / sizes[index])
    assert one(found, "fairness.impact_ratio", f"sex={'abc'[best]}").value == "1"


@pytest.mark.parametrize(
    ("selected", "sizes", "straddles"),
    [((6, 10), (20, 20), True), ((400, 1000), (2000, 2000), False), ((940, 1000), (2000, 2000), False)],
)
def test_few_rows_leave_the_four_fifths_rule_undecided_and_many_decide_it(selected, sizes, straddles):
    item = one(_measure(_by_hand(selected, sizes)), "fairness.selection_rate_ratio", "sex")
    assert (float(item.lower) < 0.8 < float(item.upper)) is straddles


def test_no_disparity_at_twenty_rows_a_group_is_not_called_one_by_the_interval():
    rng, called, plain = np.random.default_rng(3), 0, 0
    for _ in range(60):
        table = _by_hand([int(rng.binomial(20, 0.4)) for _ in range(2)], (20, 20))
        item = one(_measure(table), "fairness.selection_rate_ratio", "sex")
        called += float(item.upper) < 0.8
        plain += float(item.value) < 0.8
    assert called <= 4
    assert plain >= 20


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (predictions([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], sex=list("aabb")), "predictions_are_probabilities"),
        (predictions(["no", "yes", "no", "yes"], [0, 1, 0, 1], sex=list("aabb")), "predictions_not_binary"),
        (predictions([0, None, 0, 1], [0, 1, 0, 1], sex=list("aabb")), "predictions_missing_value"),
        (predictions([], [], sex=[]), "predictions_empty"),
    ],
)
def test_the_traps_of_fairlearn_are_errors_and_no_number_is_reported(table, code):
    found = _measure(table)
    assert (found.status, found.measurements) == (Status.ERROR, ())
    assert [item.code for item in found.findings] == [code]


def test_a_group_without_positive_labels_has_no_true_positive_rate_and_is_not_accused_of_zero():
    table = predictions([0, 0, 0, 1, 1, 0], [0, 1, 0, 1, 1, 0], sex=list("aaabbb"))
    found = _measure(table)
    for metric, group in [
        ("tpr", "sex=a"), ("fnr", "sex=a"), ("tpr_difference", "sex"), ("equalized_odds_difference", "sex"),
    ]:  # fmt: skip
        item = one(found, f"fairness.{metric}", group)
        assert (item.status, item.value) == (Status.NOT_COMPUTABLE, None)
        assert "sex=a" in item.reason
    assert one(found, "fairness.fpr_difference", "sex").status is Status.MEASURED
    assert one(found, "fairness.tpr", "sex=b").value == "1"


def test_when_nobody_is_selected_a_ratio_does_not_exist_but_the_difference_is_zero():
    found = _measure(predictions([0, 1, 0, 1], [0, 0, 0, 0], sex=list("aabb")))
    ratio = one(found, "fairness.selection_rate_ratio", "sex")
    assert (ratio.status, ratio.value) == (Status.NOT_COMPUTABLE, None)
    assert one(found, "fairness.selection_rate_difference", "sex").value == "0"


@pytest.mark.parametrize(
    ("schema", "groups", "parameters", "words"),
    [
        (SEX, {"sex": ["a"] * 4}, {}, "needs two groups; the evaluation rows have sex=a"),
        (SEX, {"sex": [None] * 4}, {}, "needs two groups; the evaluation rows have none"),
        (SEX, {"sex": ["a", "a", None, None]}, {}, "needs two groups; the evaluation rows have sex=a"),
        (SEX, {}, {}, "no column 'group:sex'"),
        (SEX, {"race": list("aabb")}, {"attributes": ["race"]}, "does not declare the sensitive attribute 'race'"),
    ],
)
def test_an_attribute_that_cannot_be_compared_is_not_computable_with_a_sentence(schema, groups, parameters, words):
    found = _measure(predictions([0, 1, 0, 1], [0, 1, 0, 1], **groups), schema, **parameters)
    attribute = parameters.get("attributes", ["sex"])[0]
    for metric in PER_ATTRIBUTE:
        item = one(found, f"fairness.{metric}", attribute)
        assert (item.status, item.value) == (Status.NOT_COMPUTABLE, None)
        assert words in item.reason


def test_no_declared_attribute_is_not_a_pass():
    found = _measure(random_predictions(), {"sensitive": []})
    assert found.status is Status.NOT_COMPUTABLE
    assert "declares no sensitive attribute" in found.reason


def test_one_attribute_that_is_absent_does_not_hide_the_other():
    table = random_predictions().drop_columns(["group:age_band"])
    found = _measure(table, SCHEMA)
    assert found.status is Status.MEASURED
    assert one(found, "fairness.selection_rate_ratio", "age_band").status is Status.NOT_COMPUTABLE
    assert one(found, "fairness.selection_rate_ratio", "sex").status is Status.MEASURED
    assert ("attribute_not_measured", "age_band") in {(item.code, item.place) for item in found.findings}


def test_rows_without_a_group_are_counted_and_shown_and_left_out_of_the_comparison():
    sex = ["a"] * 40 + ["b"] * 40 + [None] * 20
    predicted = [1, 0] * 40 + [0] * 20
    found = _measure(predictions([1, 0] * 50, predicted, sex=sex))
    assert one(found, "fairness.missing_share", "sex").value == "0.2"
    assert one(found, "fairness.count", "sex=(missing)").value == "20"
    assert one(found, "fairness.selection_rate", "sex=(missing)").value == "0"
    assert one(found, "fairness.selection_rate_ratio", "sex").value == "1"
    assert "group_missing" in {item.code for item in found.findings}


def test_small_groups_are_findings_with_the_limit_that_was_set():
    found = _measure(_by_hand((5, 10), (12, 40)))
    assert [(item.code, item.place, item.data["rows"]) for item in found.findings] == [("group_small", "sex=a", 12)]
    assert not _measure(_by_hand((5, 10), (12, 40)), small_group=10).findings


def test_a_declared_band_without_rows_is_shown_and_its_comparison_rests_on_nothing():
    schema = {"sensitive": [{"name": "age", "column": "age", "bins": ["30", "55"]}]}
    table = predictions([0, 1, 0, 1], [0, 1, 1, 1], age=["30-55", "30-55", ">=55", ">=55"])
    found = _measure(table, schema)
    assert one(found, "fairness.count", "age=<30").value == "0"
    assert one(found, "fairness.selection_rate_ratio", "age").n == 0
    assert "group_absent" in {item.code for item in found.findings}


def test_intersections_are_measured_as_deep_as_asked():
    table = random_predictions()
    groups = {item.group for item in _measure(table, SCHEMA).measurements}
    assert {"sex & age_band", "sex=1 & age_band=<55"} <= groups
    assert not any("&" in item.group for item in _measure(table, SCHEMA, intersections=1).measurements)


def test_too_many_groups_are_not_compared_and_not_passed():
    table = predictions([0, 1] * 70, [0, 1] * 70, sex=[str(i % 70) for i in range(140)])
    item = one(_measure(table), "fairness.selection_rate_difference", "sex")
    assert item.status is Status.NOT_COMPUTABLE
    assert "70 groups" in item.reason


def test_the_order_of_the_rows_changes_nothing_but_the_seed_changes_simultaneous_intervals():
    table = random_predictions(150)
    turned = table.take(np.random.default_rng(0).permutation(150))
    inputs = [Collected(schema=SCHEMA, predictions=item) for item in (table, turned)]
    assert measure(check, inputs[0]) == measure(check, inputs[1])
    assert report(check, inputs[0], seed=1).digest() != report(check, inputs[0], seed=2).digest()
    assert measure(check, inputs[0], seed=1) != measure(check, inputs[0], seed=2)
