"""A cube counted from batches is the cube of the whole table; a stream that hides a repeated row is refused."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.statistics.counting import UnorderedRowsError, batches_of, count_batches
from monitoring.statistics.cube import CubeError, add, count_cube
from monitoring.statistics.predictions import (
    EmptyPredictionsError,
    MissingValueError,
    RepeatedRowError,
    read_predictions,
)
from monitoring.statistics.scores import count_scores
from tests.monitoring.checks.inputs import predictions, random_predictions

NAMES = ("sex", "age_band")


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_batches_of_any_size_count_to_the_cube_of_the_table(size):
    table = random_predictions(300, seed=2)
    assert count_batches(table.to_batches(max_chunksize=size), NAMES) == count_cube(read_predictions(table), NAMES)


def test_groups_written_as_dictionaries_count_as_their_texts():
    table = random_predictions(300, seed=2)
    sex = table.column("group:sex").dictionary_encode()
    encoded = table.set_column(table.column_names.index("group:sex"), "group:sex", sex)
    assert count_batches(encoded.to_batches(max_chunksize=50), NAMES) == count_batches(table.to_batches(), NAMES)
    gaps = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 2]), pa.array(["a", " a", None]))
    found = count_cube(read_predictions(predictions([1] * 4, [1] * 4, sex=gaps)), ("sex",))
    assert (found.groups, found.counts) == ((("(missing)",), ("a",)), ((0, 0, 0, 2), (0, 0, 0, 2)))


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([0, 1, 2, 2], RepeatedRowError, "repeats 1 of 2"),
        ([0, 1, 1, 2], RepeatedRowError, "repeats the row 1"),
        ([0, 2, 1, 3], UnorderedRowsError, "goes back near the row 1, after 2"),
        ([2, 3, 0, 1], UnorderedRowsError, "after 3"),
        ([1, 0, 2, 3], UnorderedRowsError, "must ascend"),
    ],
)
def test_rows_that_repeat_or_go_back_between_batches_are_refused(rows, error, words):
    table = predictions([0, 1, 0, 1], [0, 1, 1, 0], row=rows, sex=list("abab"))
    with pytest.raises(error, match=words):
        count_batches(table.to_batches(max_chunksize=2), ("sex",))


def test_a_table_out_of_order_is_read_in_order():
    table = random_predictions(300, seed=2)
    turned = table.take(np.random.default_rng(0).permutation(300))
    assert count_batches(batches_of(turned), NAMES) == count_batches(batches_of(table), NAMES)


def test_an_empty_stream_a_gap_and_an_attribute_without_a_column_are_refused():
    table = random_predictions(10)
    with pytest.raises(EmptyPredictionsError, match="no rows"):
        count_batches(table.slice(0, 0).to_batches(), NAMES)
    with pytest.raises(CubeError, match="'group:race'"):
        count_batches(table.to_batches(), ("race",))
    late = predictions([0, 1, 0, None], [0, 1, 1, 0], sex=list("abab"))
    with pytest.raises(MissingValueError, match="'label' lacks 1 of 2"):
        count_batches(late.to_batches(max_chunksize=2), ("sex",))


def test_many_more_combinations_than_rows_are_counted_as_those_that_occur():
    rng = np.random.default_rng(1)
    groups = {name: rng.integers(0, 60, 500) for name in "abc"}
    table = predictions(rng.integers(0, 2, 500), rng.integers(0, 2, 500), **groups)
    cube = count_cube(read_predictions(table), tuple("abc"))
    assert len(cube.groups) <= 500
    for name in "abc":
        sizes = cube.margin((name,)).array().sum(axis=1)
        assert dict(zip(cube.margin((name,)).groups, sizes, strict=True)) == {
            (str(value),): count for value, count in zip(*np.unique(groups[name], return_counts=True), strict=True)
        }


def test_cubes_over_other_attributes_are_not_added():
    one = count_batches(random_predictions(10).to_batches(), ("sex",))
    with pytest.raises(CubeError, match="cannot be added"):
        add([one], NAMES)


def test_scores_are_summed_per_cell_the_same_in_any_batches():
    table = random_predictions(300, seed=4)
    whole, parts = (count_scores(table.to_batches(max_chunksize=size), NAMES, 0.5) for size in (1000, 13))
    score, sex, age = (table.column(name).to_numpy() for name in ("score", "group:sex", "group:age_band"))
    for cell, (n, total, squares) in zip(whole.cube.groups, whole.sums, strict=True):
        own = score[(sex == cell[0]) & (age == cell[1])] - 0.5
        assert (n, total, squares) == pytest.approx((len(own), own.sum(), (own**2).sum()))
    assert whole.cube == parts.cube
    assert np.allclose(whole.sums, parts.sums, rtol=1e-12)
    above = (score > 0.5).sum()
    assert whole.cube.array()[:, [1, 3]].sum() == above
