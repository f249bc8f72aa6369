"""What a text must at least hold for a recogniser to match it, derived from the recogniser's own patterns.

A mask may only ever say "cannot match" when that is certain: skipping then changes no finding. This is the seam for
faster paths: whatever else can be proved of a pattern belongs here.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_DIGITS = range(ord("0"), ord("9") + 1)


@dataclass(frozen=True, slots=True)
class Mask:
    """The fewest characters and digits, and characters of which each must occur."""

    width: int = 0
    digits: int = 0
    literals: frozenset[str] = frozenset()

    def may_match(self, text: str, digits: int) -> bool:
        """Say whether the recogniser has to look; ``digits`` is what ``count_digits`` returned for the text."""
        return len(text) >= self.width and digits >= self.digits and all(mark in text for mark in self.literals)


EVERYTHING = Mask()


def count_digits(text: str) -> int:
    """Return an upper bound of the digits in a text: what is not ASCII may be one in some edition of Unicode."""
    return sum(1 for character in text if character.isdigit() or not character.isascii())


def _is_digits(items: list[tuple[Any, Any]]) -> bool:
    for operation, value in items:
        if operation is codes.RANGE:
            inside = value[0] in _DIGITS and value[1] in _DIGITS
        elif operation is codes.LITERAL:
            inside = value in _DIGITS
        else:
            inside = operation is codes.CATEGORY and value is codes.CATEGORY_DIGIT
        if not inside:
            return False
    return bool(items)


def _together(left: Mask, right: Mask) -> Mask:
    return Mask(left.width + right.width, left.digits + right.digits, left.literals | right.literals)


def either(left: Mask, right: Mask) -> Mask:
    """Return the mask of an alternative: what both sides ask for."""
    return Mask(min(left.width, right.width), min(left.digits, right.digits), left.literals & right.literals)


def _times(count: int, mask: Mask) -> Mask:
    return Mask(mask.width * count, mask.digits * count, mask.literals if count else frozenset())


def _literal(value: int) -> Mask:
    mark = chr(value)
    caseless = value < 128 and not mark.isalpha()  # noqa: PLR2004 - ASCII ends there
    return Mask(1, int(value in _DIGITS), frozenset({mark}) if caseless else frozenset())


def _single(items: list[tuple[Any, Any]]) -> Mask:
    if len(items) == 1 and items[0][0] is codes.LITERAL:
        return _literal(items[0][1])
    return Mask(1, int(_is_digits(items)))


_RULES: dict[Any, Callable[[Any], Mask]] = {
    codes.LITERAL: _literal,
    codes.NOT_LITERAL: lambda _value: Mask(1),
    codes.ANY: lambda _value: Mask(1),
    codes.IN: _single,
    codes.SUBPATTERN: lambda value: _sequence(value[3]),
    codes.ATOMIC_GROUP: lambda value: _sequence(value),  # noqa: PLW0108 - defined below
    codes.BRANCH: lambda value: reduce(either, [_sequence(branch) for branch in value[1]]),
    codes.MAX_REPEAT: lambda value: _times(value[0], _sequence(value[2])),
    codes.MIN_REPEAT: lambda value: _times(value[0], _sequence(value[2])),
    codes.POSSESSIVE_REPEAT: lambda value: _times(value[0], _sequence(value[2])),
}


def _sequence(tree: Any) -> Mask:
    return reduce(_together, [_RULES[op](value) for op, value in tree if op in _RULES], EVERYTHING)


def of_pattern(expression: str) -> Mask:
    """Return the mask of one expression; one that cannot be read asks for nothing, so that it always runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _sequence(_parser.parse(expression, re.IGNORECASE))
        except (re.error, OverflowError, RecursionError):
            return EVERYTHING


def of_recognizer(recognizer: Any) -> Mask:
    """Return the mask of a Presidio recogniser: of its patterns, of phone metadata, or of nothing when unknown."""
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    if type(recognizer) is PhoneRecognizer:
        return Mask(digits=_shortest_number(recognizer.supported_regions))
    if isinstance(recognizer, PatternRecognizer) and type(recognizer).analyze is PatternRecognizer.analyze:
        masks = [of_pattern(pattern.regex) for pattern in recognizer.patterns]
        return reduce(either, masks) if masks else EVERYTHING
    return EVERYTHING


def _shortest_number(regions: Any) -> int:
    """Return the digits of the shortest number anywhere: a number with "+" is matched whatever its region."""
    import phonenumbers

    everywhere = [*phonenumbers.SUPPORTED_REGIONS, *regions]
    described = [phonenumbers.PhoneMetadata.metadata_for_region(region, None) for region in everywhere]
    general = [one.general_desc for one in described if one and one.general_desc]
    lengths = [length for one in general for length in one.possible_length if length > 0]
    return min(lengths, default=1)
