"""Performance on several classes and on amounts against scikit-learn, its slices, its pictures, and bad input."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from monitoring.checks.performance import check
from monitoring.statistics.performance.naming import COMPARED, EVERY_TASK, METRICS, OF_TASK
from registry.checks import Status
from tests.monitoring.checks.inputs import SCHEMA, Collected, measure, one, predictions, random_predictions


def _schema(task):
    return {**SCHEMA, "task": task}


def _measure(table, task, **given):
    return measure(check, Collected(predictions=table, schema=_schema(task), **given), replicates=200)


def _value(found, name, group=""):
    return float(one(found, f"performance.{name}", group).value)


def _classes(n=300, seed=0, skill=0.6):
    rng = np.random.default_rng(seed)
    names = np.array(["low", "mid", "top"])
    label = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    raw = rng.gamma(1.0, size=(n, 3)) + skill * np.eye(3)[label]
    scores = raw / raw.sum(axis=1, keepdims=True)
    columns = {f"score:{name}": scores[:, place] for place, name in enumerate(names)}
    return pa.table({"row": range(n), "label": names[label], "prediction": names[scores.argmax(axis=1)], **columns})


def _amounts(n=200, seed=0, noise=5.0):
    rng = np.random.default_rng(seed)
    label = rng.normal(100, 20, n)
    return pa.table({"row": range(n), "label": label, "prediction": label + rng.normal(1, noise, n)})


def test_several_classes_equal_scikit_learn():
    table = _classes()
    found = _measure(table, "multiclass")
    label, predicted = (table.column(name).to_pylist() for name in ("label", "prediction"))
    scores = np.column_stack([table.column(f"score:{name}").to_numpy() for name in ("low", "mid", "top")])
    expected = {
        "accuracy": metrics.accuracy_score(label, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(label, predicted),
        "mcc": metrics.matthews_corrcoef(label, predicted),
        "log_loss": metrics.log_loss(label, scores),
        "auc_macro": metrics.roc_auc_score(label, scores, multi_class="ovr", average="macro"),
    }
    for way in ("macro", "micro", "weighted"):
        three = metrics.precision_recall_fscore_support(label, predicted, average=way)[:3]
        expected |= {f"{name}_{way}": value for name, value in zip(("precision", "recall", "f1"), three, strict=True)}
    for name, value in expected.items():
        item = one(found, f"performance.{name}")
        assert float(item.value) == pytest.approx(value, abs=1e-9), name
        assert float(item.lower) < float(item.value) < float(item.upper), name
    for name, rows in zip(
        ("low", "mid", "top"), (label.count("low"), label.count("mid"), label.count("top")), strict=True
    ):
        alone = metrics.f1_score([text == name for text in label], [text == name for text in predicted])
        assert _value(found, "class_f1", f"class={name}") == pytest.approx(alone)
        assert one(found, "performance.class_recall", f"class={name}").n == rows
    assert sum(map(sum, found.evidence["confusion"]["counts"])) == 300


def test_amounts_equal_scikit_learn():
    table = _amounts()
    found = _measure(table, "regression")
    label, predicted = (table.column(name).to_numpy() for name in ("label", "prediction"))
    expected = {
        "mae": metrics.mean_absolute_error(label, predicted),
        "rmse": metrics.root_mean_squared_error(label, predicted),
        "r2": metrics.r2_score(label, predicted),
        "mape": metrics.mean_absolute_percentage_error(label, predicted),
        "bias": (predicted - label).mean(),
    }
    for name, value in expected.items():
        item = one(found, f"performance.{name}")
        assert float(item.value) == pytest.approx(value, abs=1e-9), name
        assert float(item.lower) < float(item.value) < float(item.upper), name
    error = float(one(found, "performance.bias").upper) - float(one(found, "performance.bias").lower)
    assert error == pytest.approx(2 * 1.96 * (predicted - label).std() / np.sqrt(200), rel=0.2)


def _moved(table):
    return table.take(np.random.default_rng(1).permutation(table.num_rows))


@pytest.mark.parametrize(
    ("task", "own", "other", "better"),
    [
        ("multiclass", _classes(skill=3.0), _classes(skill=0.6), ("accuracy", "f1_macro", "mcc")),
        ("regression", _amounts(noise=2.0), _amounts(noise=9.0), ("r2",)),
    ],
)
def test_differences_of_other_tasks_are_paired_by_row_and_not_by_order(task, own, other, better):
    found = _measure(own, task, incumbent_predictions=_moved(other))
    alone = {name: _measure(table, task) for name, table in (("own", own), ("other", other))}
    for name in COMPARED[task]:
        gap = _value(alone["own"], name) - _value(alone["other"], name)
        assert _value(found, f"{name}_difference") == pytest.approx(gap, abs=1e-9), name
    for name in better:
        assert float(one(found, f"performance.{name}_difference").lower) > 0
    if task == "multiclass":
        assert _value(found, "mcnemar_p") < 0.001


def test_an_incumbent_with_the_same_answers_differs_by_nothing():
    for task, table in (("multiclass", _classes()), ("regression", _amounts())):
        found = _measure(table, task, incumbent_predictions=table)
        assert {_value(found, f"{name}_difference") for name in COMPARED[task]} == {0.0}
    assert _value(_measure(_classes(), "multiclass", incumbent_predictions=_classes()), "mcnemar_p") == 1


@pytest.mark.parametrize("task", sorted(OF_TASK))
def test_what_exists_for_another_task_alone_is_not_applicable_with_the_reason(task):
    table = {"binary": random_predictions, "multiclass": _classes, "regression": _amounts}[task]()
    found = _measure(table, task)
    own = {f"performance.{name}" for name in (*EVERY_TASK, *OF_TASK[task])}
    own |= {f"performance.{name}_difference" for name in COMPARED[task]}
    reported = {item.metric for item in found.measurements}
    assert reported >= set(METRICS) - {"performance.slice_gap", "performance.slice_error"}
    for item in found.measurements:
        if item.metric not in own:
            assert item.status is Status.NOT_APPLICABLE
            assert "target is" in item.reason


@pytest.mark.parametrize(
    ("task", "columns", "code"),
    [
        ("binary", {"label": ["yes", "no"], "prediction": [1, 0]}, "predictions_not_binary"),
        ("binary", {"label": [1, 0], "prediction": [0.7, 0.1]}, "predictions_are_probabilities"),
        ("binary", {"label": [0.5, 0], "prediction": [1, 0]}, "predictions_not_binary"),
        ("binary", {"label": [None, 0], "prediction": [1, 0]}, "predictions_missing_value"),
        ("binary", {"label": [1, 0], "prediction": [1, float("nan")]}, "predictions_missing_value"),
        ("binary", {"label": [1, 0], "prediction": [1, 0], "row": [3, 3]}, "predictions_repeated_row"),
        ("binary", {"label": [1, 0], "prediction": [1, 0], "score": [0.2, float("inf")]}, "column_infinite"),
        ("binary", {"label": [], "prediction": []}, "predictions_empty"),
        ("binary", {"label": [1, 0]}, "column_missing"),
        ("multiclass", {"label": ["a", "b"], "prediction": [0.7, 0.1]}, "predictions_are_probabilities"),
        ("multiclass", {"label": ["a", None], "prediction": ["a", "b"]}, "predictions_missing_value"),
        ("multiclass", {"label": ["a", "b"], "prediction": ["a", "b"], "row": [1, 1]}, "predictions_repeated_row"),
        (
            "multiclass",
            {"label": [f"p{n}" for n in range(101)], "prediction": ["a"] * 101},
            "predictions_too_many_classes",
        ),
        ("regression", {"label": ["a", "b"], "prediction": [1.0, 2.0]}, "column_not_numeric"),
        ("regression", {"label": [1.0, None], "prediction": [1.0, 2.0]}, "predictions_missing_value"),
        ("regression", {"label": [1.0, 2.0], "prediction": [1.0, float("inf")]}, "column_infinite"),
        ("regression", {"label": [1.0, 2.0], "prediction": [1.0, float("nan")]}, "predictions_missing_value"),
        ("guessing", {"label": [1, 0], "prediction": [1, 0]}, "task_unknown"),
    ],
)
def test_what_would_mislead_is_an_error_with_a_code_and_no_number(task, columns, code):
    rows = len(columns["label"])
    found = _measure(pa.table({"row": list(range(rows)), **columns}), task)
    assert found.status is Status.ERROR
    assert found.measurements == ()
    assert [item.code for item in found.findings] == [code]


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({}, "no columns"),
        ({"score:low": 0.5, "score:mid": 0.5}, "no column 'score:top'"),
        ({"score:low": 0.5, "score:mid": 0.5, "score:top": 0.5}, "sum to 1"),
        ({"score:low": None, "score:mid": 0.5, "score:top": 0.5}, "missing for 300"),
    ],
)
def test_scores_of_classes_that_are_no_probabilities_have_no_loss(scores, words):
    table = _classes().select(["row", "label", "prediction"])
    for name, value in scores.items():
        table = table.append_column(name, pa.array([value] * 300, pa.float64()))
    found = _measure(table, "multiclass")
    for name in ("log_loss", "auc_macro", "ece"):
        assert words in one(found, f"performance.{name}").reason
    assert one(found, "performance.accuracy").status is Status.MEASURED


def test_constant_scores_and_a_single_class_are_findings():
    constant = _measure(predictions([0, 1] * 20, [0, 1] * 20, [0.5] * 40), "binary")
    assert _value(constant, "auc") == 0.5
    assert "scores_constant" in {item.code for item in constant.findings}
    never = _measure(predictions([0] * 40, [0, 1] * 20, [0.5] * 40), "binary")
    assert "labels_of_one_class" in {item.code for item in never.findings}
    assert one(never, "performance.auc").status is Status.NOT_COMPUTABLE


def test_amounts_without_variance_or_with_zeros_have_no_share_of_them():
    still = _measure(pa.table({"row": range(20), "label": [3.0] * 20, "prediction": [1.0, 2.0] * 10}), "regression")
    assert one(still, "performance.r2").status is Status.NOT_COMPUTABLE
    zeros = _measure(pa.table({"row": range(20), "label": [0.0, 2.0] * 10, "prediction": [1.0] * 20}), "regression")
    assert "0 in 10 of 20 rows" in one(zeros, "performance.mape").reason
    assert {item.code for item in zeros.findings} == {"predictions_constant"}


def test_below_ten_rows_a_bootstrap_gives_no_interval():
    found = _measure(_amounts(n=9), "regression")
    assert (one(found, "performance.mae").lower, one(found, "performance.mae").upper) == (None, None)


def test_true_scores_are_not_called_false_and_false_ones_are():
    rng = np.random.default_rng(5)
    score = rng.uniform(0.05, 0.95, 2000)
    label = (rng.uniform(size=2000) < score).astype(int)
    true = _measure(predictions(label, (score > 0.5).astype(int), score), "binary")
    false = _measure(predictions(label, (score > 0.5).astype(int), score**3), "binary")
    assert float(one(true, "performance.ece").lower) < 0.01
    assert float(one(false, "performance.ece").lower) > 0.1
    assert (
        float(one(true, "performance.calibration_gap").lower)
        < 0
        < float(one(true, "performance.calibration_gap").upper)
    )


def _with_rows(bad, n=1200, seed=3):
    """Predictions that are wrong one time in ten, and nearly always where ``bad`` says so."""
    rng = np.random.default_rng(seed)
    rows = {"bmi": rng.normal(25, 4, n), "bp": rng.normal(90, 9, n), "site": rng.choice(["north", "south"], n)}
    label = rng.integers(0, 2, n)
    wrong = rng.uniform(size=n) < np.where(bad(rows), 0.8, 0.1)
    schema = {**SCHEMA, "features": [{"name": name, "kind": "numeric"} for name in rows]}
    table = predictions(label, np.where(wrong, 1 - label, label), sex=rng.choice(["1", "2"], n))
    return Collected(predictions=table, schema=schema, rows=pa.table(rows))


def test_the_worst_slice_is_found_among_features_and_measured_on_other_rows():
    given = _with_rows(lambda rows: (rows["bmi"] > 27) & (rows["site"] == "north"))
    found = measure(check, given, replicates=200)
    gaps = [item for item in found.measurements if item.metric == "performance.slice_gap"]
    assert "site=north" in gaps[0].group
    assert "bmi>=" in gaps[0].group
    assert _value(found, "worst_slice_gap") == float(gaps[0].value) > 0.4
    assert float(one(found, "performance.worst_slice_gap").lower) > 0.3
    assert gaps[0].n < 600
    assert len(gaps) <= 5
    assert [plot["title"] for plot in found.evidence["plots"]] == ["Where it is worst"]


def test_where_no_slice_is_worse_its_interval_says_so_although_the_worst_was_searched():
    missed = 0
    for seed in range(20):
        found = measure(check, _with_rows(lambda rows: rows["bmi"] > 1e9, n=600, seed=seed), replicates=200)
        missed += float(one(found, "performance.worst_slice_gap").lower) > 0
    assert missed <= 2


def test_no_slice_without_enough_rows():
    found = measure(check, Collected(predictions=random_predictions(40)), replicates=200)
    assert one(found, "performance.worst_slice_gap").status is Status.NOT_COMPUTABLE


def test_the_pictures_hold_no_row_and_few_points():
    found = measure(check, Collected(predictions=random_predictions(2000)), replicates=200)
    plots = found.evidence["plots"]
    assert [plot["kind"] for plot in plots] == ["lines"] * 4 + ["intervals"]
    for plot in plots:
        assert plot["title"]
        assert plot["reading"].endswith(".")
        assert all(len(series["points"]) <= 120 for series in plot.get("series", ()))
