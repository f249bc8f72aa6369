"""What a rule refuses is not even looked for: masks that leave out the words of a list where one is all of a match.

A sentence that begins with "It was" would let its text through, only for "It" to be refused as a name. RE2 cannot ask
for what is not there, but a run of letters that is no word of a list leaves the tree of its words somewhere, or ends
before a word does, and these runs can be written out.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from string import ascii_letters, ascii_uppercase

from privacy.scan.characters import class_of
from privacy.scan.masks import Asked, Mask, mask

MARK, _WRITTEN = "[\x01\x02]", r"[\x{1}-\x{2}]"
_LETTER = "[A-Za-z]"
_MORE = rf"(?:[\-'](?:{_LETTER}){{2,}})"
_OTHERS = rf"[A-Z]'[A-Z]{_LETTER}*{_MORE}{{0,3}}|[A-Z]{_LETTER}*{_MORE}{{1,3}}"


def refined(made: Mask, expression: str, flags: int, word: str, refused: frozenset[str]) -> Mask:
    """Return the mask of a pattern less the texts in which each of its matches is one of some words and nothing else.

    ``word`` is the part of the expression that a match consists of: a capital, letters, and perhaps more of them
    behind hyphens and apostrophes, to the end of a word. ``refused`` are words of ASCII with a capital in front. Only
    what is asked of texts of ASCII changes; where the word does not stand once in the expression, nothing does.
    """
    marked = mask(expression.replace(word, MARK), flags) if expression.count(word) == 1 else None
    if marked is None or marked.plain.sharp.count(_WRITTEN) != 1:
        return made
    return replace(made, plain=Asked(marked.plain.sharp.replace(_WRITTEN, unlisted(refused)), made.plain.core))


@lru_cache(maxsize=2)
def unlisted(words: frozenset[str]) -> str:
    """Match, for RE2, a word with a capital in front that is none of some words, if no letter follows."""
    return f"(?:{_astray(words, ascii_uppercase)}{_LETTER}*|{_begun(words)}|{_OTHERS})"


def _astray(rests: Collection[str], letters: str) -> str:
    """Match until the first letter with which no word goes on."""
    branches = [first + _astray(after, ascii_letters) for first, after in _tree(rests).items()]
    other = set(letters) - {rest[0] for rest in rests if rest}
    if other:
        branches.append(class_of(map(ord, other)))
    return f"(?:{'|'.join(branches)})"


def _begun(rests: Collection[str]) -> str:
    """Match what a word begins with and is none itself, if only nothing."""
    branches = []
    for first, after in _tree(rests).items():
        more = _begun(after)
        if more or "" not in after:
            branches.append(f"{first}{more}" if "" in after else f"{first}{more}?" if more else first)
    return f"(?:{'|'.join(branches)})" if branches else ""


def _tree(rests: Collection[str]) -> dict[str, set[str]]:
    tree: dict[str, set[str]] = {}
    for rest in sorted(filter(None, rests)):
        tree.setdefault(rest[0], set()).add(rest[1:])
    return tree
