"""A distribution is a few heights: of numbers in bins, of all else by frequency; no value is in it."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from privacy.chunks.distributions import BARS, distribution

CASES = {
    "numbers": (pa.array(list(range(1200))), "numbers", 1200),
    "floats": (pa.array([0.5, float("nan"), 1.5, float("inf")]), "numbers", 4),
    "numbers as text": (pa.array(["1", "2.5", "-3"]), "numbers", 3),
    "dates": (pa.array([date(2020, 1, 1), date(2021, 1, 1)]), "numbers", 2),
    "moments": (pa.array([datetime(2020, 1, 1), datetime(2021, 1, 1)]), "numbers", 2),  # noqa: DTZ001 - as files hold them
    "words": (pa.array(["a", "b", "a", None]), "frequencies", 2),
    "words in a dictionary": (pa.array(["a", "b", "a"]).dictionary_encode(), "frequencies", 2),
    "numbers in a dictionary": (pa.array(["1", "2", "1"]).dictionary_encode(), "numbers", 2),
    "flags": (pa.array([True, False, True]), "frequencies", 2),
    "bytes": (pa.array([b"\xff", b"a"]), "frequencies", 2),
    "lists": (pa.array([[1], [2]]), "none", 0),
    "nothing": (pa.nulls(3), "none", 0),
    "no rows": (pa.array([], pa.string()), "none", 0),
    "not finite": (pa.array([float("nan"), float("nan")]), "frequencies", 1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("chunked", [False, True])
def test_each_kind_of_column_has_its_distribution(case, chunked):
    column, kind, different = case
    found = distribution(pa.chunked_array([column]) if chunked else column)
    assert (found["kind"], found["different"], found["rows"]) == (kind, different, len(column))
    assert len(found["shares"]) <= BARS
    assert sum(map(float, found["shares"])) <= 1.001


def test_numbers_are_counted_in_bins_that_an_outlier_does_not_flatten():
    found = distribution(pa.array([*range(1200), 10**9]))
    assert {round(float(share), 1) for share in found["shares"]} == {0.1}
    assert distribution(pa.array([7, 7, 7]))["shares"] == ["1"]


def test_frequencies_fall_and_what_is_empty_is_told():
    found = distribution(pa.array(["secret"] * 6 + ["b"] * 3 + ["c"] + [None] * 10))
    assert (found["shares"], found["null"]) == (["0.6", "0.3", "0.1"], "0.5")
    assert "secret" not in str(found)
