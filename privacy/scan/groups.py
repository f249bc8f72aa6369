"""What a column's judgement needs of its values: those that are judged alike are one group, with counts and no values.

Parts of a column are gathered by themselves and merged in any order. What a group keeps of its values are the
number of their cells, keyed hashes to count the different ones, and masked previews.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from privacy.scan.column_names import fits, named_entity
from privacy.scan.distinct import Distinct, hashed
from privacy.scan.entities import HINT, entity, name_tokens
from privacy.scan.hits import Hit
from privacy.scan.shapes import is_left_by_anonymising, masked

PREVIEWS = 3
WHOLE = 0.8
_PUNCTUATED = re.compile(r"[\d\s().+\-/,]*")
_BARE = re.compile(r"\+?\w+")
_NUMBER = re.compile(r"[\d.,\-]+")
_LOW = re.compile(r"\d{1,2}(?:\.\d{1,2}){3}")
_FRACTION = re.compile(r"[.,]\d")
_ABROAD = re.compile(r"\+[\d ()\-.]{8,20}")
FEWEST_IN_PHONE = 7


@dataclass(frozen=True, slots=True)
class Value:
    """One distinct value of a part of a column: its text, in how many cells it stands, what was found in it."""

    text: str
    cells: int
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding by its place among the others that it overlaps; ``whole`` says that it is (nearly) all of its value."""

    start: int
    end: int
    entity: str
    score: float
    validated: bool
    whole: bool


Cluster = tuple[Mark, ...]
Place = tuple[Cluster, int]
CLAIM: Place = ((), 0)  # where a group keeps what the column's name claims


@dataclass(frozen=True, slots=True)
class Alike:
    """What values have in common that are judged alike.

    ``code`` says that the whole value is one code or number, ``bare`` that it is one without punctuation, ``parted``
    that it holds a hyphen or a space, ``fitting`` that it has the shape of what the column's name claims; ``length``
    counts its letters and digits; ``low`` says that it is four numbers below a hundred with points between, as versions
    are, ``abroad`` that it begins with a plus, as phone numbers do.
    """

    clusters: frozenset[Cluster]
    code: bool
    bare: bool
    parted: bool
    fitting: bool
    length: int
    low: bool = False
    abroad: bool = False


@dataclass(slots=True)
class Seen:
    """What was found at one place of a cluster: how many different texts, and how the first of them look, masked."""

    texts: Distinct = field(default_factory=Distinct)
    previews: tuple[str, ...] = ()

    def add(self, entity: str, text: str, key: bytes) -> None:
        """Count one text."""
        self.texts.add(hashed(text.casefold(), key))
        self._preview((masked(entity, text),))

    def merge(self, other: "Seen") -> None:
        """Count what another part saw."""
        self.texts.merge(other.texts)
        self._preview(other.previews)

    def _preview(self, more: Iterable[str]) -> None:
        self.previews = tuple(sorted({*self.previews, *more})[:PREVIEWS])


@dataclass(slots=True)
class Group:
    """The counts of values that are judged alike."""

    cells: int = 0
    values: Distinct = field(default_factory=Distinct)
    seen: dict[tuple[Cluster, int], Seen] = field(default_factory=dict)

    def merge(self, other: "Group") -> None:
        """Count what another part counted."""
        self.cells += other.cells
        self.values.merge(other.values)
        for place, seen in other.seen.items():
            self.seen.setdefault(place, Seen()).merge(seen)


@dataclass(slots=True)
class ColumnPart:
    """A column, or a part of its rows: cells with a value, those of codes by their length, and the groups."""

    name: str
    cells: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    different: Distinct = field(default_factory=lambda: Distinct(limit=2))
    groups: dict[Alike, Group] = field(default_factory=dict)

    def gather(self, values: Iterable[Value], key: bytes) -> None:
        """Count values; those of blanks alone are no values."""
        tokens = name_tokens(self.name)
        claimed = named_entity(tokens)
        for value in values:
            stripped = value.text.strip()
            if not stripped:
                continue
            left = is_left_by_anonymising(value.text)
            fitting = bool(claimed) and not left and fits(claimed, value.text, tokens)
            code, length = _is_code(stripped), sum(map(str.isalnum, stripped))
            if code:
                self.codes[length] += value.cells
            if len(self.different) < 2:  # noqa: PLR2004 - whether there are several is all that is asked
                self.different.add(hashed(value.text, key))
            hits = () if left else tuple(one for one in value.hits if _says_something(one, value.text))
            if hits or fitting:
                self._group(value, hits, _Facts(stripped, code, claimed if fitting else "", length), key)

    def _group(self, value: Value, hits: Sequence[Hit], facts: "_Facts", key: bytes) -> None:
        clusters = list(_clusters(value.text, hits, facts))
        alike = Alike(
            clusters=frozenset(cluster for cluster, _texts in clusters),
            code=facts.code,
            bare=bool(_BARE.fullmatch(facts.stripped) or _NUMBER.fullmatch(facts.stripped)),
            parted="-" in facts.stripped or " " in facts.stripped,
            fitting=bool(facts.claimed),
            length=facts.length if facts.code else 0,
            low=bool(_LOW.fullmatch(facts.stripped)),
            abroad=bool(_ABROAD.fullmatch(facts.stripped)),
        )
        group = self.groups.setdefault(alike, Group())
        group.cells += value.cells
        group.values.add(hashed(value.text, key))
        for cluster, texts in clusters:
            for index, (mark, text) in enumerate(zip(cluster, texts, strict=True)):
                group.seen.setdefault((cluster, index), Seen()).add(mark.entity, text, key)
        if facts.claimed:
            group.seen.setdefault(CLAIM, Seen()).add(facts.claimed, value.text, key)

    def merge(self, other: "ColumnPart") -> None:
        """Count what another part of the column counted."""
        self.cells += other.cells
        self.codes.update(other.codes)
        self.different.merge(other.different)
        for alike, group in other.groups.items():
            self.groups.setdefault(alike, Group()).merge(group)


@dataclass(frozen=True, slots=True)
class _Facts:
    stripped: str
    code: bool
    claimed: str
    length: int


def _is_code(stripped: str) -> bool:
    """Say whether the whole value is one code or number, not words: there chance makes findings."""
    return any(map(str.isdigit, stripped)) and (not re.search(r"\s", stripped) or bool(_PUNCTUATED.fullmatch(stripped)))


def _says_something(hit: Hit, text: str) -> bool:
    """Say whether a finding counts for a column: within longer texts, hints do not, nor do amounts as phone numbers."""
    if hit.score >= HINT:
        return True
    whole = hit.end - hit.start >= WHOLE * len(text.strip())
    if hit.entity == "PHONE_NUMBER":
        found, after = text[hit.start : hit.end], text[hit.end : hit.end + 2]
        if "," in found or _FRACTION.match(after):
            return False
        return whole or sum(map(str.isdigit, found)) >= FEWEST_IN_PHONE
    return whole or not (entity(hit.entity).guess or hit.entity == "POSTAL_CODE")


def _clusters(text: str, hits: Sequence[Hit], facts: _Facts) -> Iterable[tuple[Cluster, list[str]]]:
    """Give findings that overlap, over one another, as one cluster with the texts found; offsets become ranks.

    Where the column's name may claim the whole value, all of it is one cluster.
    """
    ordered = sorted(hits)
    runs: list[list[Hit]] = []
    end = -1
    for hit in ordered:
        if runs and (facts.claimed or hit.start < end):
            runs[-1].append(hit)
        else:
            runs.append([hit])
        end = max(end, hit.end)
    enough = WHOLE * len(facts.stripped)
    for run in runs:
        edges = {0, len(text)} if facts.claimed else set()
        rank = {
            place: index for index, place in enumerate(sorted(edges | {x for hit in run for x in (hit.start, hit.end)}))
        }
        marks = tuple(
            Mark(rank[hit.start], rank[hit.end], hit.entity, hit.score, hit.validated, hit.end - hit.start >= enough)
            for hit in run
        )
        yield marks, [text[hit.start : hit.end] for hit in run]
