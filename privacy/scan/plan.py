"""Who has to look where: for one column's context words and one threshold, the work that can change the result.

With a threshold, a pattern that cannot reach it without a context word is left out where there is none. That is exact:
such findings could only have pushed out others of no higher score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from privacy.scan.finders import Finder, Part

_LONGEST = 60_000  # an alternation beyond this outgrows the memory that RE2 gives its automaton


@dataclass(frozen=True, slots=True)
class Boost:
    """What a context word adds to a score, and the least that it makes of it."""

    factor: float
    least: float

    def raised(self, score: float) -> float:
        """Return a score after a context word was found."""
        return min(max(score + self.factor, self.least), 1.0)


@dataclass(frozen=True, slots=True)
class Job:
    """One finder with the parts that it runs, on the values that one of its masks and all its demands match.

    ``named`` says that the column's name is context enough; ``context`` is set for the work that is only done where a
    context word stands in the text.
    """

    finder: Finder
    parts: tuple[Part, ...]
    masks: tuple[str, ...] | None
    named: bool = False
    context: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs, and the expressions of which a value matches one if any job is to look at it; None asks for all."""

    jobs: tuple[Job, ...]
    any_of: tuple[str, ...] | None


def plan(finders: Sequence[Finder], context: Sequence[str], threshold: float | None, boost: Boost) -> Plan:
    """Return the jobs for a column whose name gives these context words."""
    jobs = [job for one in finders for job in _jobs(one, context, threshold, boost)]
    if any(job.masks is None for job in jobs):
        return Plan(tuple(jobs), None)
    asked = [mask for job in jobs for mask in ((job.context,) if job.context else job.masks or ())]
    return Plan(tuple(jobs), joined(asked))


def _jobs(finder: Finder, context: Sequence[str], threshold: float | None, boost: Boost) -> list[Job]:
    named = finder.words is not None and finder.words.occur_in(context)
    least = 0.0 if threshold is None else threshold
    raised = tuple(part for part in finder.parts if boost.raised(part.most) >= least)
    if named:
        return [_job(finder, raised, named=True)] if raised else []
    plain = tuple(part for part in finder.parts if part.most >= least)
    jobs = [_job(finder, plain)] if plain else []
    if len(plain) < len(finder.parts) and raised and finder.words is not None:
        jobs.append(_job(finder, finder.parts, context=finder.words.expression()))
    return jobs


def _job(finder: Finder, parts: tuple[Part, ...], *, named: bool = False, context: str = "") -> Job:
    masks = [part.mask for part in parts]
    known = None if None in masks else joined([mask for mask in masks if mask is not None])
    return Job(finder, parts, known, named, context)


def joined(masks: Sequence[str]) -> tuple[str, ...]:
    """Return few alternations that together match what the masks match."""
    groups: list[list[str]] = [[]]
    for mask in sorted(dict.fromkeys(masks), key=lambda one: (len(one), one)):
        if groups[-1] and sum(map(len, groups[-1])) + len(mask) > _LONGEST:
            groups.append([])
        groups[-1].append(mask)
    return tuple("|".join(f"(?:{one})" for one in group) for group in groups if group)


def matching(texts: Any, masks: Sequence[str]) -> Any:
    """Return an Arrow mask of the texts that match one of the expressions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pa.repeat(False, len(texts))
    for mask in masks:
        found = pc.or_(found, pc.match_substring_regex(texts, mask))
    return found
