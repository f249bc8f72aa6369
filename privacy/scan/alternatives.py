"""One expression for a list of words, in which what they begin with in common is written, and tried, once."""

import re
from collections.abc import Iterable


def any_of(words: Iterable[str]) -> str:
    """Match one of the words, the longest first."""
    return _any(set(words))


def _any(words: set[str]) -> str:
    rest = {word for word in words if word}
    if not rest:
        return ""
    branches = [
        re.escape(first) + _any({word[1:] for word in rest if word[0] == first})
        for first in sorted({word[0] for word in rest})
    ]
    inner = "(?:" + "|".join(branches) + ")" if len(branches) > 1 or len(rest) < len(words) else branches[0]
    return f"{inner}?" if len(rest) < len(words) else inner
