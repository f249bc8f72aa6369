"""Findings in one text as spans that do not overlap, and the text with each of them replaced; places in code points."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from privacy.scan.hits import Hit

Treat = Callable[[str, str], str]


class Span(NamedTuple):
    """A stretch of a text and of what it is."""

    start: int
    end: int
    entity: str


class Redacted(NamedTuple):
    """A text in which findings were replaced: what stayed and what was put in by turns, and of which entities."""

    text: str
    parts: Sequence[str] = ()
    entities: Sequence[str] = ()

    @property
    def put_in(self) -> tuple[Span, ...]:
        """Where what was put in stands, in the text as it is now."""
        made, at = [], 0
        for index, entity in enumerate(self.entities):
            start = at + len(self.parts[2 * index])
            at = start + len(self.parts[2 * index + 1])
            made.append(Span(start, at, entity))
        return tuple(made)


def resolved(hits: Iterable[Hit]) -> list[Span]:
    """Return one span for each run of findings that overlap: all that any of them covers.

    It is named after the one that a checksum confirmed, else the one with the highest score, the longest, the first;
    the order in which they come does not matter.
    """
    made: list[Span] = []
    run: list[Hit] = []
    end = -1
    for hit in sorted(hits):
        if hit.start < end:
            run.append(hit)
            end = max(end, hit.end)
            made[-1] = Span(run[0].start, end, min(run, key=_weight).entity)
        else:
            run, end = [hit], hit.end
            made.append(Span(hit.start, end, hit.entity))
    return made


def _weight(hit: Hit) -> tuple[bool, float, int, int, str]:
    return (not hit.validated, -hit.score, hit.start - hit.end, hit.start, hit.entity)


def treated(text: str, hits: Sequence[Hit], treat: Treat) -> Redacted:
    """Return a text with ``treat(entity, words)`` in the place of its findings: ``resolved`` and ``replaced`` in one.

    Findings that come in order and do not overlap need one walk; all others take the long way.
    """
    parts: list[str] = []
    entities: list[str] = []
    at = 0
    for start, end, entity, _score, _validated in hits:
        if start < at:
            return replaced(Redacted(text), resolved(hits), treat)
        parts += (text[at:start], treat(entity, text[start:end]))
        entities.append(entity)
        at = end
    parts.append(text[at:])
    return Redacted("".join(parts), parts, entities)


def replaced(before: Redacted, spans: Sequence[Span], treat: Treat) -> Redacted:
    """Return the text with ``treat(entity, words)`` in the place of each span, in order; all else is as it was."""
    text, old = before.text, set(before.put_in)
    if old:
        old = {one for one in old if not any(span.start < one.end and one.start < span.end for span in spans)}
        spans = sorted([*spans, *old])
    parts: list[str] = []
    at = 0
    for span in spans:
        start, end, entity = span
        words = text[start:end]
        parts += (text[at:start], words if span in old else treat(entity, words))
        at = end
    parts.append(text[at:])
    return Redacted("".join(parts), parts, [span.entity for span in spans])
