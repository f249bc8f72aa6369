"""Findings in many texts at once: masks over the whole column first, recognisers only where their masks let them.

The findings are those that ``Engine.analyze`` gives for each text by itself.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.context import Tokens
from privacy.scan.hits import Analysis, Found, hits
from privacy.scan.pieces import PIECE
from privacy.scan.plan import Job, Plan, matching

FEW = 24  # below this many texts, compiling the masks costs more than they spare
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

    made = Batch()
    long = pc.greater(pc.utf8_length(texts), PIECE)
    single = pc.indices_nonzero(long).to_pylist() if len(texts) > FEW else range(len(texts))
    if len(texts) > FEW:
        with engine.merger.forgetting():
            _Scan(engine, made, deadline, report).run(texts, pc.invert(long), context, threshold)
    for index in single:
        if time.monotonic() > deadline:
            return _out_of_time(made)
        report()
        analysis = engine.analyze(texts[index].as_py(), context, threshold)
        if analysis.hits or analysis.problem:
            made.analyses[index] = analysis
    return made


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
        active = texts.take(places) if len(places) < len(texts) else texts
        self.words = active.to_pylist()
        for job in jobs.jobs:
            if not self._look(job, _rows(job, active)):
                _out_of_time(self.made)
                break
        merge = self.engine.merger.merged
        for row in sorted(self.found.keys() | self.problems.keys()):
            found = self.found.get(row, {}).values()
            raws = merge(self.words[row], found, threshold, self.tokens.get(row)) if found else []
            if raws or row in self.problems:
                self.made.analyses[places[row].as_py()] = Analysis(hits(raws), self.problems.get(row, ""))

    def _look(self, job: Job, rows: list[int]) -> bool:
        """Run one finder where it has to look; return False when the time is over."""
        finder, words, seconds = job.finder, self.words, self.engine.cell_seconds
        for row in rows:
            if self.steps % STEP == 0:
                self.report()
                if time.monotonic() > self.deadline:
                    return False
            self.steps += 1
            try:
                raws = finder.find(words[row], seconds, self._artifacts(finder, row), job.parts)
            except TimeoutError:
                self.problems[row] = f"a pattern ran out of time on a cell of {len(words[row])} characters"
                continue
            if raws:
                self.found.setdefault(row, {})[finder.name] = Found(finder, raws, job.named)
        return True

    def _artifacts(self, finder: Any, row: int) -> Any:
        if not finder.reads_tokens:
            return None
        if row not in self.tokens:
            self.tokens[row] = self.engine.merger.tokens(self.words[row])
        return self.tokens[row].artifacts


def _places(texts: Any, short: Any, jobs: Plan) -> Any:
    """Return where the texts stand that some job has to look at."""
    import pyarrow.compute as pc

    return pc.indices_nonzero(short if jobs.any_of is None else pc.and_(short, matching(texts, jobs.any_of)))


def _rows(job: Job, active: Any) -> list[int]:
    """Return the rows in which a finder has to look."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = pa.repeat(True, len(active))
    if job.context:
        rows = pc.match_substring_regex(active, job.context)
    if job.masks is not None and pc.any(rows).as_py():
        rows = pc.and_(rows, matching(active, job.masks))
    if job.finder.refuses is not None and pc.any(rows).as_py():
        refused = job.finder.refuses(active.filter(rows))
        rows = pc.replace_with_mask(rows, rows, pc.invert(refused))
    return list(pc.indices_nonzero(rows).to_pylist())
