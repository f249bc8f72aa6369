"""k, l and uniqueness are what counting by hand gives."""

import math
import random
from collections import Counter, defaultdict

import pyarrow as pa
import pytest

from privacy.risk import RiskError, confidential_of, measure


def by_hand(rows, quasi, attribute):
    classes = defaultdict(list)
    for row in rows:
        classes[tuple(row[name] for name in quasi)].append(row[attribute])
    sizes = [len(found) for found in classes.values()]
    diversity = min(len(set(found)) for found in classes.values())
    return len(classes), min(sizes), sum(size == 1 for size in sizes), diversity


@pytest.mark.parametrize("seed", range(12))
def test_random_tables_give_what_counting_by_hand_gives(seed):
    draw = random.Random(seed)  # noqa: S311 - cases, not secrets
    rows = [
        {
            "age": draw.choice([None, 30, 31, 32]),
            "zip": draw.choice([None, "", "1", "2"]),
            "born": draw.choice([None, 1.5, 2.5]),
            "ill": draw.choice([None, "a", "b", "c"]),
        }
        for _row in range(draw.choice([1, 5, 40, 400]))
    ]
    table = pa.Table.from_pylist(
        rows, pa.schema({"age": pa.int8(), "zip": pa.string(), "born": pa.float64(), "ill": pa.string()})
    )
    quasi = draw.sample(["age", "zip", "born"], draw.randrange(1, 4))
    risk = measure(table, quasi, ["ill"])
    assert (risk.classes, risk.k, risk.unique_rows, risk.diversity["ill"]) == by_hand(rows, quasi, "ill")
    assert risk.uniqueness == risk.unique_rows / len(rows)
    assert sum(Counter(tuple(row[name] for name in quasi) for row in rows).values()) == risk.rows


def test_chunks_dictionaries_and_no_numbers_are_one_value_each():
    one = pa.chunked_array([["x", "y"], ["x"]]).dictionary_encode()
    number = pa.chunked_array([[math.nan, 1.0], [math.nan]])
    risk = measure(pa.table({"a": one, "b": number}), ["a", "b"])
    assert (risk.k, risk.classes, risk.unique_rows, dict(risk.diversity)) == (1, 2, 1, {})


def test_many_values_in_many_columns_do_not_run_over():
    rows = 3000
    table = pa.table({f"c{one}": list(range(rows)) for one in range(8)} | {"s": [1] * rows})
    risk = measure(table, [f"c{one}" for one in range(8)], ["s"])
    assert (risk.k, risk.unique_rows, risk.diversity["s"]) == (1, rows, 1)


@pytest.mark.parametrize(
    ("columns", "quasi", "confidential", "part"),
    [
        ({"a": [1]}, [], [], "No quasi-identifiers"),
        ({"a": pa.array([], pa.int64())}, ["a"], [], "no rows"),
        ({"a": [1]}, ["b"], [], "'b'"),
        ({"a": [1]}, ["a"], ["c"], "'c'"),
        ({"a": [1]}, ["a"], ["a"], "cannot be confidential as well"),
    ],
)
def test_what_cannot_be_measured_is_refused(columns, quasi, confidential, part):
    with pytest.raises(RiskError, match=part):
        measure(pa.table(columns), quasi, confidential)


def test_confidential_is_what_the_quasi_identifiers_are_not():
    schema = {"target": "ill", "sensitive": [{"column": "age"}, {"column": "faith"}], "quasi_identifiers": ["age"]}
    assert confidential_of(schema) == ["faith", "ill"]
