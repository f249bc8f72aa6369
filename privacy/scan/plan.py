"""Who has to look where: for one column's context words and one threshold, the work that can change the result.

With a threshold, a pattern that cannot reach it without a context word is left out where there is none. That is exact:
such findings could only have pushed out others of no higher score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from privacy.scan.finders import Finder, Part
from privacy.scan.masks import Mask


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
    """One finder with the parts that it runs, each on the values that its mask lets through.

    ``named`` says that the column's name is context enough; ``context`` is set for the work that is only done where a
    context word stands in the text.
    """

    finder: Finder
    parts: tuple[Part, ...]
    named: bool = False
    context: Mask | None = None


def plan(finders: Sequence[Finder], context: Sequence[str], threshold: float | None, boost: Boost) -> tuple[Job, ...]:
    """Return the jobs for a column whose name gives these context words."""
    return tuple(job for one in finders for job in _jobs(one, context, threshold, boost))


def _jobs(finder: Finder, context: Sequence[str], threshold: float | None, boost: Boost) -> list[Job]:
    named = finder.words is not None and finder.words.occur_in(context)
    least = 0.0 if threshold is None else threshold
    raised = tuple(part for part in finder.parts if boost.raised(part.most) >= least)
    if named:
        return [Job(finder, raised, named=True)] if raised else []
    plain = tuple(part for part in finder.parts if part.most >= least)
    jobs = [Job(finder, plain)] if plain else []
    if len(plain) < len(finder.parts) and raised and finder.words is not None:
        jobs.append(Job(finder, finder.parts, context=finder.words.mask))
    return jobs


def worth(jobs: Sequence[Job], present: int) -> tuple[Job, ...]:
    """Return the jobs, with those of their parts, that can find something among these characters."""
    kept = []
    for job in jobs:
        parts = tuple(part for part in job.parts if part.mask is None or part.mask.can_match(present))
        if parts and (job.context is None or job.context.can_match(present)):
            kept.append(replace(job, parts=parts))
    return tuple(kept)
