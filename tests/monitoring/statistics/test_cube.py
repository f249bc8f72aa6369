"""The count cube: what it refuses, what it counts, and that its document says the same."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.statistics.columns import MISSING, MissingColumnError, NotNumericError
from monitoring.statistics.cube import CubeError, count_cube, parse_cube
from monitoring.statistics.predictions import (
    EmptyPredictionsError,
    MissingValueError,
    NotBinaryError,
    ProbabilitiesError,
    RepeatedRowError,
    read_predictions,
)
from registry.canonical import canonical, parse
from tests.monitoring.checks.inputs import predictions, random_predictions

NAN = float("nan")


@pytest.mark.parametrize(
    ("label", "prediction", "row", "error", "words"),
    [
        ([0, 1], [0.2, 0.9], None, ProbabilitiesError, "2 values strictly between 0 and 1"),
        ([0, 1], [0.0, 0.9], None, ProbabilitiesError, "'prediction' holds 1 values"),
        ([0, 1], [1, 2], None, NotBinaryError, "such as 2"),
        ([0, 1], [-1, 1], None, NotBinaryError, "such as -1"),
        (["no", "yes"], [0, 1], None, NotBinaryError, "'label' holds string"),
        ([0, 1], ["0", "1"], None, NotBinaryError, "'prediction' holds string"),
        ([0.5, 1], [0, 1], None, NotBinaryError, "'label' holds 1 values"),
        ([0, None], [0, 1], None, MissingValueError, "'label' lacks 1 of 2"),
        ([0.0, NAN], [0, 1], None, MissingValueError, "'label' lacks 1 of 2"),
        ([0, 1], [0.0, NAN], None, MissingValueError, "'prediction' lacks 1 of 2"),
        ([], [], None, EmptyPredictionsError, "no rows"),
        ([0, 1], [0, 1], [4, 4], RepeatedRowError, "repeats 1 of 2"),
        ([0, 1], [0, 1], [4, None], MissingValueError, "'row' lacks 1 of 2"),
    ],
)
def test_predictions_that_would_mislead_are_refused_with_the_place_and_the_value(label, prediction, row, error, words):
    with pytest.raises(error, match=words):
        read_predictions(predictions(label, prediction, row=row))


def test_a_table_without_labels_or_with_scores_as_text_is_refused():
    with pytest.raises(MissingColumnError, match="no column 'label'"):
        read_predictions(pa.table({"row": [1], "prediction": [1]}))
    with pytest.raises(NotNumericError, match="'score'"):
        read_predictions(predictions([0, 1], [0, 1], ["low", "high"]))


@pytest.mark.parametrize(
    ("score", "words"), [(None, "no column 'score'"), ([0.5, None], "1 of 2"), ([None, None], "2 of 2")]
)
def test_missing_scores_are_said_and_not_guessed(score, words):
    found = read_predictions(predictions([0, 1], [0, 1], score))
    assert found.scores is None
    assert words in found.no_scores


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", None, "a"], ["a", MISSING, "a"]),
        (["a", "nan", "None"], ["a", MISSING, MISSING]),
        ([1, 2, None], ["1", "2", MISSING]),
        ([1.0, 2.5, NAN], ["1", "2.5", MISSING]),
        ([" a", "", "ä"], ["a", MISSING, "ä"]),
    ],
)
def test_groups_are_texts_and_missing_is_a_group_of_its_own(given, expected):
    found = read_predictions(predictions([0, 1, 1], [0, 1, 1], sex=given))
    assert [found.groups["sex"].names[code] for code in found.groups["sex"].codes] == expected


def _small():
    table = predictions([0, 0, 1, 1, 1], [0, 1, 0, 1, 1], sex=["f", "m", "f", "m", "m"], age=["y", "y", "o", "o", "y"])
    return count_cube(read_predictions(table), ("sex", "age"))


def test_rows_are_counted_by_group_label_and_prediction():
    cube = _small()
    assert cube.labels() == ("sex=f & age=o", "sex=f & age=y", "sex=m & age=o", "sex=m & age=y")
    assert cube.counts == ((0, 0, 1, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 1, 0, 1))


def test_a_margin_sums_over_the_attributes_left_out():
    cube = _small()
    assert cube.margin(("sex",)).counts == ((1, 0, 1, 0), (0, 1, 0, 2))
    assert cube.margin(("age", "sex")).groups[0] == ("o", "f")
    assert cube.margin(()).counts == ((1, 1, 1, 2),)
    with pytest.raises(CubeError, match="no attribute 'race'"):
        cube.margin(("race",))


def test_counting_equals_counting_row_by_row_on_random_rows():
    table = random_predictions(300, seed=3)
    cube = count_cube(read_predictions(table), ("sex", "age_band"))
    for cell, counts in zip(cube.groups, cube.counts, strict=True):
        rows = [row for row in table.to_pylist() if (row["group:sex"], row["group:age_band"]) == cell]
        places = [2 * row["label"] + row["prediction"] for row in rows]
        assert list(counts) == np.bincount(places, minlength=4).tolist()
    assert cube.array().sum() == 300


def test_the_document_is_canonical_and_reads_back_as_the_same_cube():
    cube = _small()
    assert parse_cube(parse(canonical(cube.document()))) == cube


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "cube/9"}, "cube/9"),
        ({"cells": [{"groups": ["f"], "tn": 1, "fp": 0, "fn": 0, "tp": 0}]}, "does not fit"),
        ({"cells": [{"groups": ["f", "o"], "tn": -1, "fp": 0, "fn": 0, "tp": 0}]}, "-1"),
        ({"cells": [{"groups": ["f", "o"], "tn": 1, "fp": 0, "fn": 0, "tp": 0}] * 2}, "repeated"),
    ],
)
def test_a_damaged_document_is_refused(change, words):
    with pytest.raises(CubeError, match=words):
        parse_cube({**_small().document(), **change})
