import random

import pyarrow as pa
import pytest

from privacy.scan.characters import BEYOND
from privacy.scan.needs import present


def class_of(texts):
    found = {ord(one) for text in texts for one in text}
    return sum(1 << one for one in found if one < 128) | (BEYOND if any(one > 127 for one in found) else 0)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_the_characters_of_a_column_are_those_of_its_texts(kind):
    chance = random.Random(5)  # noqa: S311 - the same each time
    columns = [[], [""], ["a", ""], ["x" * 3000, "é"], ["ab1" * 100_000, "Z"], ["a" * 2047 + "b", "c"]]
    columns += [["".join(chance.choices("abc 09\x00\x7fé\U0001f600", k=3)) for _ in range(5)] for _ in range(50)]
    for texts in columns:
        array = pa.array(texts, kind)
        assert present(array) == class_of(texts), texts
        assert present(array[1:]) == class_of(texts[1:]), texts
