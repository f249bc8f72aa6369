"""What the kind of a node of the syntax tree of ``regex`` tells: whether characters stand for it, and where it ends."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

ITEMS = frozenset({"Character", "Range", "Property", "SetUnion"})
REPEATS = frozenset({"GreedyRepeat", "LazyRepeat", "PossessiveRepeat"})
ENDS = frozenset({"StartOfString", "EndOfString"})  # which mean to RE2 what they mean to ``regex``


def is_zero_width(node: Any) -> bool:
    """Say whether a node is an anchor or a demand that nothing follows from."""
    from regex import _regex_core as core  # type: ignore[import-untyped]

    if isinstance(node, core.ZeroWidthBase):
        return type(node).__name__ not in {*ENDS, "Keep", "Prune", "Skip", "Failure"}
    return isinstance(node, core.LookAround) and not node.positive


def begins_word(items: Any) -> bool:
    """Say whether a word has to begin before the first item that is no anchor."""
    leading = takewhile(is_zero_width, items)
    return any(type(one).__name__ == "Boundary" and one.positive for one in leading)


def ends_word(items: Any) -> bool:
    """Say whether a word has to begin or end behind the last item that is no anchor.

    RE2 knows only words of ASCII, so that this is only asked of texts without other characters.
    """
    trailing = takewhile(is_zero_width, reversed(items))
    return any(type(one).__name__ == "Boundary" and one.positive for one in trailing)


def close(nodes: Sequence[Any]) -> bool:
    """Say whether nodes stand for at least a character, and the last one for few: then is asked what comes behind."""
    return any(map(takes_edge, nodes)) and is_short(nodes[-1])


def is_short(node: Any) -> bool:
    """Say whether a node holds no loop: to go through one to its end takes many states, and tells little."""
    kind = type(node).__name__
    if kind in REPEATS:
        return node.max_count in {1, node.min_count} and is_short(node.subpattern)
    return all(map(is_short, inner(node)))


def inner(node: Any) -> list[Any]:
    """Return the nodes of which a node consists, look-arounds left out."""
    kind = type(node).__name__
    if kind == "Sequence":
        return list(node.items)
    if kind == "Branch":
        return list(node.branches)
    return [node.subpattern] if kind in REPEATS | {"Group", "Atomic"} else []


def takes_edge(node: Any) -> bool:
    """Say whether what a node begins with is certain enough to be asked where it stands."""
    kind = type(node).__name__
    if kind in ITEMS:
        return not node.zerowidth
    if kind in REPEATS:
        return node.min_count > 0 and takes_edge(node.subpattern)
    if kind in {"Group", "Atomic"}:
        return takes_edge(node.subpattern)
    if kind == "Sequence":
        begins = next((one for one in node.items if not is_zero_width(one)), None)
        return begins is not None and takes_edge(begins)
    return kind == "Branch" and all(map(takes_edge, node.branches))


def is_optional(node: Any) -> bool:
    """Say whether a node may stand for nothing."""
    return type(node).__name__ in REPEATS and node.min_count == 0


def is_plain(node: Any) -> bool:
    """Say whether a branch is a row of characters."""
    return type(node).__name__ == "Sequence" and all(type(one).__name__ in ITEMS for one in node.items)
