"""Phone numbers in a text: the spans that Presidio's phone recogniser finds, by one walk that its regions share.

Where the candidates stand, and which parts of them are tried in which order, does not depend on the region; only the
verdict does. Digits with plain punctuation are decided by ``phone_numbers``; everything else goes to ``phonenumbers``.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from privacy.scan.phone_numbers import Region, is_valid_abroad, region

Span = tuple[int, int]
Attempt = tuple[int, str]

_PLAIN = re.compile(r"(\(?\+)?([0-9\-. ()/\[\]]*)(?:(?<=[0-9])x([0-9]{1,7}))?")
_EXTENDED = re.compile(r"\(?[0-9][0-9\-. ()]*[0-9]")
_BRACKETS = re.compile(r"[()\[\]]")
_NO_DIGIT = re.compile(r"[^0-9]+")
_FEWEST_DIGITS = 3
_NEVER_CUT = 20  # a candidate this short met none of the limits of the pattern


@cache
def _matcher() -> Any:
    from phonenumbers import phonenumbermatcher

    return phonenumbermatcher


class PhoneFinder:
    """Finds the spans; not for several threads at once."""

    def __init__(self, regions: Any) -> None:
        """Take the regions in which numbers without a country are read."""
        self.regions = [region(name) for name in regions]

    def spans(self, text: str) -> list[Span]:
        """Return where phone numbers stand; of spans inside one another only the outermost."""
        walk = _Walk(text)
        found: set[Span] = set()
        waiting = {0: self.regions}  # which regions go on from a place
        while waiting:
            index = min(waiting)
            regions = waiting.pop(index)
            candidate = walk.candidate(index)
            if candidate is None:
                continue
            for (start, written), some, is_number in walk.verdicts(candidate, regions):
                end = start + len(written)
                if is_number:
                    found.add((start, end))
                waiting[end] = [*waiting.get(end, ()), *some]
        return [one for one in sorted(found) if not any(other != one and _holds(other, one) for other in found)]


def _holds(outer: Span, inner: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


class _Walk:
    """What is known of one text, whatever the region."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.candidates: dict[int, Attempt | None] = {}
        self.tries: dict[Attempt, list[Attempt]] = {}
        self.read: dict[Attempt, tuple[str, str, str] | None] = {}
        self.matchers: dict[str, Any] = {}

    def candidate(self, index: int) -> Attempt | None:
        """Return the next candidate from a place on, as ``PhoneNumberMatcher._find`` cuts it."""
        if index not in self.candidates:
            match = _matcher()._PATTERN.search(self.text, index)  # noqa: SLF001 - the matcher's own pattern
            found = None
            if match is not None:
                written = match[0]
                second = _matcher()._SECOND_NUMBER_START_PATTERN.search(written)  # noqa: SLF001 - the same
                found = (match.start(), written[: second.start()] if second else written)
            self.candidates[index] = found
        return self.candidates[index]

    def verdicts(self, candidate: Attempt, regions: list[Region]) -> list[tuple[Attempt, list[Region], bool]]:
        """Return what the regions take of a candidate and go on behind, and whether it is a number.

        What is a number as a whole in one of them holds what the others find in it. A region that is not among them
        says nothing: it took something else before, and does not come by here.
        """
        if self._is_number(candidate, regions):
            return [(candidate, regions, True)]
        found = []
        for attempt in self.attempts(candidate):
            accepting = list(self.accepting(attempt, regions))
            if accepting:
                found.append((attempt, accepting, True))
                regions = [here for here in regions if here not in accepting]
            if not regions:
                return found
        return [*found, (candidate, regions, False)]

    def _is_number(self, candidate: Attempt, regions: list[Region]) -> bool:
        """Say whether a short candidate is a number as a whole in one of some regions."""
        whole = len(candidate[1]) <= _NEVER_CUT and candidate in self.attempts(candidate)[:1]
        return whole and any(self.accepting(candidate, regions))

    def attempts(self, candidate: Attempt) -> list[Attempt]:
        """Return what is tried of a candidate, in the order of ``PhoneNumberMatcher._extract_match``."""
        if candidate not in self.tries:
            self.tries[candidate] = list(_attempts(self.text, *candidate))
        return self.tries[candidate]

    def accepting(self, attempt: Attempt, regions: Iterable[Region]) -> Iterable[Region]:
        """Give the regions in which one try is a number."""
        if attempt not in self.read:
            self.read[attempt] = _plain(self.text, *attempt)
        plain = self.read[attempt]
        if plain is not None:
            kind, digits, written = plain
            if kind != "+":
                return (here for here in regions if kind != "none" and here.accepts(digits, written))
            verdict = is_valid_abroad(digits)
            if verdict is not None:
                return regions if verdict else ()
        return (here for here in regions if self._is_read(attempt, here))

    def _is_read(self, attempt: Attempt, here: Region) -> bool:
        if here.name not in self.matchers:
            from phonenumbers import PhoneNumberMatcher

            self.matchers[here.name] = PhoneNumberMatcher(self.text, here.name)
        return self.matchers[here.name]._parse_and_verify(attempt[1], attempt[0]) is not None  # noqa: SLF001


def _attempts(text: str, start: int, written: str) -> Any:
    if _matcher()._SLASH_SEPARATED_DATES.search(written):  # noqa: SLF001 - the matcher's own pattern
        return
    if _matcher()._TIME_STAMPS.search(written):  # noqa: SLF001 - the same
        following = text[start + len(written) : start + len(written) + 8]
        if _matcher()._TIME_STAMPS_SUFFIX.match(following):  # noqa: SLF001 - the same
            return
    yield start, written
    if written.isdigit():
        return
    for pattern in _matcher()._INNER_MATCHES:  # noqa: SLF001 - the same
        match, first = pattern.search(written), True
        while match:
            if first:
                yield start, _trimmed(written[: match.start()])
                first = False
            yield start + match.start(1), _trimmed(match[1])
            match = pattern.search(written, match.start() + 1)


def _trimmed(group: str) -> str:
    unwanted = _matcher()._UNWANTED_END_CHAR_PATTERN.search(group)  # noqa: SLF001 - the same
    return group[: unwanted.start()] if unwanted else group


def _plain(text: str, start: int, written: str) -> tuple[str, str, str] | None:
    """Read a try as (kind, digits, digits with the extension), or None where ``phonenumbers`` has to.

    The kind is "+" for an international number, "none" for what is refused whatever the region, "" otherwise.
    """
    match = _PLAIN.fullmatch(written)
    if match is None or (match[3] and not _EXTENDED.fullmatch(match[2])):
        return None
    digits = _NO_DIGIT.sub("", match[2])
    if len(digits) < _FEWEST_DIGITS:
        return None if match[1] else ("none", "", "")
    end = start + len(written)
    before = text[start - 1] if start and written[0] not in "([+" else " "
    after = text[end] if end < len(text) else " "
    if not (before + after).isascii():
        return None
    refused = any(one.isalpha() or one in "%$" for one in (before, after))
    if refused or (_BRACKETS.search(written) and not _brackets_fit(written)):
        return "none", "", ""
    return ("+" if match[1] else ""), digits, digits + (match[3] or "")


def _brackets_fit(written: str) -> bool:
    fits = _matcher()._MATCHING_BRACKETS.fullmatch(written)  # noqa: SLF001 - the matcher's own pattern
    return bool(fits) and not _matcher()._PUB_PAGES.search(written)  # noqa: SLF001 - the same
