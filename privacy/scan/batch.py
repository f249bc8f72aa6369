"""Findings in many texts at once: masks over the whole column first, recognisers only where their masks let them.

The findings are those that ``Engine.analyze`` gives for each text by itself.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.scan.characters import BEYOND
from privacy.scan.context import Tokens
from privacy.scan.finders import Finder, Part, Raw, without_duplicates
from privacy.scan.gates import Gates
from privacy.scan.hits import Analysis, Found, hits
from privacy.scan.needs import EVERY, present
from privacy.scan.pieces import PIECE
from privacy.scan.plan import Job

FEW = 200  # below this many texts, compiling the masks costs more than they spare
WORTH_SHAPES = 1000
STEP = 512

Report = Callable[[], None]


@dataclass(slots=True)
class Batch:
    """The findings of one batch, by the place of the text; a text that is not here holds none.

    ``characters`` are those that may stand in the texts, as a class of ``needs``.
    """

    analyses: dict[int, Analysis] = field(default_factory=dict)
    problem: str = ""
    characters: int = EVERY


def analyze_batch(
    engine: Any,
    texts: Any,
    context: Sequence[str] = (),
    threshold: float | None = None,
    *,
    characters: int | None = None,
    deadline: float = float("inf"),
    report: Report = lambda: None,
) -> Batch:
    """Return the findings in an Arrow array of texts without NULLs, best without repetitions.

    After ``deadline`` (of ``time.monotonic``) nothing more is looked at, and ``problem`` says so. ``report`` is called
    now and then, and may raise. ``characters`` are those that stand in the texts, where that is known.
    """
    known = present(texts) if characters is None else characters
    made = Batch(characters=known)
    single: list[int] = []
    if len(texts) <= FEW:
        single = list(range(len(texts)))
    else:
        long, plain, beyond = _kinds(texts, known)
        single = long.tolist()
        with engine.merger.forgetting():
            for places, those in ((plain, known & ~BEYOND), (beyond, known | BEYOND)):
                if len(places) > FEW:
                    some = texts if len(places) == len(texts) else texts.take(places)
                    scan = _Scan(engine, some, made, deadline, report)
                    scan.run(context, threshold, places, those)
                else:
                    single += places.tolist()
    _singly(engine, texts, sorted(single), context, threshold, made=made, deadline=deadline, report=report)
    return made


def _kinds(texts: Any, characters: int) -> tuple[Any, Any, Any]:
    """Return the places of the texts that are too long to look at together, of ASCII, and of the others, as numpy."""
    import numpy as np
    import pyarrow.compute as pc

    short = pc.less_equal(pc.binary_length(texts), PIECE).to_numpy(zero_copy_only=False)
    if not short.all():
        short = pc.less_equal(pc.utf8_length(texts), PIECE).to_numpy(zero_copy_only=False)
    if characters & BEYOND:
        plain = pc.string_is_ascii(texts).to_numpy(zero_copy_only=False)
    else:
        plain = np.ones(len(texts), bool)
    return np.flatnonzero(~short), np.flatnonzero(short & plain), np.flatnonzero(short & ~plain)


def _singly(
    engine: Any,
    texts: Any,
    places: Sequence[int],
    context: Sequence[str],
    threshold: float | None,
    *,
    made: Batch,
    deadline: float,
    report: Report,
) -> None:
    """Analyse some texts one by one."""
    for place in places:
        if time.monotonic() > deadline:
            _out_of_time(made)
            return
        report()
        analysis = engine.analyze(texts[place].as_py(), context, threshold)
        if analysis.hits or analysis.problem:
            made.analyses[place] = analysis


def _out_of_time(made: Batch) -> None:
    made.problem = "the time for this part of the column ran out before all values were looked at"


class _Scan:
    """One run over short texts of one kind: of ASCII, or not."""

    def __init__(self, engine: Any, texts: Any, made: Batch, deadline: float, report: Report) -> None:
        self.engine = engine
        self.texts = texts
        self.made = made
        self.deadline = deadline
        self.report = report
        self.words: dict[int, str] = {}
        self.found: dict[int, dict[int, Found]] = {}
        self.problems: dict[int, str] = {}
        self.tokens: dict[int, Tokens] = {}
        self.steps = 0

    def run(self, context: Sequence[str], threshold: float | None, places: Any, characters: int) -> None:
        """Fill the batch; ``places`` are those of the texts in it, ``characters`` all that may stand in them."""
        self.report()
        gates = Gates(self.texts, self.engine.plan(context, threshold), characters)
        for job in gates.jobs:
            if not self._run(job, gates):
                _out_of_time(self.made)
                break
        merge = self.engine.merger.merged
        for row in sorted(self.found.keys() | self.problems.keys()):
            found = self.found.get(row, {}).values()
            raws = merge(self.words[row], found, threshold, self.tokens.get(row)) if found else []
            if raws or row in self.problems:
                self.made.analyses[int(places[row])] = Analysis(hits(raws), self.problems.get(row, ""))

    def _run(self, job: Job, gates: Gates) -> bool:
        """Run the parts of a job, each where it has to look; return False when the time is over."""
        found: dict[int, list[Raw]] = {}
        in_time = all(self._look(job.finder, part, self._read(_rows(job, part, gates)), found) for part in job.parts)
        for row, raws in found.items():
            kept = raws if job.finder.reads_tokens else without_duplicates(raws)
            self.found.setdefault(row, {})[id(job.finder)] = Found(job.finder, kept, job.named)
        return in_time

    def _read(self, rows: Any) -> list[int]:
        """Read the texts of some rows, as far as they were not read before."""
        every: list[int] = rows.tolist()
        new = [row for row in every if row not in self.words]
        if new:
            self.words.update(zip(new, self.texts.take(new).to_pylist(), strict=True))
        return every

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


def _rows(job: Job, part: Part, gates: Gates) -> Any:
    """Return the rows in which one part of a job has to look."""
    rows = gates.through(part.mask)
    if job.context is not None:
        rows = gates.beside(rows, job.context)
    if job.finder.refuses is not None and len(rows) > WORTH_SHAPES:
        rows = rows[~job.finder.refuses(gates.texts.take(rows)).to_numpy(zero_copy_only=False)]
    return rows
