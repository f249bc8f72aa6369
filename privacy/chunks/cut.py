"""Cut a partition into chunks to be read by themselves: row groups of Parquet, ranges of whole records of text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from privacy.chunks.opening import BLOCK, Source, blocks
from privacy.chunks.parquet import row_groups
from privacy.scan.csv_text import LONGEST_RECORD
from privacy.scan.read_error import DatasetReadError

CUT = "1"  # part of a chunk's identity: raise it when other chunks come out
ROWS = 32_768
LARGEST = 32 << 20
SMALLEST = 64 << 10
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF8_MARK = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'(?<![^,\r\n])"[^"]*+(?:""[^"]*+)*+"?')


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: the bytes [start, end) of a text, the first of them on ``first_line``; or the row group ``start``.

    ``weight`` is what it costs, in bytes.
    """

    start: int
    end: int
    first_line: int
    weight: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The chunks of a partition; ``head`` is where the header of a CSV ends, 0 elsewhere."""

    head: int
    chunks: tuple[Chunk, ...]


def cut(one: Source, progress: Callable[[], None] = lambda: None) -> Cut:
    """Return the chunks of a partition; none when it holds a header only. Raises DatasetReadError."""
    if one.format == "parquet":
        sizes = row_groups(one)
        return Cut(0, tuple(Chunk(index, index + 1, 0, size) for index, size in enumerate(sizes)))
    text = _Text(one, progress)
    head = text.skip_header() if one.format == "csv" else 0
    return Cut(head, tuple(text.chunks()))


class _Text:
    """A text that is read once from its beginning, holding about one chunk of it."""

    def __init__(self, one: Source, progress: Callable[[], None]) -> None:
        self.one = one
        self.progress = progress
        self.blocks = blocks(one)
        self.held = b""
        self.ended = False
        self.start = 0
        self.line = 1
        self._hold(len(_UTF8_MARK))
        for mark, called in _MARKS.items():
            if self.held.startswith(mark):
                raise DatasetReadError(
                    "encoding", f"{one.name}: byte 0 begins a {called} mark; the text must be UTF-8."
                )
        if self.held.startswith(_UTF8_MARK):
            self._drop(len(_UTF8_MARK))

    def skip_header(self) -> int:
        end = self._end_of_record(1)
        if not self.held[:end].strip():
            raise DatasetReadError("empty_file", f"{self.one.name}: the file does not begin with a header.")
        self._drop(end)
        return self.start

    def chunks(self) -> Iterator[Chunk]:
        while self._hold(BLOCK):
            self.progress()
            lines = max(self.held.count(b"\n", 0, BLOCK), 1)
            wanted = min(max(ROWS * min(len(self.held), BLOCK) // lines, SMALLEST), LARGEST)
            end = self._end_of_record(wanted)
            if self.held[:end].strip():
                yield Chunk(self.start, self.start + end, self.line, end)
            self._drop(end)

    def _hold(self, size: int) -> int:
        """Read until so many bytes are held or the file ends; return how many are held."""
        found, length = [self.held], len(self.held)
        while length < size and not self.ended:
            block = next(self.blocks, b"")
            self.ended = not block
            found.append(block)
            length += len(block)
        if len(found) > 1:
            self.held = b"".join(found)
        return length

    def _drop(self, size: int) -> None:
        self.line += self.held.count(b"\n", 0, size)
        self.start += size
        self.held = self.held[size:]

    def _end_of_record(self, wanted: int) -> int:
        """Return where the first record ends that reaches so many bytes; raises when it is longer than the limit."""
        length = self._hold(wanted)
        while True:
            if self.ended and length <= wanted:
                return length
            end, begun = self._boundary(wanted)
            if end:
                return end
            if self.ended:
                return length
            if length - begun > LONGEST_RECORD:
                line = self.line + self.held.count(b"\n", 0, begun)
                raise DatasetReadError(
                    "record_too_long",
                    f"{self.one.name}: the record on line {line} is longer than the limit of {LONGEST_RECORD} bytes.",
                )
            length = self._hold(length + 8 * BLOCK)

    def _boundary(self, wanted: int) -> tuple[int, int]:
        """Return the first end of a record at or after so many bytes, or 0 and where the record began that goes on."""
        end = self.held.find(b"\n", wanted - 1)
        if self.one.format != "csv" or self.held.find(b'"', 0, end if end >= 0 else len(self.held)) < 0:
            return end + 1, self.held.rfind(b"\n") + 1
        for quoted in _QUOTED.finditer(self.held):
            if 0 <= end < quoted.start():
                break
            if quoted.end() == len(self.held) and not self.ended:  # open, or followed by another quote
                return 0, self.held.rfind(b"\n", 0, quoted.start()) + 1
            if end < quoted.end():
                end = self.held.find(b"\n", max(quoted.end(), wanted - 1))
        return end + 1, self.held.rfind(b"\n") + 1
