import random
import re

import pytest

from privacy.scan.masks import EVERYTHING, count_digits, of_pattern


@pytest.mark.parametrize(
    ("expression", "width", "digits", "literals"),
    [
        (r"\b[0-9]{9}\b", 9, 9, ""),
        (r"\d{3}-\d{2}", 6, 5, "-"),
        (r"a|\d\d", 1, 0, ""),
        (r"(?=\d\d)x?", 0, 0, ""),
        (r"[a-z]+@[a-z]+\.com", 7, 0, "@."),
        (r"(?:\d-)?\d", 1, 1, ""),
        (r"[\d.]{4}", 4, 0, ""),
        (r"(\d)\1", 1, 1, ""),
        (r"(?:\d+){2,}?", 2, 2, ""),
    ],
)
def test_a_mask_asks_for_the_least_that_a_pattern_needs(expression, width, digits, literals):
    mask = of_pattern(expression)
    assert (mask.width, mask.digits, mask.literals) == (width, digits, frozenset(literals))


def test_a_pattern_that_cannot_be_read_always_runs():
    assert of_pattern(r"\p{Lu}(?<=a+)(") is EVERYTHING


def test_digits_of_other_scripts_are_counted():
    assert count_digits("\u0664a1") == 2
    assert count_digits("abc") == 0


def test_a_mask_never_hides_a_match():
    source = random.Random(3)  # noqa: S311 - made-up data, the same each time
    expressions = [r"\b\d{3}-\d{2}\b", r"[A-Z]\d{2,}", r"(?:\d|x)\.y", r"a@b|\d{4}", r"(?!1)\d\d(?<!3)", r"[-.]\d?z"]
    matched = 0
    for _ in range(4000):
        text = "".join(source.choices("0123aAxyz-.@b ", k=source.randint(0, 8)))
        for expression in expressions:
            if re.search(expression, text, re.IGNORECASE):
                matched += 1
                assert of_pattern(expression).may_match(text, count_digits(text)), (expression, text)
    assert matched > 100
