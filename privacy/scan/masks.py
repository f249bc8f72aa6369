"""What spares a pattern most texts: expressions for RE2 that match wherever it does, and characters that it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from privacy.scan.characters import BEYOND, Rules, UnreadableError
from privacy.scan.cores import core
from privacy.scan.needs import NUMERALS, Needs, either, needs
from privacy.scan.relaxed import parsed, written


@dataclass(frozen=True, slots=True)
class Asked:
    """Two expressions that match every text in which something is found: a sharp one, and perhaps one of few states."""

    sharp: str
    core: str | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """What is asked of texts of ASCII alone, what of any, which characters are needed, how often the core is met."""

    plain: Asked
    full: Asked
    needs: Needs
    likely: float = 1.0

    @property
    def needs_digit(self) -> bool:
        """Say whether a digit, or something beyond ASCII, has to be there."""
        return any(not one & ~(NUMERALS | BEYOND) for one in self.needs)

    def can_match(self, present: int) -> bool:
        """Say whether texts of these characters may match."""
        return all(one & present for one in self.needs)

    def asked(self, present: int) -> Asked:
        """Return what is asked of texts of these characters."""
        return self.full if present & BEYOND else self.plain


def mask(expression: str, flags: int) -> Mask | None:
    """Return the mask of a pattern, or None where it cannot be read or RE2 does not take it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tree = parsed(expression, flags)
    try:
        stretch, likely = core(tree)
        made = Mask(_asked(tree, stretch, plain=True), _asked(tree, stretch, plain=False), needs(tree), likely)
        for one in (made.plain, made.full):
            pc.match_substring_regex(pa.array([""]), f"{one.sharp}|{one.core}")
    except (UnreadableError, pa.ArrowInvalid):
        return None
    return made


def _asked(tree: Any, stretch: Any, *, plain: bool) -> Asked:
    least = None if stretch is None else written(stretch, Rules(alike=True, plain=plain))
    return Asked(written(tree, Rules(plain=plain)), least)


def any_of(masks: Sequence[Mask | None]) -> Mask | None:
    """Return a mask for whatever one of them matches, or None where one is missing."""
    known = [one for one in masks if one is not None]
    if not known or len(known) < len(masks):
        return None
    plain, full = (
        "|".join(f"(?:{one.sharp})" for one in side) for side in zip(*((a.plain, a.full) for a in known), strict=True)
    )
    return Mask(Asked(plain), Asked(full), either(one.needs for one in known))
