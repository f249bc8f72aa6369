"""The stretch of a pattern that texts hold least often: looking for it takes few states, also beside others.

A loop over letters or digits goes on beside whatever else is looked for, and so multiplies the states of an automaton.
A pattern is cut at such loops; what is left between two cuts stands in every match, and the rarest of it is chosen.
"""

from collections.abc import Iterable
from functools import cache
from math import prod
from typing import Any

from privacy.scan.characters import BEYOND, bits
from privacy.scan.nodes import ITEMS, REPEATS, inner
from privacy.scan.relaxed import LARGEST_REPEAT

Choice = tuple[float, Any]  # how likely, and the node

_SHARES = {
    " ": 0.16,
    "e": 0.1,
    **dict.fromkeys(".,-'\n0123456789", 0.004),
    **dict.fromkeys("taoinsrhld", 0.05),
}
_LETTER, _CAPITAL, _OTHER, _BEYOND_ASCII = 0.015, 0.002, 0.0004, 0.005
_EDGE, _END = 0.3, 0.01
_WIDE = 5
_RARE = 2.5e-4


def core(tree: Any) -> tuple[Any, float]:
    """Return the chosen stretch of a syntax tree, None where all are frequent, and how likely it is, roughly.

    It matches wherever the tree does.
    """
    likely, node = _best(tree)
    return node if likely < _RARE else None, likely


def _best(node: Any) -> Choice:
    from regex import _regex_core as core_of  # type: ignore[import-untyped]

    kind = type(node).__name__
    if kind in {"Group", "Atomic"}:
        return _best(node.subpattern)
    if kind == "Branch" and _is_cut(node):
        chosen = [_best(one) for one in node.branches]
        return sum(likely for likely, _node in chosen), core_of.Branch([one for _likely, one in chosen])
    if kind == "Sequence":
        return min(_stretches(node.items), key=lambda one: one[0])
    if kind in REPEATS and _is_cut(node):
        return _best(node.subpattern) if node.min_count else (1.0, core_of.Sequence([]))
    return _likely(node), core_of.Sequence([node])


def _stretches(items: Iterable[Any]) -> list[Choice]:
    """Return what stands between the cuts of a sequence, and the best of what is cut."""
    from regex import _regex_core as core_of

    found: list[Choice] = []
    run: list[Any] = []
    for one in items:
        kind = type(one).__name__
        if kind == "LookAround":
            if one.positive:
                found.append(_best(one.subpattern))
        elif not _is_cut(one):
            run.append(one)
        else:
            least = min(one.min_count, LARGEST_REPEAT) if kind in REPEATS else 0
            end = [type(one)(one.subpattern, least, least)] if least and not _is_cut(one.subpattern) else []
            found += [_stretch([*run, *end]), _best(one)] if not end else [_stretch([*run, *end])]
            run = end
    return [*found, (_stretch(run)), (1.0, core_of.Sequence([]))]


def _stretch(items: list[Any]) -> Choice:
    from regex import _regex_core as core_of

    return prod(map(_likely, items)), core_of.Sequence(items)


def _is_cut(node: Any) -> bool:
    """Say whether a node holds a loop over letters or digits."""
    kind = type(node).__name__
    if kind in REPEATS:
        most = node.max_count
        loops = (most is None or most > LARGEST_REPEAT) and most != node.min_count
        return (loops and _is_wide(node.subpattern)) or (most != 0 and _is_cut(node.subpattern))
    return any(map(_is_cut, inner(node)))


def _is_wide(node: Any) -> bool:
    kind = type(node).__name__
    if kind in ITEMS:
        points = bits(node)
        return sum(bool(points >> ord(one) & 1) for one in "0123456789aeinorstz") > _WIDE
    return kind in {"Any", "AnyAll", "AnyU"} or any(map(_is_wide, inner(node)))


def _likely(node: Any) -> float:
    """Return how likely a node matches at some place of a text, roughly."""
    kind = type(node).__name__
    if kind in ITEMS and not node.zerowidth:
        return _share(bits(node))
    if kind == "Sequence":
        return prod(map(_likely, node.items))
    if kind == "Branch":
        return min(1.0, sum(map(_likely, node.branches)))
    if kind in {"Group", "Atomic"}:
        return _likely(node.subpattern)
    if kind in REPEATS:
        return float(_likely(node.subpattern) ** min(node.min_count, LARGEST_REPEAT))
    return {"Boundary": _EDGE, "StartOfString": _END, "EndOfString": _END}.get(kind, 1.0)


@cache
def _share(points: int) -> float:
    found = [chr(point) for point in range(128) if points >> point & 1]
    shares = (_SHARES.get(one, _LETTER if one.islower() else _CAPITAL if one.isupper() else _OTHER) for one in found)
    return min(1.0, sum(shares) + (_BEYOND_ASCII if points & BEYOND else 0.0))
