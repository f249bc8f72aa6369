"""Numbers on pages: few digits, readable when tiny, and never better looking than they are."""

from decimal import Decimal

import pytest

from governance.web.items import row_of
from governance.web.numbers import reworded, shown

NUMBERS = [
    ("0", "0"),
    ("-0.0", "0"),
    ("0.5", "0.5"),
    ("0.123456", "0.1235"),
    ("-0.123456", "-0.1235"),
    ("0.0001", "0.0001"),
    ("0.00012345678", "0.0001235"),
    ("0.000099994", "9.999e-5"),
    ("0.0000000000000888178", "8.882e-14"),
    ("-0.0000000000000888178", "-8.882e-14"),
    ("0.00000001", "1e-8"),
    ("1234567.8", "1235000"),
    ("100", "100"),
    ("999999999999", "1e12"),
    ("4.94E-324", "4.94e-324"),
]


@pytest.mark.parametrize(("exact", "text"), NUMBERS)
def test_a_number_has_four_digits_and_an_exponent_only_when_tiny_or_huge(exact, text):
    assert shown(exact) == text
    assert abs(Decimal(text) - Decimal(exact)) <= abs(Decimal(exact)) * Decimal("0.0005")


@pytest.mark.parametrize(
    ("exact", "limit", "text"),
    [
        ("0.79996", "0.8", "0.79996"),
        ("0.80004", "0.8", "0.80004"),
        ("0.8", "0.8", "0.8"),
        ("0.7", "0.8", "0.7"),
        ("0.000000010000001", "0.00000001", "1.0000001e-8"),
        ("-0.000000001", "0", "-1e-9"),
    ],
)
def test_a_number_stays_on_its_side_of_a_limit(exact, limit, text):
    assert shown(exact, beside=[Decimal(limit)]) == text


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("additivity is 0.0000000000000888: at most 0.001.", "additivity is 8.88e-14: at most 0.001."),
        ("between -0.00000123 and 0.5", "between -1.23e-6 and 0.5"),
        ("it ends with 0.00000123.", "it ends with 1.23e-6."),
        ("0.0001 and 10.00001 and v0.00001 and 0.00001.2 stay", "0.0001 and 10.00001 and v0.00001 and 0.00001.2 stay"),
    ],
)
def test_tiny_numbers_in_a_sentence_are_shown_alike(said, read):
    assert reworded(said) == read


def test_a_row_shows_it_short_and_keeps_the_exact_values_for_the_title():
    exact = {"value": "0.0000000000000888178", "lower": "0.00000000000001", "upper": "0.0000000000002"}
    limit = {"metric": "explainability.additivity", "group": "", "bound": "value", "min": None, "max": "0.001"}
    item = {
        **exact, "key": "k", "metric": "explainability.additivity", "group": "", "n": 5, "outcome": "PASS",
        "reason": "additivity is 0.0000000000000888: at most 0.001.", "waiver": None,
        "limit": {**limit, "n_at_least": 0, "severity": "FAIL", "required": False},
    }  # fmt: skip
    row = row_of(item, 1, frozenset())
    assert (row.value, row.interval) == ("8.882e-14", "1e-14 to 2e-13")
    assert (row.exact, row.exact_interval) == (exact["value"], f"{exact['lower']} to {exact['upper']}")
    assert "8.88e-14" in row.reason
    assert row.line is not None
    assert "8.882e-14" in row.line.words
