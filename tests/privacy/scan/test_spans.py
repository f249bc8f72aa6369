"""Overlaps are resolved once, whatever their order; places are code points; nothing else of a text is touched."""

import random
import re

import pytest

from privacy.scan.hits import Hit
from privacy.scan.spans import Redacted, Span, replaced, resolved, treated
from privacy.scan.text_redaction import _known

CASES = {
    "apart": ([Hit(0, 2, "A", 0.5), Hit(3, 4, "B", 0.5)], [(0, 2, "A"), (3, 4, "B")]),
    "touching": ([Hit(0, 2, "A", 0.5), Hit(2, 4, "B", 0.5)], [(0, 2, "A"), (2, 4, "B")]),
    "inside": ([Hit(0, 9, "A", 0.4), Hit(2, 4, "B", 0.9)], [(0, 9, "B")]),
    "across": ([Hit(0, 5, "A", 0.5), Hit(3, 9, "B", 0.5)], [(0, 9, "B")]),
    "a chain": ([Hit(0, 3, "A", 0.9), Hit(2, 6, "B", 0.5), Hit(5, 8, "C", 0.5)], [(0, 8, "A")]),
    "a checksum counts more than a score": ([Hit(0, 5, "A", 0.9), Hit(0, 5, "B", 0.5, True)], [(0, 5, "B")]),
    "equal": ([Hit(0, 5, "B", 0.5), Hit(0, 5, "A", 0.5)], [(0, 5, "A")]),
}


@pytest.mark.parametrize(("hits", "expected"), CASES.values(), ids=list(CASES))
def test_overlaps_become_one_span_named_after_the_surest(hits, expected):
    order = random.Random(1)  # noqa: S311 - orders, not secrets
    for _order in range(6):
        order.shuffle(hits)
        assert resolved(hits) == [Span(*one) for one in expected]


def test_places_are_code_points_and_all_else_stays():
    text = "🧪e\u0301 Ann → 🧪"
    start = text.index("Ann")
    made = replaced(
        Redacted(text), [Span(start, start + 3, "PERSON")], lambda entity, words: f"<{entity}:{len(words)}>"
    )
    assert made.text == "🧪e\u0301 <PERSON:3> → 🧪"
    assert made.put_in == (Span(start, start + 10, "PERSON"),)


def test_what_was_put_in_before_moves_along_or_is_swallowed_whole():
    first = replaced(Redacted("aa bb cc"), [Span(3, 5, "B")], lambda *_: "<B>")
    assert (first.text, first.put_in) == ("aa <B> cc", (Span(3, 6, "B"),))
    second = replaced(first, [Span(0, 2, "A")], lambda *_: "<LONG>")
    assert (second.text, second.put_in) == ("<LONG> <B> cc", (Span(0, 6, "A"), Span(7, 10, "B")))
    third = replaced(first, [Span(0, 6, "A")], lambda *_: "<A>")
    assert (third.text, third.put_in) == ("<A> cc", (Span(0, 3, "A"),))


def test_random_texts_lose_exactly_what_was_found():
    draw = random.Random(3)  # noqa: S311 - cases, not secrets
    for _case in range(300):
        text = "".join(draw.choices("ab🧪\u0301 ", k=30))
        hits = []
        for _hit in range(draw.randrange(5)):
            start = draw.randrange(29)
            hits.append(Hit(start, draw.randrange(start + 1, 31), draw.choice("AB"), draw.random()))
        made = replaced(Redacted(text), resolved(hits), lambda *_: "#")
        for order in (hits, sorted(hits)):
            quick = treated(text, order, lambda *_: "#")
            assert (quick.text, quick.put_in) == (made.text, made.put_in)
        covered = {place for hit in hits for place in range(hit.start, hit.end)}
        assert made.text.replace("#", "") == "".join(one for place, one in enumerate(text) if place not in covered)
        assert [made.text[put.start : put.end] for put in made.put_in] == ["#"] * len(resolved(hits))


def test_what_a_row_knows_is_found_where_a_pattern_of_whole_words_would_find_it():
    draw = random.Random(5)  # noqa: S311 - cases, not secrets
    for _case in range(2000):
        text = "".join(draw.choices("aAbß🧪_ .-\u017fK\u212a1", k=draw.randrange(40)))
        value = "".join(draw.choices("aAbß\u017fkK_.1", k=draw.randrange(3, 6)))
        pattern = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
        expected = [Hit(*found.span(), "US_SSN", 1.0) for found in pattern.finditer(text)]
        assert _known(text, [("US_SSN", value)]) == expected, (text, value)
        words = set(re.findall(r"[^\W\d_]{3,}", value))
        named = {found.span() for word in words for found in re.finditer(rf"(?<!\w){word}(?!\w)", text)}
        found = {(one.start, one.end) for one in _known(text, [("PERSON", value)])}
        assert found == named | {(one.start, one.end) for one in expected}
