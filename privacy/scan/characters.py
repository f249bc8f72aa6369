"""The code points that one item of a pattern matches, as a class of RE2 that never misses one.

RE2 knows other editions of Unicode and other case rules than ``regex``, so its own classes and its own way of ignoring
case are not used: what an item matches is asked of ``regex`` itself, exactly for ASCII and for small sets; of large
sets every code point beyond ASCII is let through.
"""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

_ASCII = 128
_LAST = 0x10FFFF
_MANY_RANGES = 100
_LARGE_RANGE = 512
_DOTTED_I = (0x49, 0x69, 0x130, 0x131)
EVERYTHING = "(?s:.)"


class UnreadableError(ValueError):
    """A pattern that this does not understand: its recogniser looks at every value."""

    code = "pattern_unreadable"


@cache
def variants(point: int) -> frozenset[int]:
    """Return all code points that ``regex`` may take for this one when case is ignored."""
    import regex  # type: ignore[import-untyped]

    found = set(regex._regex.get_all_cases(int(regex.I | regex.U), point)) | {point}  # noqa: SLF001 - nowhere public
    return frozenset(found | set(_DOTTED_I) if found & set(_DOTTED_I) else found)


def item_class(node: Any, *, fold: bool) -> str:
    """Return the class of a character, range, property or set of the syntax tree of ``regex``.

    ``fold`` ignores case also where the pattern does not. Raises UnreadableError for any other node.
    """
    import regex

    return _class(node, folded=fold or bool(node.case_flags & regex.I))


@cache
def _class(node: Any, *, folded: bool) -> str:
    """Write the class; nodes that are the same item are equal, so that each is looked up once."""
    points = {point for point in range(_ASCII) if _matches(node, point, folded=folded)}
    beyond = _beyond_ascii(node, folded=folded)
    return "[" + _ranges(points) + ("\\x{80}-\\x{10FFFF}" if beyond is None else _ranges(beyond)) + "]"


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
