"""The code points that one item of a pattern matches, as a class of RE2 that never misses one.

RE2 knows other editions of Unicode and other case rules than ``regex``, so its own classes and its own way of ignoring
case are not used: what an item matches is asked of ``regex`` itself, exactly for ASCII and for small sets; of large
sets every code point beyond ASCII is let through.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

_ASCII = 128
_LAST = 0x10FFFF
_MANY_RANGES = 12
_LARGE_RANGE = 512
BEYOND = 1 << _ASCII
DIGITS = frozenset(range(0x30, 0x3A))
WORD = frozenset(point for point in range(_ASCII) if chr(point).isalnum() or chr(point) == "_")
_IGNORECASE = 2  # the flag of ``regex``
_DOTTED_I = (0x49, 0x69, 0x130, 0x131)
EVERYTHING, NEVER = "(?s:.)", r"[^\x{0}-\x{10FFFF}]"


class UnreadableError(ValueError):
    """A pattern that this does not understand: its recogniser looks at every value."""

    code = "pattern_unreadable"


@cache
def variants(point: int) -> frozenset[int]:
    """Return all code points that ``regex`` may take for this one when case is ignored."""
    import regex  # type: ignore[import-untyped]

    found = set(regex._regex.get_all_cases(int(regex.I | regex.U), point)) | {point}  # noqa: SLF001 - nowhere public
    return frozenset(found | set(_DOTTED_I) if found & set(_DOTTED_I) else found)


@dataclass(frozen=True, slots=True)
class Rules:
    """How classes are written: ``fold`` ignores case also where the pattern does not, ``alike`` takes all digits.

    ``plain`` leaves out what lies beyond ASCII: for texts without it.
    """

    fold: bool = False
    alike: bool = False
    plain: bool = False


_EXACT = Rules()


def item_class(node: Any, rules: Rules) -> str:
    """Return the class of a character, range, property or set of the syntax tree of ``regex``.

    Raises UnreadableError for any other node.
    """
    return _class(node, _folded(node, rules), rules.alike, rules.plain)


def _folded(node: Any, rules: Rules) -> bool:
    return rules.fold or bool(int(node.case_flags) & _IGNORECASE)


@cache
def _class(node: Any, folded: bool, alike: bool, plain: bool) -> str:
    """Write the class; nodes that are the same item are equal, so that each is looked up once."""
    points, beyond = _members(node, folded=folded)
    points = points | DIGITS if alike and points & DIGITS else points
    return _bracketed(_ranges(points) + ("" if plain else _written_beyond(beyond)))


def class_of(points: Iterable[int]) -> str:
    """Return the class of some code points."""
    return _bracketed(_ranges(points))


def _bracketed(ranges: str) -> str:
    if not ranges:
        return NEVER
    return ranges if len(ranges) == 1 else f"[{ranges}]"


def _read(node: Any, rules: Rules) -> tuple[frozenset[int], frozenset[int] | None]:
    points, beyond = _members(node, folded=_folded(node, rules))
    return (points | DIGITS if rules.alike and points & DIGITS else points), frozenset() if rules.plain else beyond


@cache
def _members(node: Any, *, folded: bool) -> tuple[frozenset[int], frozenset[int] | None]:
    """Return the ASCII that an item matches and what it matches beyond, None where that is much."""
    points = frozenset(point for point in range(_ASCII) if _matches(node, point, folded=folded))
    beyond = _beyond_ascii(node, folded=folded)
    return points, None if beyond is None else frozenset(beyond)


def _written_beyond(beyond: frozenset[int] | None) -> str:
    return "\\x{80}-\\x{10FFFF}" if beyond is None else _ranges(beyond)


def edged_class(node: Any, rules: Rules) -> str:
    """Return the class of an item with which a word begins, and that it begins there.

    RE2 knows only words of ASCII: where one begins for ``regex`` and with ASCII, it begins for RE2 too. Before other
    characters nothing is asked.
    """
    points, beyond = _read(node, rules)
    inside, rest = _ranges(points & WORD), _ranges(points - WORD) + _written_beyond(beyond)
    if not inside:
        return _bracketed(rest)
    return rf"(?:\b{_bracketed(inside)}|{_bracketed(rest)})" if rest else rf"\b{_bracketed(inside)}"


def bits(node: Any) -> int:
    """Return the ASCII that an item matches as bits of a number; bit 128 stands for whatever lies beyond."""
    return _bits(node, _folded(node, _EXACT))


@cache
def _bits(node: Any, folded: bool) -> int:
    points, beyond = _members(node, folded=folded)
    return sum(1 << point for point in points) | (BEYOND if beyond is None or beyond else 0)


def _matches(node: Any, point: int, *, folded: bool) -> bool:
    """Say whether an item matches; negation comes after the case rules, as in ``regex``."""
    tried = variants(point) if folded else (point,)
    return any(_holds(node, one) for one in tried) == bool(node.positive)


def _holds(node: Any, point: int) -> bool:
    kind = type(node).__name__
    if kind == "Character":
        return bool(node.value == point)
    if kind == "Range":
        return bool(node.lower <= point <= node.upper)
    if kind == "Property":
        return _has(node.value, point)
    if kind == "SetUnion":
        return any(_holds(one, point) == one.positive for one in node.items)
    raise UnreadableError(f"An item of the kind {kind} is not understood.")


def _has(value: int, point: int) -> bool:
    import regex

    return bool(regex._regex.has_property_value(value, point))  # noqa: SLF001 - nowhere public


def _beyond_ascii(node: Any, *, folded: bool) -> set[int] | None:
    """Return the code points beyond ASCII, or None where they are many."""
    kind = type(node).__name__
    if not node.positive:
        return None
    if kind == "SetUnion":
        parts = [_beyond_ascii(one, folded=folded) for one in node.items]
        return None if any(one is None for one in parts) else set().union(*(one for one in parts if one))
    if kind == "Property":
        return None if folded and not _is_caseless(node.value) else _of_property(node.value)
    lower, upper = (node.value, node.value) if kind == "Character" else (node.lower, node.upper)
    if upper - lower > _LARGE_RANGE:
        return None
    members = set(range(lower, upper + 1))
    if folded:
        members = set().union(*(variants(one) for one in members))
    return {one for one in members if one >= _ASCII}


def _is_caseless(value: int) -> bool:
    return not any(_has(value, point) for point in (0x41, 0x61)) or all(_has(value, point) for point in (0x41, 0x61))


@cache
def _of_property(value: int) -> set[int] | None:
    found: set[int] = set()
    ranges, before = 0, False
    for point in range(_ASCII, _LAST + 1):
        now = _has(value, point)
        if now:
            found.add(point)
            ranges += not before
            if ranges > _MANY_RANGES:
                return None
        before = now
    return found


def _ranges(points: Iterable[int]) -> str:
    """Write code points as ranges of a class."""
    ordered = sorted(points)
    if not ordered:
        return ""
    ends = [one for one, after in pairwise(ordered) if after != one + 1] + [ordered[-1]]
    starts = [ordered[0]] + [after for one, after in pairwise(ordered) if after != one + 1]
    return "".join(
        _point(first) if first == last else f"{_point(first)}-{_point(last)}"
        for first, last in zip(starts, ends, strict=True)
    )


def _point(point: int) -> str:
    letter = chr(point)
    return letter if point < _ASCII and letter.isalnum() else f"\\x{{{point:X}}}"
