"""From findings in cells to the verdict on a column: it IS personal data, it CONTAINS some, or it is CLEAN."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.column_names import SHARE, named_entity, says_person, says_place
from privacy.scan.distinct import Distinct
from privacy.scan.entities import AMOUNT_TOKENS, FIRST_OF_WORDS, IDENTIFIER_TOKENS, Kind, entity, name_tokens
from privacy.scan.groups import CLAIM, PREVIEWS, Alike, ColumnPart, Group, Mark, Place, Value
from registry.canonical import decimal_string

__all__ = ["CLEAN", "CONTAINS", "IS", "Tally", "Value", "Verdict", "judge", "judge_part"]

IS, CONTAINS, CLEAN = "IS", "CONTAINS", "CLEAN"
IS_SHARE = 0.5
BARE_SHARE = 0.95
ID_SHARE = 0.97
BARE_UNIQUENESS = 0.1
NAMED_SCORE = 0.6
FIRM = 0.6  # guesses at or above this score need one another alone; those below it a share of the column
GUESS_SHARE = 0.1

_OWN_LENGTH = frozenset({"CREDIT_CARD", "IP_ADDRESS"})  # judged among codes as long as they are: one of them counts
_CHECKSUM_ONLY = frozenset({"UK_NHS", "MEDICAL_LICENSE", "US_BANK_NUMBER", "PHONE_NUMBER"})


@dataclass(slots=True)
class Tally:
    """What a column holds of one entity."""

    cells: int = 0
    whole: int = 0
    validated: int = 0
    score: float = 0.0
    texts: Distinct = field(default_factory=Distinct)
    firm: Distinct = field(default_factory=Distinct)
    previews: set[str] = field(default_factory=set)

    def add(self, one: "_Judged", label: str) -> None:
        """Count one group with its findings of this entity."""
        cells, found = one.group.cells, [(place, mark) for place, mark in one.marks if mark.entity == label]
        self.cells += cells
        self.whole += cells if any(mark.whole for _place, mark in found) else 0
        self.validated += cells if any(mark.validated for _place, mark in found) else 0
        for place, mark in found:
            self.score = max(self.score, mark.score)
            self.texts.merge(one.group.seen[place].texts)
            if mark.score >= FIRM:
                self.firm.merge(one.group.seen[place].texts)
            self.previews.update(one.group.seen[place].previews)

    def document(self) -> dict[str, Any]:
        """Return the counts, never the values."""
        return {
            "cells": self.cells,
            "distinct": len(self.texts),
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


@dataclass(frozen=True, slots=True)
class _Judged:
    """A group with the findings that are left to it, and where it keeps their texts."""

    alike: Alike
    group: Group
    marks: tuple[tuple[Place, Mark], ...]

    def holds(self, label: str) -> bool:
        return any(mark.entity == label for _place, mark in self.marks)


def judge(name: str, values: Iterable[Value], cells: int) -> Verdict:
    """Judge one column of so many cells from its distinct values; pure, and the same for the values in any order."""
    part = ColumnPart(name, cells)
    part.gather(values, b"")
    return judge_part(part)


def judge_part(part: ColumnPart) -> Verdict:
    """Judge one column from what was gathered of it, in whatever parts."""
    tokens, cells = name_tokens(part.name), part.cells
    groups = _resolved(_with_claim(part, tokens))
    counted, dismissed = {}, Counter[str]()
    for label, tally in _tallies(groups).items():
        if _counts(label, tally, groups, part, tokens):
            counted[label] = tally
        else:
            dismissed[label] = tally.cells
    verdict, label, rule = _conclusion(counted, dismissed, cells, tokens)
    previews = sorted(set().union(*(tally.previews for tally in counted.values())))[:PREVIEWS]
    return Verdict(verdict, label, cells, counted, dict(dismissed), tuple(previews), rule)


def _with_claim(part: ColumnPart, tokens: Sequence[str]) -> list[_Judged]:
    """Add what the column's name claims, where enough values have the shape of it."""
    claimed = named_entity(tokens)
    fitting = [group for alike, group in part.groups.items() if alike.fitting]
    enough = sum(group.cells for group in fitting) >= SHARE * part.cells
    different = sum(len(group.values) for group in fitting)
    unique = claimed != "PERSON" or says_person(tokens) or different >= BARE_UNIQUENESS * part.cells
    made = []
    for alike, group in part.groups.items():
        marks = [((cluster, index), mark) for cluster in alike.clusters for index, mark in enumerate(cluster)]
        if alike.fitting and enough and unique:
            last = max((mark.end for _place, mark in marks), default=1)
            marks.append((CLAIM, Mark(0, max(last, 1), claimed, NAMED_SCORE, validated=False, whole=True)))
        made.append(_Judged(alike, group, tuple(marks)))
    return made


def _resolved(groups: list[_Judged]) -> list[_Judged]:
    """Give each stretch of text to one entity: among overlapping findings the likelier in this column wins."""
    share = Counter[str]()
    for one in groups:
        for label in {mark.entity for _place, mark in one.marks}:
            share[label] += one.group.cells

    def order(mark: Mark) -> tuple[int, int, int, int, float]:
        rules = entity(mark.entity)
        by_checksum = bool(rules.chance) and mark.entity in _CHECKSUM_ONLY
        guess = rules.rank >= FIRST_OF_WORDS
        return (guess, by_checksum, -share[mark.entity] if by_checksum else 0, rules.rank, -mark.score)

    def survivors(one: _Judged) -> _Judged:
        kept: list[tuple[Place, Mark]] = []
        for place, mark in sorted(one.marks, key=lambda two: (order(two[1]), two[1].start, two[1].end, two[1].entity)):
            if not any(
                _clash(mark, other) and (CLAIM in {place, there} or there[0] == place[0]) for there, other in kept
            ):
                kept.append((place, mark))
        return _Judged(one.alike, one.group, tuple(kept))

    return [survivors(one) for one in groups]


def _clash(mark: Mark, other: Mark) -> bool:
    return mark.entity != other.entity and mark.start < other.end and other.start < mark.end


def _tallies(groups: list[_Judged]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for one in groups:
        for label in sorted({mark.entity for _place, mark in one.marks}):
            tallies.setdefault(label, Tally()).add(one, label)
    return tallies


def _counts(label: str, tally: Tally, groups: list[_Judged], part: ColumnPart, tokens: Sequence[str]) -> bool:
    """Say whether the findings of one entity say something of the column, or are what chance makes."""
    rules = entity(label)
    if rules.kind is Kind.NEUTRAL:
        return False
    if rules.guess:
        return _is_sure(tally, part) and not (label == "PERSON" and says_place(tokens))
    if not rules.chance or (rules.tokens & set(tokens) and not AMOUNT_TOKENS & set(tokens)):
        return True
    of_label = [one for one in groups if one.holds(label)]
    if any(not one.alike.code for one in of_label):
        return True
    return not rules.named_only and not _is_chance(label, of_label, part, tokens)


def _is_sure(tally: Tally, part: ColumnPart) -> bool:
    """Say whether guesses bear one another out: several that are firm, or many different ones among the values."""
    if len(part.different) == 1:
        return True
    needed = GUESS_SHARE * part.cells
    return len(tally.firm) > 1 or (tally.cells >= needed and len(tally.texts) >= max(needed, 2))


def _is_chance(label: str, of_label: list[_Judged], part: ColumnPart, tokens: Sequence[str]) -> bool:
    """Decide on findings that are all in codes and numbers, by their share, their uniqueness and the column's name."""
    if label in {"US_SSN", "US_ITIN"}:
        return not any(one.alike.parted for one in of_label)
    abroad = sum(one.group.cells for one in of_label if one.alike.abroad)
    if label == "PHONE_NUMBER" and abroad > GUESS_SHARE * part.cells:
        return False
    shortest = min(one.alike.length for one in of_label) if label in _OWN_LENGTH else 0
    codes = sum(cells for length, cells in part.codes.items() if length >= shortest)
    share = sum(one.group.cells for one in of_label) / max(codes, 1)
    bare = all(one.alike.bare for one in of_label)
    if bare and AMOUNT_TOKENS & set(tokens):
        return True
    if label == "IP_ADDRESS" and all(one.alike.low for one in of_label):
        return True
    if label in _OWN_LENGTH or not bare:
        return share < entity(label).chance
    needed = ID_SHARE if IDENTIFIER_TOKENS & set(tokens) else BARE_SHARE
    different = sum(len(one.group.values) for one in of_label)
    return share < needed or different < BARE_UNIQUENESS * part.cells


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
