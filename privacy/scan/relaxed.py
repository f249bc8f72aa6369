"""A pattern made weaker: an expression for RE2, linear in the text, that matches wherever the pattern does.

It is derived from the pattern's own syntax tree, as the ``regex`` package that runs it reads it. Look-arounds and
anchors are dropped, large repeats are opened, what is optional at either end is left out, and case rules become
classes. Every step only lets more through: a text that the relaxed expression does not match holds no match.
"""

from collections.abc import Callable
from typing import Any

from privacy.scan.characters import EVERYTHING, UnreadableError, item_class

LARGEST_REPEAT = 12
_ANYTHING = "(?s:.)*"
_ITEMS = frozenset({"Character", "Range", "Property", "SetUnion"})
_REPEATS = frozenset({"GreedyRepeat", "LazyRepeat", "PossessiveRepeat"})


class _BackReferenceError(Exception):
    """A back-reference was met: what it refers to must be written for every case."""


def relaxed(expression: str, flags: int) -> str:
    """Return the expression for RE2, empty where nothing is asked for; raises UnreadableError.

    ``flags`` are those under which the pattern is compiled.
    """
    tree = parsed(expression, flags)
    try:
        return _Writer(fold=False).written(tree, first=True, last=True)
    except _BackReferenceError:
        return _Writer(fold=True).written(tree, first=True, last=True)


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
    def __init__(self, *, fold: bool) -> None:
        self.fold = fold
        self.groups: dict[str, str] = {}

    def written(self, node: Any, *, first: bool, last: bool) -> str:
        """Write a node; ``first`` and ``last`` say that nothing of the match stands before or after it."""
        kind = type(node).__name__
        if kind in _WRITERS:
            return _WRITERS[kind](self, node, first=first, last=last)
        if _is_zero_width(node):
            return ""
        raise UnreadableError(f"An item of the kind {kind} is not understood.")

    def item(self, node: Any, **_edges: bool) -> str:
        return "" if node.zerowidth else item_class(node, fold=self.fold)

    def branch(self, node: Any, *, first: bool, last: bool) -> str:
        if not all(map(_is_plain, node.branches)):
            return "(?:" + "|".join(self.written(one, first=first, last=last) for one in node.branches) + ")"
        return _tree([tuple(self.item(item) for item in one.items) for one in node.branches])

    def sequence(self, node: Any, *, first: bool, last: bool) -> str:
        kept = [one for one in node.items if not _is_zero_width(one)]
        while first and kept and _is_optional(kept[0]):
            kept.pop(0)
        while last and kept and _is_optional(kept[-1]):
            kept.pop()
        end = len(kept) - 1
        return "".join(
            self.written(one, first=first and index == 0, last=last and index == end) for index, one in enumerate(kept)
        )

    def repeat(self, node: Any, *, first: bool, last: bool) -> str:
        least, most = node.min_count, node.max_count
        if first or last:
            most = least
        if most == 0:
            return ""
        if least == most == 1:
            return self.written(node.subpattern, first=first, last=last)
        inner = f"(?:{self.written(node.subpattern, first=False, last=False)})"
        if most is None or most > LARGEST_REPEAT:
            return f"{inner}{{{min(least, LARGEST_REPEAT)},}}"
        return f"{inner}{{{least},{most}}}"

    def wrapper(self, node: Any, *, first: bool, last: bool) -> str:
        inner = f"(?:{self.written(node.subpattern, first=first, last=last)})"
        if type(node).__name__ == "Group":
            whole = not (first or last)
            self.groups[str(node.group)] = (
                inner if whole else f"(?:{self.written(node.subpattern, first=False, last=False)})"
            )
        return inner

    def look_around(self, node: Any, *, first: bool, last: bool) -> str:
        """Keep what a pattern demands before its beginning or after its end: it stands in the text too."""
        if node.positive and first and node.behind:
            return f"(?:{self.written(node.subpattern, first=True, last=False)})"
        if node.positive and last and not node.behind:
            return f"(?:{self.written(node.subpattern, first=False, last=True)})"
        return ""

    def reference(self, node: Any, **_edges: bool) -> str:
        if not self.fold:
            raise _BackReferenceError
        return self.groups.get(str(node.group), _ANYTHING)


def _is_plain(node: Any) -> bool:
    """Say whether a branch is a row of characters."""
    return type(node).__name__ == "Sequence" and all(type(one).__name__ in _ITEMS for one in node.items)


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
    **dict.fromkeys(_ITEMS, _Writer.item),
    **dict.fromkeys(("Any", "AnyAll", "AnyU"), lambda _writer, _node, **_edges: EVERYTHING),
    **dict.fromkeys(_REPEATS, _Writer.repeat),
    **dict.fromkeys(("Group", "Atomic"), _Writer.wrapper),
    "Sequence": _Writer.sequence,
    "Branch": _Writer.branch,
    "LookAround": _Writer.look_around,
    "RefGroup": _Writer.reference,
}


def _is_zero_width(node: Any) -> bool:
    """Say whether a node is an anchor or a demand that nothing follows from."""
    from regex import _regex_core as core

    if isinstance(node, core.ZeroWidthBase):
        return type(node).__name__ not in {"Keep", "Prune", "Skip", "Failure"}
    return isinstance(node, core.LookAround) and not node.positive


def _is_optional(node: Any) -> bool:
    return type(node).__name__ in _REPEATS and node.min_count == 0
