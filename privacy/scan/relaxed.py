"""A pattern made weaker: an expression for RE2, linear in the text, that matches wherever the pattern does.

It is derived from the pattern's own syntax tree, as the ``regex`` package that runs it reads it. Look-arounds and
anchors are dropped (but the ends of the text, and where a word of ASCII begins or ends), large repeats are opened, what
is optional at either end is left out, and case rules become classes. Every step only lets more through: a text that the
relaxed expression does not match holds no match. Texts may also be asked in a row, with SEPARATOR between them.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from privacy.scan.characters import EVERYTHING, Rules, UnreadableError, edged_class, item_class
from privacy.scan.nodes import (
    ENDS,
    ITEMS,
    REPEATS,
    begins_word,
    close,
    ends_word,
    is_optional,
    is_plain,
    is_zero_width,
    takes_edge,
)

LARGEST_REPEAT = 12
_ANYTHING = "(?s:.)*"
SEPARATOR = "\n"
_ENDS = {"StartOfString": "(?m:^)", "EndOfString": "(?m:$)"}  # of a line: of the text, and of one in a row of texts


_EXACT = Rules()


class _BackReferenceError(Exception):
    """A back-reference was met: what it refers to must be written for every case."""


def relaxed(expression: str, flags: int) -> str:
    """Return the expression for RE2, empty where nothing is asked for; raises UnreadableError.

    ``flags`` are those under which the pattern is compiled.
    """
    return written(parsed(expression, flags))


def written(tree: Any, rules: Rules = _EXACT) -> str:
    """Write a syntax tree by some rules."""
    try:
        return _Writer(rules).written(tree, first=True, last=True)
    except _BackReferenceError:
        return _Writer(replace(rules, fold=True)).written(tree, first=True, last=True)


@lru_cache(maxsize=8)
def parsed(expression: str, flags: int) -> Any:
    """Return the syntax tree; flags in the midst of a pattern make ``regex`` read it again."""
    import regex  # type: ignore[import-untyped]
    from regex import _regex_core as core

    regex.compile(expression, flags)  # raises regex.error for what is no pattern
    given = int(flags) | int(regex.U)
    while True:
        source = core.Source(expression)
        info = core.Info(given, source.char_type, {})
        info.guess_encoding = core.UNICODE
        source.ignore_space = bool(info.flags & regex.X)
        try:
            return core._parse_pattern(source, info)  # noqa: SLF001 - the parser has no public name
        except core._UnscopedFlagSet:  # noqa: SLF001 - the same
            given = info.global_flags


class _Writer:
    """Writes nodes; ``first`` and ``last`` say that nothing of the match stands before or after one.

    ``edge`` says that a word begins there: then nothing may be left out at its beginning. What a back-reference refers
    to is written ``bare``, without the ends of the text: it stands elsewhere again.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.groups: dict[str, str] = {}
        self.bare = False

    def written(self, node: Any, *, first: bool = False, last: bool = False, edge: bool = False) -> str:
        kind = type(node).__name__
        if kind in _WRITERS:
            return _WRITERS[kind](self, node, first=first, last=last, edge=edge)
        if is_zero_width(node):
            return ""
        raise UnreadableError(f"An item of the kind {kind} is not understood.")

    def item(self, node: Any, *, edge: bool = False, **_place: bool) -> str:
        if node.zerowidth:
            return ""
        return edged_class(node, self.rules) if edge else item_class(node, self.rules)

    def branch(self, node: Any, **place: bool) -> str:
        if not all(map(is_plain, node.branches)):
            return "(?:" + "|".join(self.written(one, **place) for one in node.branches) + ")"
        edge = place["edge"]
        return _tree(
            [
                tuple(self.item(item, edge=edge and not index) for index, item in enumerate(one.items))
                for one in node.branches
            ]
        )

    def sequence(self, node: Any, *, first: bool, last: bool, edge: bool) -> str:
        kept = [one for one in node.items if not is_zero_width(one)]
        edge = bool(kept) and (edge or (first and begins_word(node.items))) and takes_edge(kept[0])
        closed = last and self.rules.plain and ends_word(node.items) and close(kept)
        first, last = first and not edge, last and not closed
        while first and kept and is_optional(kept[0]):
            kept.pop(0)
        while last and len(kept) > edge and is_optional(kept[-1]):
            kept.pop()
        end = len(kept) - 1
        text = "".join(
            self.written(one, first=first and index == 0, last=last and index == end, edge=edge and index == 0)
            for index, one in enumerate(kept)
        )
        return rf"{text}\b" if closed and kept else text

    def repeat(self, node: Any, *, first: bool, last: bool, edge: bool) -> str:
        least, most = node.min_count, node.max_count
        if first or last:
            most = least
        if most == 0:
            return ""
        begun = ""
        if least == most == 1 or edge:
            begun = self.written(node.subpattern, first=first, last=last and least == most == 1, edge=edge)
            least, most = least - 1, None if most is None else most - 1
        if most == 0:
            return begun
        inner = f"{begun}(?:{self.written(node.subpattern)})"
        if most is None or most > LARGEST_REPEAT:
            return f"{inner}{{{min(least, LARGEST_REPEAT)},}}"
        return f"{inner}{{{least},{most}}}"

    def wrapper(self, node: Any, **place: bool) -> str:
        if self.rules.fold and type(node).__name__ == "Group":
            before, self.bare = self.bare, True
            self.groups[str(node.group)] = f"(?:{self.written(node.subpattern)})"
            self.bare = before
        return f"(?:{self.written(node.subpattern, **place)})"

    def end(self, node: Any, **_place: bool) -> str:
        return "" if self.bare else _ENDS[type(node).__name__]

    def look_around(self, node: Any, *, first: bool, last: bool, **_place: bool) -> str:
        """Keep what a pattern demands before its beginning or after its end: it stands in the text too."""
        if node.positive and first and node.behind:
            return f"(?:{self.written(node.subpattern, first=True)})"
        if node.positive and last and not node.behind:
            return f"(?:{self.written(node.subpattern, last=True)})"
        return ""

    def reference(self, node: Any, **_place: bool) -> str:
        if not self.rules.fold:
            raise _BackReferenceError
        return self.groups.get(str(node.group), _ANYTHING)


def _tree(branches: list[tuple[str, ...]]) -> str:
    """Write alternatives with what they begin with in common written once: a list of words becomes small."""
    if () in branches:
        rest = [one for one in branches if one]
        return f"(?:{_tree(rest)})?" if rest else ""
    parts = []
    for head in dict.fromkeys(one[0] for one in branches):
        tails = [one[1:] for one in branches if one[0] == head]
        parts.append(head + _tree(tails))
    return f"(?:{'|'.join(parts)})" if len(parts) > 1 else parts[0]


_WRITERS: dict[str, Callable[..., str]] = {
    **dict.fromkeys(ITEMS, _Writer.item),
    **dict.fromkeys(("Any", "AnyAll", "AnyU"), lambda _writer, _node, **_place: EVERYTHING),
    **dict.fromkeys(REPEATS, _Writer.repeat),
    **dict.fromkeys(("Group", "Atomic"), _Writer.wrapper),
    **dict.fromkeys(ENDS, _Writer.end),
    "Sequence": _Writer.sequence,
    "Branch": _Writer.branch,
    "LookAround": _Writer.look_around,
    "RefGroup": _Writer.reference,
}
