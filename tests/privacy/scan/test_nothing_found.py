import random

import numpy as np
import pyarrow as pa
import pytest

from privacy.scan.cells import distinct, distinct_texts
from privacy.scan.groups import ColumnPart, Value
from privacy.scan.needs import present
from privacy.scan.nothing_found import count

LETTERS, ALPHABET = "abz \t", "0123456789 .-+/,()abzAZ_\t\n\x1c\x1f\x85\u00b2é\u0664\u2003x@"


def made_up(chance):
    of = chance.choice([LETTERS, ALPHABET, ALPHABET])
    return ["".join(chance.choices(of, k=chance.randint(0, 6))) for _ in range(chance.randint(0, 60))]


@pytest.mark.parametrize("name", ["a", "zip", "name"])
def test_counting_at_once_is_counting_one_by_one(name):
    chance = random.Random(3)  # noqa: S311 - the same each time
    codes = 0
    for _ in range(120):
        texts, cells = distinct(pa.array([*made_up(chance), None], pa.string()))
        at_once, singly = ColumnPart(name), ColumnPart(name)
        among = np.array([chance.random() < 0.8 for _ in cells], bool)
        count(at_once, texts, cells, among, key=b"k", **chance.choice([{}, {"characters": present(texts)}]))
        singly.gather(
            [Value(*pair) for pair in zip(texts.filter(among).to_pylist(), cells[among].tolist(), strict=True)], b"k"
        )
        assert at_once.codes == singly.codes
        assert at_once.groups == singly.groups
        assert len(at_once.different) == len(singly.different)
        codes += singly.codes.total()
    assert codes > 500


def test_the_texts_of_a_column_are_the_same_in_both_forms():
    chance = random.Random(4)  # noqa: S311 - the same each time
    for column in (
        pa.array([*made_up(chance), None, "a", "a"], pa.string()),
        pa.chunked_array([pa.array(["x", None], pa.large_string()), pa.array(["x"], pa.large_string())]),
        pa.array(["x", "y", "x", None]).dictionary_encode(),
        pa.array([1, 1, None, 20]),
        pa.array([1.5, 2.0, None]),
        pa.array([], pa.string()),
    ):
        texts, cells = distinct(column)
        assert sorted(zip(texts.to_pylist(), cells.tolist(), strict=True)) == distinct_texts(column)


def test_values_that_hardly_repeat_are_counted_as_if_each_were_looked_up():
    chance = random.Random(6)  # noqa: S311 - the same each time
    texts = [f"{chance.choice(['', 'x', 'ab '])}{number}" for number in range(5000)]
    texts[7] = texts[11] = texts[12] = "repeated 1"
    for column in (pa.array([*texts[:-1], None]), pa.chunked_array([texts[:9], texts[9:]])):
        values, cells = distinct(column)
        assert len(values) == len(column) - column.null_count
        made, singly = ColumnPart("a"), ColumnPart("a")
        count(made, values, cells, cells > 0, key=b"k")
        singly.gather([Value(*pair) for pair in distinct_texts(column)], b"k")
        assert (made.codes, made.groups) == (singly.codes, singly.groups)
        assert made.codes.total() > 1000


def test_values_that_repeat_are_looked_at_once():
    values, cells = distinct(pa.array([str(number % 900) for number in range(5000)]))
    assert len(values) == 900
    assert cells.sum() == 5000
