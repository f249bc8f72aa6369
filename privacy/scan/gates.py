"""Which texts a mask lets through.

What needs a digit is only asked of texts with one, many masks at once in a few alternations, each only where those
match. All other masks are one automaton.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from privacy.scan.automata import Joined, automaton
from privacy.scan.characters import BEYOND
from privacy.scan.masks import Asked, Mask
from privacy.scan.plan import Job, worth

LONGEST = 20_000  # longer alternations take more states than they spare passes
OFTEN = 0.01  # what is met as often by chance, or more, would let through texts that the others do not
FEW = 24  # an expression is not worth compiling for so few texts
_DIGIT = {False: "[0-9]", True: r"[0-9\x{80}-\x{10FFFF}]"}


class Gates:
    """The texts of a column by what may be found in them; places are numpy arrays, ascending."""

    def __init__(self, texts: Any, jobs: Sequence[Job], present: int) -> None:
        """Take an Arrow array of texts, what is to look at them, and the characters that stand in them.

        ``jobs`` are those of them that can find something among these characters.
        """
        import numpy as np

        self.texts = texts
        self.present = present
        self.jobs = worth(jobs, present)
        self.every = np.arange(len(texts))
        self.groups: dict[int, _Group] = {}
        self.let: dict[int, Any] = {}
        masks = {id(one): one for one in _masks(self.jobs) if one is not None}
        with_digit = [one for one in masks.values() if one.needs_digit]
        if len(with_digit) < len(masks):
            self._run(_masks(jobs), masks)
        if with_digit:
            self._ask(with_digit, self._matching(self.every, _DIGIT[bool(present & BEYOND)]))

    def through(self, mask: Mask | None) -> Any:
        """Return the places of the texts that a mask lets through."""
        if mask is None:
            return self.every
        if id(mask) not in self.let:
            group, asked = self.groups[id(mask)], mask.asked(self.present)
            known = group.expression == asked.sharp or len(group.places) <= FEW
            self.let[id(mask)] = group.places if known else self._matching(group.places, asked.sharp, group.texts)
        return self.let[id(mask)]

    def beside(self, places: Any, context: Mask) -> Any:
        """Return those of some places where a context word stands in the text."""
        return self._matching(places, context.full.sharp)

    def _run(self, planned: Iterable[Mask | None], masks: Mapping[int, Mask]) -> None:
        """Run the automaton of all that is planned, whatever the characters: so it is the same for many columns."""
        import numpy as np

        numbers: dict[str, list[int]] = {}
        for one in planned:
            if one is not None and not one.needs_digit:
                numbers.setdefault(one.asked(self.present).sharp, []).append(id(one))
        let: list[list[int]] = [[] for _ in numbers]
        for place, matching in automaton(tuple(numbers)).found(Joined(self.texts)):
            for number in matching:
                let[number].append(place)
        for places, those in zip(let, numbers.values(), strict=True):
            self.let.update((one, np.array(places, np.int64)) for one in those if one in masks)

    def _ask(self, masks: Iterable[Mask], places: Any) -> None:
        """Ask the masks in groups, of the texts at some places."""
        asked = [(one, one.asked(self.present)) for one in masks]
        texts = self._at(places)
        for has_core in (True, False):
            for group in _grouped([one for one in asked if bool(one[1].core) is has_core]):
                expression = "|".join(f"(?:{one})" for one in group) if len(group) > 1 else next(iter(group))
                made = _Group(self._matching(places, expression, texts), expression, self)
                for mask in (mask for masks in group.values() for mask in masks):
                    self.groups[id(mask)] = made

    def _matching(self, places: Any, expression: str, texts: Any = None) -> Any:
        import pyarrow.compute as pc

        if not len(places):
            return places
        some = self._at(places) if texts is None else texts
        found = pc.indices_nonzero(pc.match_substring_regex(some, expression)).to_numpy()
        return places if len(found) == len(places) else places[found]

    def _at(self, places: Any) -> Any:
        return self.texts if len(places) == len(self.texts) else self.texts.take(places)


class _Group:
    """What an alternation let through."""

    def __init__(self, places: Any, expression: str, gates: Gates) -> None:
        self.places = places
        self.expression = expression
        self.texts = gates._at(places)  # noqa: SLF001 - of the same module


def _masks(jobs: Sequence[Job]) -> Iterator[Mask | None]:
    """Give what has to be asked; context words are looked for where something may stand beside them."""
    return (part.mask for job in jobs for part in job.parts)


def _grouped(asked: Iterable[tuple[Mask, Asked]]) -> Iterator[dict[str, list[Mask]]]:
    """Give the masks by their expressions, so many at a time that an alternation of them is not too long.

    What is met often stands alone, or else together, so that few are asked again.
    """
    by_expression: dict[str, list[Mask]] = {}
    for mask, one in sorted(asked, key=lambda two: -two[0].likely):
        by_expression.setdefault(one.core or one.sharp, []).append(mask)
    group: dict[str, list[Mask]] = {}
    often = False
    for expression, masks in by_expression.items():
        if group and (often or sum(map(len, group)) + len(expression) > LONGEST):
            yield group
            group = {}
        group[expression] = masks
        often = any(one.likely > OFTEN for one in masks)
    if group:
        yield group
