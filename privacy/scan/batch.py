"""Findings in many texts at once: masks over the whole column first, recognisers only where their masks let them.

The findings are those that ``Engine.analyze`` gives for each text by itself.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.context import Tokens
from privacy.scan.finders import Finder, Part, Raw, without_duplicates
from privacy.scan.hits import Analysis, Found, hits
from privacy.scan.pieces import PIECE
from privacy.scan.plan import Job, Plan, matching

FEW = 200  # below this many texts, compiling the masks costs more than they spare
WORTH_SHAPES = 1000
STEP = 512

Report = Callable[[], None]


@dataclass(slots=True)
class Batch:
    """The findings of one batch, by the place of the text; a text that is not here holds none."""

    analyses: dict[int, Analysis] = field(default_factory=dict)
    problem: str = ""


def analyze_batch(
    engine: Any,
    texts: Any,
    context: Sequence[str] = (),
    threshold: float | None = None,
    *,
    deadline: float = float("inf"),
    report: Report = lambda: None,
) -> Batch:
    """Return the findings in an Arrow array of texts without NULLs, best without repetitions.

    After ``deadline`` (of ``time.monotonic``) nothing more is looked at, and ``problem`` says so. ``report`` is called
    now and then, and may raise.
    """
    import pyarrow.compute as pc

    scan = _Scan(engine, Batch(), deadline, report)
    few = len(texts) <= FEW
    long = pc.greater(pc.utf8_length(texts), PIECE)
    if not few:
        with engine.merger.forgetting():
            scan.run(texts, pc.invert(long), context, threshold)
    scan.singly(texts, range(len(texts)) if few else pc.indices_nonzero(long).to_pylist(), context, threshold)
    return scan.made


def _out_of_time(made: Batch) -> Batch:
    made.problem = "the time for this part of the column ran out before all values were looked at"
    return made


class _Scan:
    """One run over the short texts of a batch."""

    def __init__(self, engine: Any, made: Batch, deadline: float, report: Report) -> None:
        self.engine = engine
        self.made = made
        self.deadline = deadline
        self.report = report
        self.words: list[str] = []
        self.found: dict[int, dict[str, Found]] = {}
        self.problems: dict[int, str] = {}
        self.tokens: dict[int, Tokens] = {}
        self.steps = 0

    def run(self, texts: Any, short: Any, context: Sequence[str], threshold: float | None) -> None:
        """Fill the batch."""
        jobs = self.engine.plan(context, threshold)
        places = _places(texts, short, jobs)
        if len(places) <= FEW:
            self.singly(texts, places.to_pylist(), context, threshold)
            return
        active = texts.take(places) if len(places) < len(texts) else texts
        self.words = active.to_pylist()
        for job in jobs.jobs:
            if not self._run(job, active):
                _out_of_time(self.made)
                break
        merge = self.engine.merger.merged
        for row in sorted(self.found.keys() | self.problems.keys()):
            found = self.found.get(row, {}).values()
            raws = merge(self.words[row], found, threshold, self.tokens.get(row)) if found else []
            if raws or row in self.problems:
                self.made.analyses[places[row].as_py()] = Analysis(hits(raws), self.problems.get(row, ""))

    def singly(self, texts: Any, places: Sequence[int], context: Sequence[str], threshold: float | None) -> None:
        """Analyse some texts one by one."""
        for place in places:
            if time.monotonic() > self.deadline:
                _out_of_time(self.made)
                return
            self.report()
            analysis = self.engine.analyze(texts[place].as_py(), context, threshold)
            if analysis.hits or analysis.problem:
                self.made.analyses[place] = analysis

    def _run(self, job: Job, active: Any) -> bool:
        """Run the parts of a job, each where it has to look; return False when the time is over."""
        found: dict[int, list[Raw]] = {}
        rows = _asked(job, active)
        in_time = all(self._look(job.finder, part, _rows(part, job, active, rows), found) for part in job.parts)
        for row, raws in found.items():
            kept = raws if job.finder.reads_tokens else without_duplicates(raws)
            self.found.setdefault(row, {})[job.finder.name] = Found(job.finder, kept, job.named)
        return in_time

    def _look(self, finder: Finder, part: Part, rows: list[int], found: dict[int, list[Raw]]) -> bool:
        search, words, seconds = part.search, self.words, self.engine.cell_seconds
        for row in rows:
            if self.steps % STEP == 0:
                self.report()
                if time.monotonic() > self.deadline:
                    return False
            self.steps += 1
            try:
                raws = search(words[row], seconds, self._artifacts(row) if finder.reads_tokens else None)
            except TimeoutError:
                self.problems[row] = f"a pattern ran out of time on a cell of {len(words[row])} characters"
                continue
            if raws:
                found.setdefault(row, []).extend(raws)
        return True

    def _artifacts(self, row: int) -> Any:
        if row not in self.tokens:
            self.tokens[row] = self.engine.merger.tokens(self.words[row])
        return self.tokens[row].artifacts


def _places(texts: Any, short: Any, jobs: Plan) -> Any:
    """Return where the texts stand that some job has to look at."""
    import pyarrow.compute as pc

    return pc.indices_nonzero(short if jobs.any_of is None else pc.and_(short, matching(texts, jobs.any_of)))


def _asked(job: Job, active: Any) -> Any:
    """Return a mask of the rows in which a job is to look at all, or None for every row."""
    import pyarrow.compute as pc

    rows = pc.match_substring_regex(active, job.context) if job.context else None
    if job.finder.refuses is None:
        return rows
    (part,) = job.parts
    holding = pc.match_substring_regex(active, part.mask)
    rows = holding if rows is None else pc.and_(rows, holding)
    if (pc.sum(rows).as_py() or 0) > WORTH_SHAPES:
        return pc.replace_with_mask(rows, rows, pc.invert(job.finder.refuses(active.filter(rows))))
    return rows


def _rows(part: Part, job: Job, active: Any, asked: Any) -> list[int]:
    """Return the rows in which one part has to look."""
    import pyarrow.compute as pc

    if asked is not None and not pc.any(asked).as_py():
        return []
    if part.mask is None or job.finder.refuses is not None:
        return list(range(len(active))) if asked is None else list(pc.indices_nonzero(asked).to_pylist())
    rows = pc.match_substring_regex(active, part.mask)
    return list(pc.indices_nonzero(rows if asked is None else pc.and_(rows, asked)).to_pylist())
