"""Canonical bytes: RFC 8785 over the restricted domain, refusals by place, and decimal text."""

import json
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry.canonical import (
    LARGEST_INTEGER,
    CanonicalError,
    _read_carefully,
    canonical,
    decimal_string,
    digest,
    parse,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
KEYS = st.text(st.characters(max_codepoint=127, exclude_characters="\x00"))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-LARGEST_INTEGER, LARGEST_INTEGER), TEXT)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ({"literals": [None, True, False]}, b'{"literals":[null,true,false]}'),
        ({"10": "ten", "1": "one", "2": "two"}, b'{"1":"one","10":"ten","2":"two"}'),
        ('\u20ac$\u000f\nA\'B"\\"/', b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\"/"'),
        ("\x7f\u2028\U0001f600", b'"\x7f\xe2\x80\xa8\xf0\x9f\x98\x80"'),
        ("\b\t\n\f\r\x1b", b'"\\b\\t\\n\\f\\r\\u001b"'),
        ([], b"[]"),
        ({}, b"{}"),
        ({"": [(), ((),)]}, b'{"":[[],[[]]]}'),
        ([LARGEST_INTEGER, -LARGEST_INTEGER, 0], b"[9007199254740991,-9007199254740991,0]"),
    ],
)
def test_the_bytes_are_those_of_rfc_8785(value, expected):
    assert canonical(value) == expected


@given(VALUES)
def test_another_implementation_gives_the_same_bytes(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_was_written_is_read_back(value):
    assert parse(canonical(value)) == value
    assert digest(parse(canonical(value))) == digest(value)


@pytest.mark.parametrize(
    ("value", "place", "problem"),
    [
        ({"a": [1, 0.5]}, ".a[1]", "write a number as a decimal string"),
        (float("nan"), "$", "float"),
        ({"a": {"b": Decimal(1)}}, ".a.b", "Decimal"),
        ({"a": 2**53}, ".a", "beyond 2^53-1"),
        ([-(2**53)], "[0]", "beyond 2^53-1"),
        ({"a": 10**5000}, ".a", "beyond 2^53-1"),
        ({"a": "x\x00"}, ".a", "NUL"),
        ({"a\x00": 1}, "$", "NUL"),
        (["\ud800"], "[0]", "lone surrogate"),
        ({"a": "ok\udfff"}, ".a", "lone surrogate"),
        ({"é": 1}, "$", "not ASCII"),
        ({1: 1}, "$", "not ASCII text"),
        ({"a": {1}}, ".a", "set"),
        ({"a": b"x"}, ".a", "bytes"),
    ],
)
def test_what_is_outside_of_the_domain_is_refused_at_its_place(value, place, problem):
    with pytest.raises(CanonicalError) as caught:
        canonical(value)
    assert str(caught.value).startswith(f"{place}: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"b":1,"a":2}',
        '{"a":1}\n',
        '"\\u0041"',
        '"\\/"',
        "1.0",
        "-0",
        "1e2",
        "NaN",
        "Infinity",
        "9007199254740992",
        '"\\u0000"',
        '"\\ud800"',
        "",
        "{",
        "\ufeff{}",
        "1" * 5000,
    ],
)
def test_text_that_is_not_canonical_is_refused(text):
    with pytest.raises(CanonicalError):
        parse(text)


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '{"x":{"a":1,"a":2}}', '[{"a":null,"b":1,"a":null}]'])
def test_a_key_given_twice_is_refused_by_name(text):
    with pytest.raises(CanonicalError, match="duplicate key 'a'"):
        parse(text)


@pytest.mark.parametrize("data", [b"\xff", b'"\xed\xa0\x80"', b'"\xc0\xaf"'])
def test_bytes_that_are_not_utf_8_are_refused(data):
    with pytest.raises(CanonicalError):
        parse(data)


def test_nesting_without_end_is_refused_and_not_a_crash():
    with pytest.raises(CanonicalError):
        parse("[" * 100_000 + "]" * 100_000)
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CanonicalError):
        canonical(value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (0.031, "0.031"),
        (1e-7, "0.0000001"),
        (-1e-7, "-0.0000001"),
        (1.0, "1"),
        (100.0, "100"),
        (1e15, "1000000000000000"),
        (1 / 3, "0.333333333333"),
        (2 / 3, "0.666666666667"),
        (0.1 + 0.2, "0.3"),
        (12345678901234.5, "12345678901200"),
        (7, "7"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000"), "0"),
        (5e-324, "0." + "0" * 323 + "494065645841"),
    ],
)
def test_numbers_become_plain_decimal_text(number, text):
    assert decimal_string(number) == text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("Infinity")])
def test_what_is_not_finite_is_no_number(number):
    with pytest.raises(CanonicalError, match="not a finite number"):
        decimal_string(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_text_has_no_exponent_and_keeps_twelve_digits(number):
    text = decimal_string(number)
    assert set(text) <= set("-0123456789.")
    assert float(text) == pytest.approx(number, rel=1e-11, abs=0)
    assert decimal_string(float(text)) == text


def test_the_digest_is_the_sha256_of_the_bytes():
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert digest({"b": 2, "a": 1}) == digest(json.loads('{"a":1,"b":2}'))


NEARLY = st.one_of(
    VALUES.map(lambda value: canonical(value).decode()),
    st.lists(st.sampled_from(['{"a":', '"a"', "1", "-0", "1.0", "NaN", "[", "]", "{", "}", ",", ":", " ", "\t"])).map(
        "".join
    ),
    st.lists(
        st.sampled_from(['{"a":1,"b":', '{"b":1,"a":2}', '{"a":1,"a":2}', '"x y"', '"\\u0000"', '"\\n"', "9" * 16])
    ).map(lambda parts: f"[{','.join(parts)}]"),
)


def _read(read, text):
    try:
        return read(text)
    except CanonicalError as error:
        return str(error)


@given(NEARLY, st.data())
def test_the_quick_way_of_reading_accepts_what_the_careful_one_does_and_nothing_else(text, data):
    if text and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(text) - 1))
        text = text[:place] + data.draw(st.sampled_from(' "\\{}[]:,0-\n\x7fé')) + text[place + 1 :]
    assert _read(parse, text) == _read(_read_carefully, text)
