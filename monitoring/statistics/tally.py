"""Counts of categories over a stream, in bounded memory: the lightest are let go when there are too many to hold."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_HELD = 1 << 17
MOST_KEPT = 1024


@dataclass(slots=True)
class Tally:
    """Counts by category; ``let_go`` rows are of categories that were forgotten (and may have come again)."""

    most: int = MOST_HELD
    counts: dict[str, int] = field(default_factory=dict)
    let_go: int = 0
    forgotten: int = 0

    def add(self, counts: dict[str, int]) -> None:
        """Count more rows; beyond ``most`` categories only the heavier half is held on to."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > self.most:
            held = dict(self.heaviest(self.most // 2))
            self.forgotten += len(self.counts) - len(held)
            self.let_go += sum(self.counts.values()) - sum(held.values())
            self.counts = held

    def heaviest(self, most: int = MOST_KEPT) -> list[tuple[str, int]]:
        """Return the categories with the most rows, of equal ones those that come first in order."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:most]

    @property
    def rows(self) -> int:
        """The count of all rows."""
        return self.let_go + sum(self.counts.values())

    @property
    def distinct(self) -> int:
        """How many categories there are; at most, where some were forgotten."""
        return len(self.counts) + self.forgotten
