"""How many different values there were, in little memory, whatever the order and the parts they came in.

Exact up to a limit. Beyond it only the smallest keyed hashes are kept and the number is estimated from the largest of
them: "bottom-k", Bar-Yossef et al., Counting Distinct Elements in a Data Stream (2002); the error is about 1 / √k.
"""

from collections.abc import Iterable
from hashlib import blake2b

LIMIT = 16_384
_SPACE = 1 << 64
_LONGEST_KEY = 64


class Distinct:
    """A set of values of which only hashes are kept; ``add`` and ``merge`` in any order give the same count."""

    __slots__ = ("hashes", "limit")

    def __init__(self, hashes: Iterable[int] = (), limit: int = LIMIT) -> None:
        """Begin with hashes of ``hashed``."""
        self.limit = limit
        self.hashes = set(hashes)

    def add(self, value: int) -> None:
        """Count one hash."""
        self.hashes.add(value)
        if len(self.hashes) > 2 * self.limit:
            self.hashes = self._smallest()

    def merge(self, other: "Distinct") -> None:
        """Count what another part counted."""
        self.hashes |= other.hashes
        if len(self.hashes) > 2 * self.limit:
            self.hashes = self._smallest()

    def _smallest(self) -> set[int]:
        return set(sorted(self.hashes)[: self.limit + 1])

    def __eq__(self, other: object) -> bool:
        """Say whether both counted the same values."""
        return isinstance(other, Distinct) and self._smallest() == other._smallest()

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """Return how many there were, estimated beyond the limit."""
        if len(self.hashes) <= self.limit:
            return len(self.hashes)
        return round(self.limit * _SPACE / max(self._smallest()))


def hashed(value: str, key: bytes) -> int:
    """Return the keyed hash of a value: 64 bits of BLAKE2b."""
    digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8, key=key[:_LONGEST_KEY]).digest()
    return int.from_bytes(digest, "big")
