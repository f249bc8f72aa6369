"""Many masks as one automaton, made once: which of them match which texts of a column.

RE2 reads each character once, however many expressions there are, if it may keep the states that it met: Arrow's own
RE2 keeps 8 MB of them and makes them anew for every call, so that it has to be asked some expressions at a time. A
set of RE2 goes through many texts in one row, and only where something matches through fewer of them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from privacy.scan.relaxed import SEPARATOR

MEMORY = 64 << 20  # bytes that an automaton may keep; beyond, RE2 begins anew, and finds the same
KEPT = 4
BLOCK = 2000  # bytes of texts that are asked at once
PARTS = 4
_END = r"\z"


class Automaton:
    """The expressions of some masks; expressions that RE2 does not take together let everything through."""

    def __init__(self, expressions: Sequence[str]) -> None:
        """Take expressions each of which RE2 takes."""
        import re2

        options = re2.Options()
        options.max_mem, options.never_capture, options.log_errors = MEMORY, True, False
        self.every = list(range(len(expressions)))
        self.end = len(expressions)
        self.made = re2.Set.SearchSet(options)
        try:
            for one in (*expressions, _END):
                self.made.Add(one)
            self.made.Compile()
        except re2.error:
            self.made = None

    def matching(self, text: Any) -> Sequence[int]:
        """Return the places of the expressions that match a text, given as bytes.

        One more than they are matches every text: a set that does not say so ran out of memory.
        """
        found = self.made.Match(text) if self.made is not None else None
        if not found or self.end not in found:
            return self.every
        return sorted(found)[:-1]

    def found(self, texts: "Joined") -> Iterator[tuple[int, Sequence[int]]]:
        """Give the place, ascending, of each text that expressions match, and the places of these expressions."""
        for first, after in texts.blocks(BLOCK):
            yield from self._found(texts, first, after)

    def _found(self, texts: "Joined", first: int, after: int) -> Iterator[tuple[int, Sequence[int]]]:
        numbers = self.matching(texts.some(first, after))
        if numbers and after - first == 1:
            yield first, numbers
        elif numbers:
            step = -(-(after - first) // PARTS)
            for begin in range(first, after, step):
                yield from self._found(texts, begin, min(begin + step, after))


@lru_cache(maxsize=KEPT)
def automaton(expressions: tuple[str, ...]) -> Automaton:
    """Return the automaton of some expressions; the last few are kept."""
    return Automaton(expressions)


class Joined:
    """The texts of a column in one row of bytes, SEPARATOR between them."""

    def __init__(self, texts: Any) -> None:
        """Take an Arrow array of texts without NULLs, one at least."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = texts.cast(pa.large_string())
        whole = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
        joined = pc.binary_join(whole, pa.scalar(SEPARATOR, pa.large_string()))
        ends: Any = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
        self.begin: Any = ends - ends[0] + np.arange(len(texts) + 1)  # of each text, and where another one would
        self.starts = memoryview(self.begin)
        self.written = memoryview(joined.buffers()[2] or b"")

    def some(self, first: int, after: int) -> Any:
        """Return the bytes of the texts from one place to before another."""
        return self.written[self.starts[first] : self.starts[after] - 1]

    def blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Give the first place, and the one behind the last, of texts of about so many bytes together."""
        import numpy as np

        count = len(self.begin) - 1
        inner = np.searchsorted(self.begin, np.arange(size, self.begin[-1], size))
        return pairwise(np.unique([0, *inner[inner < count], count]).tolist())
