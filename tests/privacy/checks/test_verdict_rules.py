"""What a word makes of a verdict: raising at once, lowering by two for a time on exactly the data; pure."""

from datetime import UTC, datetime, timedelta

import pytest

from privacy.verdict_rules import Word, why_not, with_words

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DATA = "d" * 64


def report(verdict="CONTAINS", label="PERSON", entities=("PERSON",)):
    columns = [
        {"name": "note", "verdict": verdict, "label": label, "entities": {one: {} for one in entities}},
        {"name": "other", "verdict": "CLEAN", "label": "", "entities": {}},
    ]
    return {"dataset": DATA, "columns": columns}


def word(action, verdict, label="", *, since=NOW - DAY, until=None, entities=("PERSON",), **more):
    given = {"id": f"{action}-{verdict}", "dataset": DATA, "column": "note"}
    given |= {"action": action, "verdict": verdict, "label": label, "since": since, "until": until, **more}
    return Word(entities=frozenset(entities), **given)


LOWER = word("lower", "CLEAN", until=NOW + DAY)
CASES = {
    "nobody said anything": ([], "CONTAINS", "PERSON"),
    "confirmed": ([word("confirm", "CONTAINS", "PERSON")], "CONTAINS", "PERSON"),
    "raised": ([word("raise", "IS", "US_SSN")], "IS", "US_SSN"),
    "raised to less changes nothing": ([word("raise", "CLEAN")], "CONTAINS", "PERSON"),
    "another entity": ([word("raise", "CONTAINS", "US_SSN")], "CONTAINS", "US_SSN"),
    "lowered": ([LOWER], "CLEAN", ""),
    "asked but not granted": ([word("lower", "CLEAN", since=None, until=NOW + DAY)], "CONTAINS", "PERSON"),
    "ended this moment": ([word("lower", "CLEAN", until=NOW)], "CONTAINS", "PERSON"),
    "without an end": ([word("lower", "CLEAN")], "CONTAINS", "PERSON"),
    "granted later than now": ([word("lower", "CLEAN", since=NOW + DAY, until=NOW + 2 * DAY)], "CONTAINS", "PERSON"),
    "on other data": ([word("lower", "CLEAN", until=NOW + DAY, dataset="e" * 64)], "CONTAINS", "PERSON"),
    "on another column": ([word("lower", "CLEAN", until=NOW + DAY, column="other")], "CONTAINS", "PERSON"),
    "more was found since": ([word("lower", "CLEAN", until=NOW + DAY, entities=())], "CONTAINS", "PERSON"),
    "raised after it was lowered": ([LOWER, word("raise", "IS", "US_SSN", since=NOW)], "IS", "US_SSN"),
    "lowered after it was raised": (
        [word("raise", "IS", "US_SSN", since=NOW - 2 * DAY), LOWER],
        "CLEAN",
        "",
    ),
    "lowering to more changes nothing": ([word("lower", "IS", until=NOW + DAY)], "CONTAINS", "PERSON"),
}


@pytest.mark.parametrize(("words", "verdict", "label"), CASES.values(), ids=list(CASES))
def test_the_verdict_that_counts(words, verdict, label):
    for order in (words, words[::-1]):
        note, other = with_words(report(), order, NOW)["columns"]
        assert (note["verdict"], note["label"]) == (verdict, label)
        assert other["verdict"] == "CLEAN"


def test_without_words_the_report_is_the_same():
    assert with_words(report(), [], NOW) == report()


def test_a_lowered_column_says_what_was_found_by_whose_word_and_until_when():
    made = with_words(report(), [LOWER], NOW)
    assert made["columns"][0]["found"] == {"verdict": "CONTAINS", "label": "PERSON"}
    assert made["columns"][0]["words"] == [LOWER.id]
    assert made["valid_until"] == (NOW + DAY).isoformat()


def test_why_a_word_does_not_count_is_said():
    assert why_not(LOWER, report(), NOW) == ""
    assert why_not(LOWER, report(), NOW + DAY) == "it has ended"
    assert "US_SSN" in why_not(LOWER, report(entities=("PERSON", "US_SSN")), NOW)
    assert "no such column" in why_not(LOWER, {"dataset": DATA, "columns": []}, NOW)
