"""Many masks as one automaton, made once: which texts of a column one of them matches, and which of them match a text.

RE2 reads each character once, however many expressions there are, if it may keep the states that it met: Arrow's own
RE2 keeps 8 MB of them and makes them anew for every call, so that it has to be asked some expressions at a time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from privacy.scan.relaxed import SEPARATOR

MEMORY = 64 << 20  # bytes that an automaton may keep; beyond, RE2 begins anew, and is slow but right
KEPT = 4


class Automaton:
    """The expressions of some masks; expressions that RE2 does not take together let everything through."""

    def __init__(self, expressions: Sequence[str]) -> None:
        """Take expressions each of which RE2 takes."""
        import re2

        options = re2.Options()
        options.max_mem, options.never_capture, options.log_errors = MEMORY, True, False
        self.every = tuple(range(len(expressions)))
        self.ahead = 0
        self.single = re2.Set.SearchSet(options)
        try:
            self.whole = re2.compile("|".join(f"(?:{one})" for one in expressions), options)
            for one in expressions:
                self.single.Add(one)
            self.single.Compile()
            # What matches at least a character, and begins with a separator, is none of the text before.
            self.ahead = int(self.whole.fullmatch("") is None)
        except re2.error:
            self.whole = None

    def places(self, texts: "Joined") -> Sequence[int]:
        """Return the places, ascending, of all texts that one of the expressions matches, and perhaps some others."""
        if self.whole is None:
            return range(len(texts.starts) - 1)
        found: list[int] = []
        search, written, starts = self.whole.search, texts.written, texts.starts
        position, number = 0, len(starts) - 1
        while match := search(written[position:]):  # of what is left, so that the beginning of a text is one
            begin, end = position + match.start(), position + match.end()
            first, after = bisect_right(starts, begin + self.ahead) - 1, bisect_left(starts, max(begin + 1, end))
            found.extend(range(first, after))
            if after >= number:
                break
            position = starts[after]
        return found

    def matching(self, text: Any) -> Sequence[int]:
        """Return the places of the expressions that match a text, given as bytes."""
        if self.whole is None:
            return self.every
        found: Sequence[int] | None = self.single.Match(text)
        if found is None and self.whole.search(text):  # a set says nothing, too, where its memory was not enough
            return self.every
        return found or ()


@lru_cache(maxsize=KEPT)
def automaton(expressions: tuple[str, ...]) -> Automaton:
    """Return the automaton of some expressions; the last few are kept."""
    return Automaton(expressions)


class Joined:
    """The texts of a column in one row of bytes, SEPARATOR between them.

    ``starts`` says where each begins, and, last, where another one would.
    """

    def __init__(self, texts: Any) -> None:
        """Take an Arrow array of texts without NULLs, one at least."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = texts.cast(pa.large_string())
        whole = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
        joined = pc.binary_join(whole, pa.scalar(SEPARATOR, pa.large_string()))
        ends: Any = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
        self.starts = memoryview(ends - ends[0] + np.arange(len(texts) + 1))
        self.written = memoryview(joined.buffers()[2] or b"")[: self.starts[-1] - 1]

    def __getitem__(self, place: int) -> Any:
        """Return the bytes of one text."""
        return self.written[self.starts[place] : self.starts[place + 1] - 1]
