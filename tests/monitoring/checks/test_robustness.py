"""Turned decisions are counted by row and feature; a model that fails or cannot be asked is never robust."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.checks.robustness import check
from monitoring.statistics.perturbing import KINDS, MISSING, NOISE, RANGE, UNITS, perturb
from monitoring.statistics.ranges import Range
from registry.checks import ParameterError, Status
from tests.monitoring.checks.inputs import Collected, measure, one

ROWS = pa.table(
    {
        "bmi": pa.array([20, 25, None, 40], pa.int64()),
        "bp": [80.0, 90.0, 85.0, 100.0],
        "flag": [0, 1, 1, 0],
        "site": ["north", "south", "north", None],
        "id": ["a", "b", "c", "d"],
    }
)
FEATURES = ("bmi", "bp", "flag", "site")


def _perturbed(kind, ranges=None, scale=0.05):
    return perturb(ROWS, FEATURES, ranges or {}, kind, scale=scale, seed=1)


def _differing(found, copy):
    """The features in which a copy differs from its row."""
    own, base = found.table.slice(copy, 1).to_pylist()[0], ROWS.select(FEATURES).to_pylist()[int(found.rows[copy])]
    return {name for name in FEATURES if own[name] != base[name]}


@pytest.mark.parametrize("kind", [MISSING, UNITS, RANGE])
def test_a_copy_differs_from_its_row_in_the_named_feature_alone(kind):
    found = _perturbed(kind)
    assert found.table.column_names == list(FEATURES)
    assert len(found.rows) == len(found.features) == found.table.num_rows
    for copy, name in enumerate(found.features):
        assert _differing(found, copy) <= {name}
    assert set(found.features) == ({"bmi", "bp"} if kind == UNITS else set(FEATURES))


def test_noise_shakes_every_number_by_its_own_spread_and_no_flag_and_no_gap():
    found = _perturbed(NOISE)
    assert set(found.features) == {""}
    assert len(found.rows) == 5 * 4
    away = [abs(value - 85.0) for row, value in zip(found.rows, found.table["bp"].to_pylist(), strict=True) if row == 2]
    assert 0 < max(away) < 5 * 0.05 * np.std([80, 90, 85, 100])
    assert set(found.table["flag"].to_pylist()) == {0, 1}
    assert found.table["bmi"].null_count == 5


def test_declared_units_and_ranges_are_taken_and_else_what_the_rows_show():
    ranges = {"bp": Range(low=50.0, high=150.0, units=(7.5,))}
    units = _perturbed(UNITS, ranges)
    of_bp = [value for name, value in zip(units.features, units.table["bp"].to_pylist(), strict=True) if name == "bp"]
    assert of_bp == [600.0, 675.0, 637.5, 750.0]
    beyond = _perturbed(RANGE, ranges)
    for name, ends in (("bp", {-50.0, 250.0}), ("bmi", {0.0, 60.0}), ("site", {"(unknown)"})):
        values = [row[name] for of, row in zip(beyond.features, beyond.table.to_pylist(), strict=True) if of == name]
        assert set(values) == ends


def test_many_rows_are_sampled_and_the_same_seed_gives_the_same_copies():
    table = pa.table({"x": np.arange(5000.0)})
    first, second = (perturb(table, ("x",), {}, MISSING, scale=0, seed=3) for _ in range(2))
    assert len(first.rows) == 400
    assert first.rows.tolist() == second.rows.tolist()
    assert perturb(pa.table({"c": ["a", "b"]}), ("c",), {}, NOISE, scale=1, seed=1) is None


def _answers(feature, score, base, rows=None):
    score, base = np.array(score), np.array(base)
    return pa.table(
        {
            "row": list(range(len(score))) if rows is None else rows,
            "feature": feature,
            "score": score,
            "base_score": base,
            "prediction": score >= 0.5,
            "base_prediction": base >= 0.5,
        }
    )


def _why(reason, applies="yes"):
    return _answers([], [], []).replace_schema_metadata({"error": reason, "applies": applies})


def _measure(**tables):
    return measure(check, Collected(**tables), kinds=sorted(tables))


def test_turned_decisions_are_counted_by_feature_and_the_worst_is_the_whole():
    feature = ["bmi"] * 50 + ["bp"] * 50
    found = _measure(
        missing=_answers(feature, [0.6] * 10 + [0.4] * 90, [0.4] * 100, [*range(50), *range(50)]),
        noise=_answers([""] * 100, [0.45] * 50 + [0.55] * 50, [0.45] * 100, [*range(20)] * 5),
    )
    assert float(one(found, "robustness.missing_flips", "feature=bmi").value) == 0.2
    assert float(one(found, "robustness.missing_flips", "feature=bp").value) == 0
    assert one(found, "robustness.missing_flips").value == "0.2"
    assert float(one(found, "robustness.missing_change", "feature=bmi").value) == pytest.approx(0.04)
    noise = one(found, "robustness.noise_flips")
    assert (float(noise.value), noise.n) == (0.5, 20)
    for item in found.measurements:
        assert float(item.lower) <= float(item.value) <= float(item.upper)
    assert len(found.evidence["plots"][0]["bars"]) == 3


def test_decisions_that_never_turn_still_have_an_interval():
    item = one(_measure(noise=_answers([""] * 50, [0.4] * 50, [0.41] * 50)), "robustness.noise_flips")
    assert (item.value, item.lower) == ("0", "0")
    assert 0.05 < float(item.upper) < 0.1


def test_a_model_that_fails_on_such_input_is_not_computable_with_the_reason():
    found = _measure(
        missing=_why("The model has no answer to such input: it stopped."), noise=_answers([""], [0.4], [0.4])
    )
    item = one(found, "robustness.missing_flips")
    assert item.status is Status.NOT_COMPUTABLE
    assert "it stopped" in item.reason
    assert [finding.code for finding in found.findings] == ["model_fails_on_input"]
    only = _measure(missing=_why("It stopped."))
    assert only.status is Status.NOT_COMPUTABLE


def test_a_kind_that_no_feature_can_have_does_not_apply():
    found = _measure(units=_why("No number.", applies="no"), noise=_answers([""], [0.4], [0.4]))
    assert one(found, "robustness.units_flips").status is Status.NOT_APPLICABLE
    assert found.findings == ()


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_answers_that_are_infinite_are_an_error(value):
    assert _measure(noise=_answers([""], [value], [0.4])).status is Status.ERROR


def test_what_is_asked_of_the_model_is_part_of_the_need():
    assert [need.role for need in check.needs({"noise": "0.1"})] == ["noise 0.1", "missing", "units", "range"]
    assert {need.kind for need in check.needs({})} == {"perturbed"}
    assert tuple(need.name for need in check.needs({})) == KINDS
    with pytest.raises(ParameterError, match="typos"):
        check.needs({"kinds": ["typos"]})
