"""Sketches keep what distances need: against scipy on the rows, and on the columns that mislead."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, ncx2, wasserstein_distance
from scipy.stats.contingency import association

from monitoring.statistics import distances, sketch
from monitoring.statistics.columns import InfiniteValueError, MissingColumnError, NotNumericError
from monitoring.statistics.compare import SketchError, columns_by_name
from monitoring.statistics.movement import compare
from monitoring.statistics.sketch import UnknownKindError, columns_of, sketch_batches, sketch_table
from monitoring.statistics.tally import Tally
from registry.canonical import canonical, parse


def column(values, kind="numeric", **options):
    table = pa.table({"x": values})
    return sketch_table(table, {"x": kind}, **options)["columns"][0]


def _normal(n, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(size=n) + shift


def _spiky(n, seed=0, zeros=0.6):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < zeros, 0.0, rng.lognormal(size=n))


SAMPLES = {
    "few": (_normal(120), _normal(80, 1, 0.5)),
    "ties": (np.round(_normal(500)), np.round(_normal(300, 1, 0.3))),
    "two values": (np.repeat([0.0, 1.0], [90, 10]), np.repeat([0.0, 1.0], [50, 50])),
    "many": (_normal(30_000), _normal(20_000, 1, 0.1)),
    "many against few": (_normal(30_000), _normal(60, 1, 0.4)),
    "many zeros": (_spiky(30_000), _spiky(20_000, 1, 0.5)),
    "many zeros on one side": (_spiky(30_000), np.abs(_normal(20_000, 1))),
    "apart": (_normal(50), _normal(50, 1, 100.0)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_distances_of_sketches_are_those_of_the_rows(name):
    before, after = SAMPLES[name]
    exact = len(set(before)) <= 1024 and len(set(after)) <= 1024
    moved = compare(column(before), column(after))
    assert moved.ks is not None
    assert moved.ks.value == pytest.approx(ks_2samp(before, after).statistic, abs=1e-9 if exact else 2e-3)
    peer = wasserstein_distance(before, after) / before.std()
    assert moved.wasserstein == pytest.approx(peer, rel=1e-9 if exact else 0.02)


@pytest.mark.parametrize("name", SAMPLES)
def test_bands_hold_every_row_once_and_no_band_of_the_baseline_more_than_one_value_or_a_tenth(name):
    before, after = SAMPLES[name]
    counted = compare(column(before), column(after)).cells
    assert (counted.before.sum(), counted.after.sum()) == (len(before), len(after))
    heaviest = max(np.unique(before, return_counts=True)[1]) / len(before)
    assert counted.before.max() / len(before) <= max(heaviest, 0.1) + 2 / 120


@pytest.mark.parametrize(
    ("before", "after"),
    [([5.0] * 50, [7.0] * 50), ([5.0] * 50, [3.0] * 50), ([0.0] * 3 + [1.0] * 97, [0.0] * 50 + [1.0] * 50)],
    ids=["constant, then more", "constant, then less", "mostly at the maximum"],
)
def test_a_lump_that_leaves_its_place_is_seen_by_psi(before, after):
    assert compare(column(before), column(after)).psi.lower > 0.25


def test_psi_of_equal_shares_is_zero_and_of_known_shares_known():
    same = distances.psi(np.array([10, 20, 30]), np.array([10, 20, 30]))
    assert (same.value, same.lower) == (0, 0)
    large = distances.psi(np.array([500_000, 500_000]), np.array([600_000, 400_000]))
    assert large.value == pytest.approx(0.1 * np.log(0.6 / 0.5) - 0.1 * np.log(0.4 / 0.5), rel=1e-4)
    assert large.lower < large.value < large.upper < large.lower * 1.1


def test_psi_has_an_interval_that_covers_the_distance_of_the_populations():
    rng, covered, zero = np.random.default_rng(1), 0, 0
    old, new = np.full(10, 0.1), np.array([0.04] + [0.1] * 8 + [0.16])
    truth = float(((new - old) * np.log(new / old)).sum())
    for _ in range(200):
        moved = distances.psi(rng.multinomial(300, old), rng.multinomial(200, new))
        still = distances.psi(rng.multinomial(300, old), rng.multinomial(200, old))
        covered += moved.lower <= truth <= moved.upper
        zero += still.lower == 0
    assert covered >= 185
    assert zero >= 185


def test_js_and_chi_squared_equal_scipy_and_total_variation_its_definition():
    before, after = np.array([30, 50, 20]), np.array([10, 40, 50])
    assert distances.jensen_shannon(before, after) == pytest.approx(jensenshannon(before, after, base=2))
    found, peer = distances.chi_squared(before, after), chi2_contingency([before, after], correction=False)
    assert (found.statistic, found.p_value) == pytest.approx((peer.statistic, peer.pvalue))
    assert distances.total_variation(before, after) == pytest.approx(0.3)
    assert distances.chi_squared(np.array([5, 0]), np.array([9, 0])).p_value == 1


def test_the_band_of_ks_is_the_critical_value_of_the_two_sample_test():
    found = distances.kolmogorov_band(0.3, 100, 50)
    half = 1.3581 * (150 / 5000) ** 0.5
    assert (found.lower, found.upper) == pytest.approx((0.3 - half, 0.3 + half), abs=1e-4)
    assert distances.kolmogorov_p(1.3581 * (150 / 5000) ** 0.5, 100, 50) == pytest.approx(0.05, abs=1e-4)


def test_a_sketch_is_a_canonical_document_of_bounded_size():
    table = pa.table({"x": _normal(50_000), "c": ["ä", "b"] * 25_000})
    document = sketch_table(table, {"x": "numeric", "c": "categorical"})
    assert parse(canonical(document)) == document
    numeric, categories = document["columns"]
    assert len(numeric["edges"]) <= 1024
    assert sum(numeric["counts"]) == 50_000
    assert categories["categories"] == [{"value": "b", "count": 25_000}, {"value": "ä", "count": 25_000}]


def test_missing_values_are_counted_apart():
    found = column([1.0, None, float("nan"), 2.0])
    assert (found["n"], found["missing"]) == (2, 2)
    found = column(["a", None, "", "b"], "categorical")
    assert (found["n"], found["missing"], found["distinct"]) == (2, 2, 2)
    empty = column([None, None])
    assert (empty["n"], empty["missing"], empty["edges"]) == (0, 2, [])


@pytest.mark.parametrize(
    ("values", "kind", "error"),
    [
        ([1.0, float("inf")], "numeric", InfiniteValueError),
        (["a", "b"], "numeric", NotNumericError),
        (["a"], "ordinal", UnknownKindError),
    ],
)
def test_a_column_that_is_not_what_it_is_declared_to_be_is_refused(values, kind, error):
    with pytest.raises(error, match="'x'"):
        column(values, kind)


def test_an_absent_column_is_refused_unless_the_rows_come_from_production():
    table, columns = pa.table({"x": ["a"]}), {"x": "numeric", "y": "numeric"}
    with pytest.raises(MissingColumnError, match="'y'"):
        sketch_table(pa.table({"x": [1.0]}), columns)
    found = sketch_table(table, columns, lenient=True)["columns"]
    assert found == [{"name": "x", "kind": "unreadable", "type": "string"}]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (column([1.0]), None, "not in the current rows"),
        (column([1.0]), column(["a"], "categorical"), "was numeric and is now categorical"),
        (column([1.0]), column(["a"], lenient=True), "is now string"),
        (column([1.0]), column([None]), "no value in the current rows"),
        (column([None]), column([1.0]), "no value in the baseline rows"),
        (column(["a"], "categorical"), column([str(i) for i in range(1025)], "categorical"), "1025 categories"),
    ],
)
def test_columns_that_cannot_be_compared_say_why(before, after, words):
    with pytest.raises(SketchError, match=words):
        compare(before, after)


def test_what_is_sketched_are_the_features_and_the_score_prediction_and_label_that_are_there():
    schema = {"features": [{"name": "x", "kind": "numeric"}], "identifiers": ["id"]}
    table = pa.table({"id": [1], "x": [1.0], "score": [0.5], "label": [1]})
    assert columns_of(schema, table) == {"x": "numeric", "score": "numeric", "label": "categorical"}


def test_a_document_of_another_format_is_no_sketch():
    with pytest.raises(SketchError, match="cube/1"):
        columns_by_name({"format": "cube/1", "columns": []})


@pytest.mark.parametrize("far", [1e300, 1.7e308])
def test_numbers_too_far_apart_have_no_standard_deviation_and_are_still_compared(far):
    before, after = column([-far, far, *_normal(100)]), column([far, far, *_normal(100, 1)])
    moved = compare(before, after)
    assert (moved.wasserstein, moved.ks.value > 0) == (None, True)
    assert "too far apart" in moved.not_wasserstein


def test_a_stream_of_batches_gives_the_sketch_of_the_table():
    rng = np.random.default_rng(3)
    table = pa.table({"x": rng.integers(0, 500, 9000), "c": rng.choice(["a", "b", None], 9000)})
    columns = {"x": "numeric", "c": "categorical"}
    whole = sketch_table(table, columns)
    parts = sketch_batches(table.to_batches(max_chunksize=700), columns)
    assert whole["columns"][0].pop("mean") == pytest.approx(parts["columns"][0].pop("mean"))
    for document in (whole, parts):
        document["columns"][0].pop("deviation", None), document["columns"][0].pop("mean", None)
    assert parts == whole


def test_portions_of_a_long_stream_are_merged(monkeypatch):
    monkeypatch.setattr(sketch, "PORTION", 5000)
    values = _normal(38_000)
    table = pa.table({"x": values})
    found = sketch_batches(table.to_batches(max_chunksize=1000), {"x": "numeric"})["columns"][0]
    assert (found["n"], len(found["edges"]) <= 1024) == (38_000, True)
    assert float(found["mean"]) == pytest.approx(values.mean(), abs=1e-11)
    assert float(found["deviation"]) == pytest.approx(values.std(), rel=1e-11)
    other = _normal(20_000, 1, 0.1)
    assert compare(found, column(other)).ks.value == pytest.approx(ks_2samp(values, other).statistic, abs=1e-3)


def test_neighbouring_numbers_stay_apart_in_a_sketch():
    found = column([1e15, 1e15 + 0.125, 1e15 + 0.25] * 5)
    assert [float(edge) for edge in found["edges"]] == [1e15, 1e15 + 0.125, 1e15 + 0.25]


def test_a_sketch_of_the_earlier_format_is_still_read():
    new = column(_spiky(30_000))
    old = {key: value for key, value in new.items() if key != "at"}
    assert columns_by_name({"format": "sketch/1", "columns": [old]}) == {"x": old}
    assert compare(old, column(_spiky(20_000, 1, 0.5))).ks.value == pytest.approx(0.1, abs=0.015)


def _zipf(seed, names, n=20_000):
    return [f"c{value}" for value in np.random.default_rng(seed).zipf(1.3, n) % names]


def test_of_many_categories_the_heaviest_are_compared_and_the_others_as_one():
    before, after = column(_zipf(1, 5000), "categorical"), column(_zipf(2, 5000), "categorical")
    assert before["distinct"] > 1024
    assert len(before["categories"]) == 1024
    moved = compare(before, after)
    assert (moved.cells.lumped, moved.cells.new) == (True, None)
    assert (moved.cells.before.sum(), moved.cells.after.sum()) == (20_000, 20_000)
    assert moved.psi.lower == 0
    shifted = compare(before, column(["c1"] * 9000 + _zipf(2, 5000, 11_000), "categorical"))
    assert shifted.psi.lower > 0.1


def test_categories_that_are_counted_in_a_stream_are_let_go_when_there_are_too_many():
    tally = Tally(most=8)
    for _ in range(3):
        tally.add({"often": 10})
        tally.add({f"once {tally.rows} {place}": 1 for place in range(7)})
    assert dict(tally.heaviest(1)) == {"often": 30}
    assert (tally.rows, len(tally.counts) <= 8, tally.distinct) == (51, True, 22)


def test_the_size_of_an_effect_is_that_of_the_definition_and_its_interval_reaches_zero_without_one():
    before, after = np.array([30, 50, 20]), np.array([10, 40, 50])
    test = distances.chi_squared(before, after)
    found = distances.cramers_v(test, 200)
    assert found.value == pytest.approx(association([before, after], method="cramer"))
    assert 0 < found.lower < found.value < found.upper
    same = distances.cramers_v(distances.chi_squared(before, before), 200)
    assert (same.value, same.lower) == (0, 0)


@pytest.mark.parametrize("statistic", [20.0, 2e3, 9e4, 1.1e5, 1e6])
def test_the_interval_of_a_distance_inverts_the_noncentral_chi_squared_distribution(statistic):
    for tail in (0.025, 0.975):
        shift = distances._noncentrality(statistic, 9, tail)
        assert ncx2.cdf(statistic, 9, shift) == pytest.approx(tail, abs=2e-3)
