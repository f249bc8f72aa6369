"""A long text in pieces that overlap, so that no cell costs more than its length."""

from collections.abc import Iterator

PIECE = 20_000
OVERLAP = 1000


def pieces(text: str, size: int = PIECE, overlap: int = OVERLAP) -> Iterator[tuple[int, str]]:
    """Yield (offset, piece); neighbours share ``overlap`` characters, and a short text is its own single piece."""
    start = 0
    while True:
        yield start, text[start : start + size]
        if start + size >= len(text):
            return
        start += size - overlap
