"""Fairness against Fairlearn on the rows, its traps refused, and every number recomputed from the evidence."""

import fairlearn.metrics as fairlearn
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ttest_ind
from sklearn.metrics import accuracy_score, precision_score

from monitoring.checks.fairness import check
from monitoring.statistics.cube import parse_cube
from monitoring.statistics.naming import OF_CONTROLS, OF_PREDICTIONS, OF_SCORES, PER_ATTRIBUTE, PER_GROUP
from monitoring.statistics.rates import RATES
from registry.checks import ParameterError, Status
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


@pytest.mark.parametrize("groups", [65, 10_000])
def test_an_attribute_of_too_many_groups_is_refused_for_every_metric_and_named(groups):
    rows = 2 * groups
    sex, age = [str(index % groups) for index in range(rows)], (["y", "o", "o", "y"] * groups)[:rows]
    schema = {"sensitive": [{"name": "sex", "column": "sex"}, {"name": "age", "column": "age"}]}
    found = _measure(predictions([0, 1] * groups, [0, 1] * groups, sex=sex, age=age), schema)
    for metric in OF_PREDICTIONS:
        item = one(found, metric, "sex")
        assert item.status is Status.NOT_COMPUTABLE
        assert f"{groups} groups; at most 64" in item.reason
    assert one(found, "fairness.selection_rate_ratio", "age").status is Status.MEASURED
    assert len(found.measurements) < 300
    assert ("attribute_not_measured", "sex") in {(item.code, item.place) for item in found.findings}


def test_intersections_of_too_many_groups_are_refused_and_their_attributes_measured():
    index = np.arange(900)
    schema = {"sensitive": [{"name": "one", "column": "one"}, {"name": "two", "column": "two"}]}
    found = _measure(predictions(index % 2, index // 2 % 2, one=index % 9, two=index // 9 % 10), schema)
    assert one(found, "fairness.selection_rate_ratio", "one").status is Status.MEASURED
    assert "90 groups" in one(found, "fairness.selection_rate_ratio", "one & two").reason


def test_an_intersection_without_rows_is_shown_with_its_count_and_the_comparison_rests_on_nothing():
    sex, age = ["f"] * 40 + ["m"] * 20, ["y", "o"] * 20 + ["y"] * 20
    schema = {"sensitive": [{"name": "sex", "column": "sex"}, {"name": "age", "column": "age"}]}
    found = _measure(predictions([0, 1, 1, 0] * 15, [0, 1, 0, 1] * 15, sex=sex, age=age), schema)
    assert one(found, "fairness.count", "sex=m & age=o").value == "0"
    assert one(found, "fairness.selection_rate_ratio", "sex & age").n == 0
    assert one(found, "fairness.selection_rate_ratio", "sex").n == 20
    assert ("group_absent", "sex=m & age=o") in {(item.code, item.place) for item in found.findings}


def test_a_favourable_label_that_never_occurs_is_no_measurement():
    found = _measure(predictions([0] * 40, [0, 1] * 20, sex=list("aabb") * 10))
    assert (found.status, found.measurements) == (Status.NOT_COMPUTABLE, ())
    assert "favourable label" in found.reason
    assert [item.code for item in found.findings] == ["favourable_label_absent"]


def test_a_group_of_one_is_measured_shown_as_small_and_proves_nothing():
    found = _measure(predictions([1, 0] * 50 + [1], [1, 0] * 50 + [0], sex=["a"] * 100 + ["b"]))
    ratio = one(found, "fairness.selection_rate_ratio", "sex")
    assert (ratio.value, ratio.n) == ("0", 1)
    assert float(ratio.upper) > 0.8
    assert one(found, "fairness.tpr_difference", "sex").n == 1
    assert one(found, "fairness.fpr_difference", "sex").status is Status.NOT_COMPUTABLE
    assert ("group_small", "sex=b") in {(item.code, item.place) for item in found.findings}


def test_groups_below_the_smallest_share_are_shown_and_not_compared():
    table = _by_hand((30, 60, 0), (100, 100, 3))
    found = _measure(table, smallest_share="0.02")
    assert one(found, "fairness.selection_rate_ratio", "sex").value == "0.5"
    assert (one(found, "fairness.count", "sex=c").value, one(found, "fairness.selection_rate", "sex=c").n) == ("3", 3)
    assert ("group_left_out", "sex=c") in {(item.code, item.place) for item in found.findings}
    assert one(_measure(table), "fairness.selection_rate_ratio", "sex").value == "0"


def test_ratios_of_every_rate_equal_fairlearn():
    table = random_predictions(300, seed=5)
    label, predicted, sex = _columns(table)
    found = _measure(table, SCHEMA)
    odds = one(found, "fairness.equalized_odds_ratio", "sex")
    assert float(odds.value) == pytest.approx(fairlearn.equalized_odds_ratio(label, predicted, sensitive_features=sex))
    functions = {"precision": precision_score, "accuracy": accuracy_score, "fnr": fairlearn.false_negative_rate}
    frame = fairlearn.MetricFrame(metrics=functions, y_true=label, y_pred=predicted, sensitive_features=sex)
    for metric in functions:
        for form, peer in (("difference", frame.difference()), ("ratio", frame.ratio())):
            assert float(one(found, f"fairness.{metric}_{form}", "sex").value) == pytest.approx(peer[metric]), metric


def test_contrasts_to_the_best_to_a_reference_and_to_the_whole_by_hand():
    found = _measure(_by_hand((30, 60, 20), (100, 100, 50)), reference=["sex=a"])

    def value(metric, group):
        return float(one(found, f"fairness.{metric}", f"sex={group}").value)

    assert value("selection_rate_difference_to_best", "c") == pytest.approx(-0.2)
    assert value("impact_ratio", "c") == pytest.approx(2 / 3)
    assert value("selection_rate_difference_to_reference", "b") == pytest.approx(0.3)
    assert value("selection_rate_ratio_to_reference", "b") == pytest.approx(2)
    assert value("selection_rate_difference_to_whole", "a") == pytest.approx(0.3 - 110 / 250)
    assert value("selection_rate_ratio_to_whole", "a") == pytest.approx(0.3 * 250 / 110)
    lower = float(one(found, "fairness.selection_rate_difference_to_reference", "sex=b").lower)
    assert 0 < lower < 0.3


@pytest.mark.parametrize(
    ("reference", "words"), [(["sex"], "attribute=group"), (["sex="], "attribute=group"), (["sex=a", "sex=b"], "two")]
)
def test_a_reference_is_refused_that_names_no_group_or_two(reference, words):
    with pytest.raises(ParameterError, match=words):
        check.needs({"reference": reference})


def test_a_reference_group_that_does_not_occur_is_not_computable_and_the_rest_is_measured():
    found = _measure(_by_hand((30, 60), (100, 100)), reference=["sex=z"])
    item = one(found, "fairness.selection_rate_ratio_to_reference", "sex")
    assert item.status is Status.NOT_COMPUTABLE
    assert "sex=z is not among the groups" in item.reason
    assert one(found, "fairness.selection_rate_ratio", "sex").status is Status.MEASURED


BERKELEY = {  # applicants and admitted, men and women; Bickel, Hammel and O'Connell 1975, as in R's UCBAdmissions
    "A": ((825, 512), (108, 89)),
    "B": ((560, 353), (25, 17)),
    "C": ((325, 120), (593, 202)),
    "D": ((417, 138), (375, 131)),
    "E": ((191, 53), (393, 94)),
    "F": ((373, 22), (341, 24)),
}


def _berkeley():
    sex, department, admitted = [], [], []
    for name, of_sexes in BERKELEY.items():
        for one_sex, (applied, let_in) in zip(("man", "woman"), of_sexes, strict=True):
            sex += [one_sex] * applied
            department += [name] * applied
            admitted += [1] * let_in + [0] * (applied - let_in)
    table = predictions(admitted, admitted, sex=sex)
    return table.append_column("control:department", pa.array(department))


CONTROLLED = {**SEX, "controls": [{"name": "department", "column": "department"}]}


def test_the_admissions_of_berkeley_reverse_within_departments():
    found = _measure(_berkeley(), CONTROLLED, control=["department"])

    def rate(metric, group):
        return float(one(found, f"fairness.{metric}", f"sex={group}").value)

    assert rate("selection_rate", "man") - rate("selection_rate", "woman") == pytest.approx(0.1416, abs=1e-4)
    assert float(one(found, "fairness.selection_rate_difference", "sex").lower) > 0.1
    weights = {name: men[0] + women[0] for name, (men, women) in BERKELEY.items()}
    for place, group in enumerate(("man", "woman")):
        expected = sum(weights[name] * BERKELEY[name][place][1] / BERKELEY[name][place][0] for name in BERKELEY)
        assert rate("conditional_selection_rate", group) == pytest.approx(expected / 4526)
    assert rate("conditional_selection_rate", "woman") > rate("conditional_selection_rate", "man") + 0.03
    gap = one(found, "fairness.conditional_selection_rate_difference", "sex")
    assert float(gap.upper) < 0.1
    assert one(found, "fairness.conditional_share", "sex").value == "1"


def test_strata_without_a_row_of_every_group_are_left_out_and_their_share_is_told():
    table = predictions([1, 0] * 40, [1, 0, 0, 1] * 20, sex=["a", "a", "b", "b"] * 10 + ["a"] * 40)
    table = table.append_column("control:department", pa.array(["x"] * 40 + ["y"] * 40))
    found = _measure(table, CONTROLLED, control=["department"])
    assert one(found, "fairness.conditional_share", "sex").value == "0.5"
    assert one(found, "fairness.conditional_selection_rate", "sex=a").n == 20
    apart = table.set_column(
        table.column_names.index("control:department"),
        "control:department",
        pa.array(["y" if group == "a" else "x" for group in table.column("group:sex").to_pylist()]),
    )
    item = one(_measure(apart, CONTROLLED, control=["department"]), "fairness.conditional_selection_rate_ratio", "sex")
    assert item.status is Status.NOT_COMPUTABLE
    assert "No stratum" in item.reason


@pytest.mark.parametrize(
    ("schema", "words"), [(SEX, "does not declare the control"), (CONTROLLED, "no column 'control:department'")]
)
def test_a_control_that_is_not_there_is_refused_for_every_conditional_metric(schema, words):
    found = _measure(_by_hand((30, 60), (100, 100)), schema, control=["department"])
    for metric in OF_CONTROLS:
        item = one(found, metric, "department")
        assert item.status is Status.NOT_COMPUTABLE
        assert words in item.reason
    assert "control_not_measured" in {item.code for item in found.findings}


def test_scores_above_the_median_give_the_scored_impact_ratio_of_local_law_144():
    score = [*np.linspace(0, 1, 40), *np.linspace(0.3, 0.9, 20)]
    sex = ["a"] * 40 + ["b"] * 20
    found = _measure(predictions([0, 1] * 30, [0, 1] * 30, score, sex=sex))
    above = np.array(score) > np.median(score)
    rates = {group: above[np.array(sex) == group].mean() for group in "ab"}
    for group, rate in rates.items():
        assert float(one(found, "fairness.scoring_rate", f"sex={group}").value) == pytest.approx(rate)
        ratio = float(one(found, "fairness.score_impact_ratio", f"sex={group}").value)
        assert ratio == pytest.approx(rate / max(rates.values()))
    assert float(one(found, "fairness.scoring_rate_ratio", "sex").value) == pytest.approx(rates["a"] / rates["b"])
    assert parse_cube(found.evidence["scores"]["cube"]).array().sum() == 60


def test_mean_scores_of_two_groups_have_the_interval_of_a_studentised_bootstrap():
    rng = np.random.default_rng(2)
    score = np.concatenate([rng.normal(0.4, 0.1, 120), rng.normal(0.5, 0.2, 80)])
    found = _measure(predictions([0, 1] * 100, [0, 1] * 100, score, sex=["a"] * 120 + ["b"] * 80), replicates=20_000)
    gap = one(found, "fairness.score_mean_difference", "sex")
    peer = ttest_ind(score[120:], score[:120], equal_var=False)
    assert float(gap.value) == pytest.approx(score[120:].mean() - score[:120].mean())
    welch = peer.confidence_interval()
    assert (float(gap.lower), float(gap.upper)) == pytest.approx((welch.low, welch.high), abs=0.003)


@pytest.mark.parametrize(
    ("score", "status", "words"),
    [
        (None, Status.NOT_APPLICABLE, "no column 'score'"),
        ([None] * 4, Status.NOT_APPLICABLE, "4 of 4"),
        ([0.1, 0.2, None, 0.4], Status.NOT_COMPUTABLE, "1 of 4"),
    ],
)
def test_scores_that_are_not_there_do_not_apply_and_missing_ones_are_not_guessed(score, status, words):
    score = None if score is None else pa.array(score, pa.float64())
    found = _measure(predictions([0, 1, 0, 1], [0, 1, 0, 1], score, sex=list("aabb")))
    for metric in OF_SCORES:
        item = one(found, metric, "sex")
        assert item.status is status
        assert words in item.reason


def test_what_nobody_got_is_a_finding():
    found = _measure(predictions([0, 1] * 40, [0] * 80, sex=list("aabb") * 20))
    assert "nobody_selected" in {item.code for item in found.findings}
    assert one(found, "fairness.equalized_odds_ratio", "sex").status is Status.NOT_COMPUTABLE


def test_every_metric_that_a_policy_may_limit_is_there_for_every_attribute():
    whole = _measure(random_predictions(200), {**SCHEMA, "controls": []}, reference=["sex=1", "age_band=<55"])
    for metric in {*OF_PREDICTIONS, *OF_SCORES}:
        groups = {item.group.partition("=")[0] for item in whole.measurements if item.metric == metric}
        assert {"sex", "age_band"} <= groups, metric


def test_intervals_are_simultaneous_over_attributes_and_narrower_when_fewer_are_asked_about():
    table = random_predictions(400, seed=3)
    widths = []
    for asked in ({"attributes": ["sex"]}, {"intersections": 1}, {}):
        item = one(_measure(table, SCHEMA, **asked), "fairness.selection_rate_ratio", "sex")
        widths.append(float(item.upper) - float(item.lower))
    assert widths[0] < widths[1] < widths[2]


def test_the_order_of_the_rows_changes_nothing_but_the_seed_changes_simultaneous_intervals():
    table = random_predictions(150)
    turned = table.take(np.random.default_rng(0).permutation(150))
    inputs = [Collected(schema=SCHEMA, predictions=item) for item in (table, turned)]
    assert measure(check, inputs[0]) == measure(check, inputs[1])
    assert report(check, inputs[0], seed=1).digest() != report(check, inputs[0], seed=2).digest()
    assert measure(check, inputs[0], seed=1) != measure(check, inputs[0], seed=2)
