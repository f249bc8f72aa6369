"""The characters that a pattern cannot do without: every match of it holds one character of each of these classes.

A class is the bits of a number: one for each character of ASCII, and bit 128 for whatever lies beyond.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from privacy.scan.characters import BEYOND, DIGITS, bits
from privacy.scan.nodes import ITEMS, REPEATS

Needs = frozenset[int]
NOTHING: Needs = frozenset()
EVERY = (BEYOND << 1) - 1  # all characters
NUMERALS = sum(1 << point for point in DIGITS)
_ASCII = 128
_FIRST, _BLOCK = 1 << 11, 1 << 18
_FREQUENT = sum(1 << ord(one) for one in " abcdefghijklmnopqrstuvwxyz")


def present(texts: Any) -> int:
    """Return the characters that stand in an Arrow array of strings, as a class."""
    import numpy as np

    _valid, ends, data = texts.buffers()
    if not len(texts) or data is None:
        return 0
    places = np.frombuffer(ends, np.int64 if str(texts.type) == "large_string" else np.int32)
    begin, end = int(places[texts.offset]), int(places[texts.offset + len(texts)])
    written, seen = memoryview(data), b""
    for start in (begin, *range(begin + _FIRST, end, _BLOCK)):
        some = bytes(written[start : min(start + (_BLOCK if start > begin else _FIRST), end)])
        seen += bytes(set(some.translate(None, seen)))  # what was met before is dropped: hardly anything is left
    return reduce(or_, (1 << one if one < _ASCII else BEYOND for one in seen), 0)


def needs_of_words(words: Iterable[str]) -> Needs:
    """Return the class of the letters with which some words begin, in either case."""
    every = list(words)
    if not all(every):
        return NOTHING
    first = {one for word in every for one in (*word[0].upper(), *word[0].lower())}
    return frozenset({reduce(or_, (1 << ord(one) if one.isascii() else BEYOND for one in first), BEYOND)})


def either(needed: Iterable[Needs]) -> Needs:
    """Return what is needed for one of several patterns."""
    every = list(needed)
    if not every or NOTHING in every:
        return NOTHING
    shared = frozenset.intersection(*every)
    return shared | {reduce(or_, (min(one, key=_frequency) for one in every))}


def _frequency(points: int) -> tuple[int, int, int]:
    """Order classes by how often a text holds one of them, roughly."""
    return (points & _FREQUENT).bit_count(), points.bit_count(), points


def needs(node: Any) -> Needs:
    """Return the classes that a syntax tree needs, none where nothing is known."""
    kind = type(node).__name__
    if kind in ITEMS:
        return NOTHING if node.zerowidth else frozenset({bits(node)})
    if kind == "Sequence":
        return frozenset().union(*(needs(one) for one in node.items))
    if kind == "Branch":
        return either([needs(one) for one in node.branches])
    if kind in {"Group", "Atomic"}:
        return needs(node.subpattern)
    if kind in REPEATS and node.min_count:
        return needs(node.subpattern)
    return NOTHING
