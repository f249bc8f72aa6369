"""Unpack gzip from where the last chunk of the same file ended: a worker unpacks a file once, however many its chunks.

What is kept between two chunks is the state of the decompressor and the last block; no file stays open for it.
"""

import threading
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

BLOCK = 1 << 20
RATIO = 200
UNCHECKED = 64 << 20  # so much may come out of however little
_GZIP = 31  # zlib's number for a gzip header and trailer, with the largest window


class RatioError(ValueError):
    """A stream that unpacks to far more than it holds; ``read`` is how many packed bytes were enough to see it."""

    def __init__(self, read: int) -> None:
        """Keep how far it was read."""
        super().__init__(f"the first {read} packed bytes unpack to more than {RATIO} times as many")
        self.read = read


class _Kept(threading.local):
    last: "tuple[Any, Stream] | None" = None


_kept = _Kept()


def unpacked(identity: Any, file: BinaryIO, start: int) -> Iterator[bytes]:
    """Yield the unpacked bytes from an offset on; ``identity`` is equal for two openings of the same unchanged file.

    Raises RatioError, EOFError for a stream that ends before its end, zlib.error for one that is damaged.
    """
    known, _kept.last = _kept.last, None
    stream = known[1] if start and known and known[0] == identity and known[1].may_begin(start) else Stream()
    try:
        yield from stream.blocks(file, start)
    except GeneratorExit:
        _kept.last = (identity, stream) if start else known
        raise
    if not start:
        _kept.last = known


class Stream:
    """A gzip stream of one or more members, read forwards."""

    def __init__(self) -> None:
        """Stand at the beginning."""
        self.read = self.at = 0  # packed bytes that were read, unpacked ones that were given
        self.pending = self.block = b""
        self.member: Any = None
        self.first = True

    def may_begin(self, start: int) -> bool:
        """Say whether the bytes from an offset on can still be given."""
        return start >= self.at - len(self.block)

    def blocks(self, file: BinaryIO, start: int) -> Iterator[bytes]:
        """Yield the bytes from an offset on, which ``may_begin``."""
        file.seek(self.read)
        if start < self.at:
            yield self.block[len(self.block) - (self.at - start) :]
        while block := self._next(file):
            if self.at > UNCHECKED and self.at > RATIO * (self.read - len(self.pending)):
                raise RatioError(self.read - len(self.pending))
            if self.at > start:
                yield block[max(0, len(block) - (self.at - start)) :]

    def _next(self, file: BinaryIO) -> bytes:
        """Return the next bytes, none at the end."""
        while True:
            if not self.pending:
                self.pending = file.read(BLOCK)
                self.read += len(self.pending)
                if not self.pending and self.member is None:
                    return b""
            ended = not self.pending
            if self.member is None:
                self.pending = self.pending if self.first else self.pending.lstrip(b"\0")  # members may be padded
                if not self.pending:
                    continue
                self.member, self.first = zlib.decompressobj(_GZIP), False
            found = self._fed(ended=ended)
            if found:
                self.at, self.block = self.at + len(found), found
                return found

    def _fed(self, *, ended: bool) -> bytes:
        found: bytes = self.member.decompress(self.pending, BLOCK)
        if self.member.eof:
            self.pending, self.member = self.member.unused_data, None
        else:
            self.pending = self.member.unconsumed_tail
            if ended and not found:
                raise EOFError
        return found
