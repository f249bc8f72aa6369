"""From findings in cells to the verdict on a column: it IS personal data, it CONTAINS some, or it is CLEAN."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.column_names import SHARE, fits, named_entity, says_person, says_place
from privacy.scan.engine import Hit
from privacy.scan.entities import AMOUNT_TOKENS, FIRST_OF_WORDS, IDENTIFIER_TOKENS, Kind, entity, name_tokens
from privacy.scan.shapes import is_left_by_anonymising, masked
from registry.canonical import decimal_string

IS, CONTAINS, CLEAN = "IS", "CONTAINS", "CLEAN"
WHOLE = 0.8
IS_SHARE = 0.5
BARE_SHARE = 0.9
ID_SHARE = 0.97
BARE_UNIQUENESS = 0.1
PREVIEWS = 3
NAMED_SCORE = 0.6

_PUNCTUATED = re.compile(r"[\d\s().+\-/,]*")
_BARE = re.compile(r"\+?\w+")
_NUMBER = re.compile(r"[\d.,\-]+")
_OWN_LENGTH = frozenset({"CREDIT_CARD", "IP_ADDRESS"})  # judged among codes as long as they are: one of them counts


@dataclass(frozen=True, slots=True)
class Value:
    """One distinct value of a column: its text, in how many cells it stands, what was found in it."""

    text: str
    cells: int
    hits: tuple[Hit, ...] = ()

    @property
    def is_code(self) -> bool:
        """Say whether the whole value is one code or number, not words: there chance makes findings."""
        text = self.text.strip()
        return any(one.isdigit() for one in text) and (not re.search(r"\s", text) or bool(_PUNCTUATED.fullmatch(text)))

    def covered(self, hit: Hit) -> bool:
        """Say whether a finding is (nearly) the whole value."""
        return hit.end - hit.start >= WHOLE * len(self.text.strip())


@dataclass(slots=True)
class Tally:
    """What a column holds of one entity."""

    cells: int = 0
    whole: int = 0
    validated: int = 0
    score: float = 0.0
    values: set[str] = field(default_factory=set)

    def add(self, value: Value, hits: Sequence[Hit]) -> None:
        """Count one value with its findings of this entity."""
        self.cells += value.cells
        self.whole += value.cells if any(value.covered(hit) for hit in hits) else 0
        self.validated += value.cells if any(hit.validated for hit in hits) else 0
        self.score = max(self.score, *(hit.score for hit in hits))
        self.values.update(value.text[hit.start : hit.end].casefold() for hit in hits)

    def document(self) -> dict[str, Any]:
        """Return the counts, never the values."""
        return {
            "cells": self.cells,
            "distinct": len(self.values),
            "validated": self.validated,
            "score": decimal_string(self.score),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is, why, and what was found but did not count."""

    verdict: str
    label: str
    cells: int
    entities: dict[str, Tally]
    dismissed: dict[str, int]
    previews: tuple[str, ...]
    rule: str

    def document(self) -> dict[str, Any]:
        """Return the column's part of the "pii" document."""
        return {
            "verdict": self.verdict,
            "label": self.label,
            "cells": self.cells,
            "entities": {name: tally.document() for name, tally in sorted(self.entities.items())},
            "dismissed": dict(sorted(self.dismissed.items())),
            "previews": list(self.previews),
            "rule": self.rule,
        }


def judge(name: str, values: Iterable[Value], cells: int) -> Verdict:
    """Judge one column of so many cells from its distinct values; pure, and the same for the values in any order."""
    tokens = name_tokens(name)
    present = sorted((one for one in values if one.text.strip()), key=lambda one: one.text)
    named = _with_named_entity(present, tokens, cells)
    resolved = _resolved(named)
    raw = _tallies(resolved)
    counted, dismissed = {}, Counter[str]()
    for label, tally in raw.items():
        if _counts(label, tally, resolved, tokens, cells):
            counted[label] = tally
        else:
            dismissed[label] = tally.cells
    verdict, label, rule = _conclusion(counted, dismissed, cells, tokens)
    return Verdict(verdict, label, cells, counted, dict(dismissed), _previews(resolved, counted), rule)


def _with_named_entity(present: list[Value], tokens: Sequence[str], cells: int) -> list[Value]:
    """Add what the column's name claims, where enough values have the shape of it."""
    claimed = named_entity(tokens)
    if not claimed:
        return present
    fitting = [one for one in present if not is_left_by_anonymising(one.text) and fits(claimed, one.text, tokens)]
    enough = sum(one.cells for one in fitting) >= SHARE * cells
    unique = claimed != "PERSON" or says_person(tokens) or len(fitting) >= BARE_UNIQUENESS * cells
    if not enough or not unique:
        return present
    texts = {one.text for one in fitting}
    return [
        Value(one.text, one.cells, (*one.hits, Hit(0, len(one.text), claimed, NAMED_SCORE)))
        if one.text in texts
        else one
        for one in present
    ]


def _resolved(values: list[Value]) -> list[Value]:
    """Give each stretch of text to one entity: among overlapping findings the likelier in this column wins."""
    share = Counter[str]()
    for one in values:
        for label in {hit.entity for hit in one.hits}:
            share[label] += one.cells

    def order(hit: Hit) -> tuple[int, int, int, float]:
        rules = entity(hit.entity)
        checksum_only = rules.chance and hit.entity in {"UK_NHS", "MEDICAL_LICENSE", "US_BANK_NUMBER", "PHONE_NUMBER"}
        return (1 if checksum_only else 0, -share[hit.entity] if checksum_only else 0, rules.rank, -hit.score)

    def survivors(one: Value) -> Value:
        if is_left_by_anonymising(one.text):
            return Value(one.text, one.cells)
        kept: list[Hit] = []
        guesses = [hit for hit in one.hits if entity(hit.entity).rank >= FIRST_OF_WORDS]
        for hit in [*sorted(set(one.hits) - set(guesses), key=order), *sorted(guesses, key=order)]:
            if not any(
                hit.start < other.end and other.start < hit.end and hit.entity != other.entity for other in kept
            ):
                kept.append(hit)
        return Value(one.text, one.cells, tuple(sorted(kept)))

    return [survivors(one) for one in values]


def _tallies(values: list[Value]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for one in values:
        for label in sorted({hit.entity for hit in one.hits}):
            found = [hit for hit in one.hits if hit.entity == label]
            tallies.setdefault(label, Tally()).add(one, found)
    return tallies


def _counts(label: str, tally: Tally, values: list[Value], tokens: Sequence[str], cells: int) -> bool:
    """Say whether the findings of one entity say something of the column, or are what chance makes."""
    rules = entity(label)
    if rules.kind is Kind.NEUTRAL:
        return False
    if rules.guess:
        several = len(tally.values) > 1 or len(values) == 1
        return several and not (label == "PERSON" and says_place(tokens))
    if not rules.chance or (rules.tokens & set(tokens) and not AMOUNT_TOKENS & set(tokens)):
        return True
    of_label = [one for one in values if any(hit.entity == label for hit in one.hits)]
    if any(not one.is_code for one in of_label):
        return True
    return not rules.named_only and not _is_chance(label, of_label, values, tokens, cells)


def _is_chance(label: str, of_label: list[Value], values: list[Value], tokens: Sequence[str], cells: int) -> bool:
    """Decide on findings that are all in codes and numbers, by their share, their uniqueness and the column's name."""
    texts = [one.text.strip() for one in of_label]
    if label in {"US_SSN", "US_ITIN"} and any("-" in text or " " in text for text in texts):
        return False
    shortest = min(map(_letters_and_digits, texts)) if label in _OWN_LENGTH else 0
    codes = sum(one.cells for one in values if one.is_code and _letters_and_digits(one.text) >= shortest)
    share = sum(one.cells for one in of_label) / max(codes, 1)
    bare = all(_BARE.fullmatch(text) or _NUMBER.fullmatch(text) for text in texts)
    if bare and AMOUNT_TOKENS & set(tokens):
        return True
    if label in _OWN_LENGTH or not bare:
        return share < entity(label).chance
    needed = ID_SHARE if IDENTIFIER_TOKENS & set(tokens) else BARE_SHARE
    return share < needed or len(of_label) < BARE_UNIQUENESS * cells


def _letters_and_digits(text: str) -> int:
    return sum(map(str.isalnum, text))


def _conclusion(
    counted: dict[str, Tally], dismissed: Counter[str], cells: int, tokens: Sequence[str]
) -> tuple[str, str, str]:
    if not counted:
        why = f"; not counted: {', '.join(f'{name} in {number}' for name, number in sorted(dismissed.items()))}"
        return CLEAN, "", f"no personal data found in {cells} cells" + (why if dismissed else "")

    def weight(label: str) -> tuple[bool, int, int]:
        return (entity(label).kind is Kind.DIRECT, counted[label].whole, -entity(label).rank)

    whole = [label for label, tally in counted.items() if tally.whole >= IS_SHARE * cells]
    if whole:
        label = max(whole, key=weight)
        said = " and the column's name says so" if named_entity(tokens) == label else ""
        return IS, label, f"{label} is the whole value in {counted[label].whole} of {cells} cells{said}"
    label = max(counted, key=lambda one: (entity(one).kind is Kind.DIRECT, counted[one].cells, -entity(one).rank))
    parts = ", ".join(f"{name} in {tally.cells}" for name, tally in sorted(counted.items()))
    return CONTAINS, label, f"of {cells} cells: {parts}"


def _previews(values: list[Value], counted: dict[str, Tally]) -> tuple[str, ...]:
    shown = {
        masked(hit.entity, one.text[hit.start : hit.end]) for one in values for hit in one.hits if hit.entity in counted
    }
    return tuple(sorted(shown)[:PREVIEWS])
