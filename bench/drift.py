"""Drift beside Evidently and SciPy: ``bench/drift.py [--rows N] [--only NAME] [--json]``, of fifty numeric columns.

Ours is what a batch costs: sketching the rows judged now and the whole check against the kept sketch of the baseline,
with five distances per column, intervals and tests. ``evidently`` is Evidently's default report of drift in an
environment of its own, one distance per column; ``scipy`` is SciPy's ks_2samp alone. Both peers keep nothing of the
baseline and take its rows each time; the notes say what ours takes with the baseline's sketch made anew. All are CPU
time of one process, the rows in memory. The Kolmogorov-Smirnov distance must be within 0.001 of SciPy's, the
Wasserstein distance within 1 % of Evidently's, in deviations. Evidently takes minutes: by default it runs once.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import pyarrow as pa
from measuring import RUNS, Row, cpu, peer_python, row, show

from monitoring.checks.drift import check
from monitoring.statistics.sketch import sketch_table
from registry.checks import Context

ROWS, COLUMNS = 1_000_000, 50
PEER = Path(__file__).resolve().parent / "peers" / "evidently_drift.py"
NAMES = ("evidently", "scipy")
KS_WITHIN, WASSERSTEIN_WITHIN = 1e-3, 0.01
SHIFTS = (0.0, 0.02, 0.1)
ZEROS = 0.6
Distances = dict[str, dict[str, float]]


def table(rows: int, seed: int, *, moved: bool) -> pa.Table:
    """Return columns that are normal, skewed, whole numbers, mostly zero or of long tails; some of them moved."""
    rng = np.random.default_rng(seed)
    kinds = (
        lambda shift: rng.normal(shift, size=rows),
        lambda shift: rng.lognormal(shift, size=rows),
        lambda shift: rng.poisson(40 * (1 + shift), rows).astype(np.float64),
        lambda shift: np.where(rng.random(rows) < ZEROS, 0.0, rng.exponential(1 + shift, rows)),
        lambda shift: rng.standard_t(4, rows) + shift,
    )
    shift = [SHIFTS[place % len(SHIFTS)] if moved else 0.0 for place in range(COLUMNS)]
    return pa.table({f"c{place:02}": kinds[place % len(kinds)](shift[place]) for place in range(COLUMNS)})


class Given:
    """The inputs of the check: two documents."""

    def __init__(self, baseline: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        self.documents = {"baseline": baseline, "current": current}

    def has(self, name: str) -> bool:
        """Say whether it is there."""
        return name in self.documents

    def table(self, name: str) -> Any:
        """There are none."""
        raise KeyError(name)

    def document(self, name: str) -> Any:
        """Return a sketch."""
        return self.documents[name]

    def digests(self) -> Mapping[str, str]:
        """Nothing is kept."""
        return {}


def sketched(rows: pa.Table) -> dict[str, Any]:
    """Return the sketch of all columns."""
    return sketch_table(rows, dict.fromkeys(rows.column_names, "numeric"))


def ours(baseline: Mapping[str, Any], current: pa.Table) -> Distances:
    """Sketch the current rows, measure, and return each distance by column."""
    outcome = check.measure(Given(baseline, sketched(current)), Context(seed=1, parameters={}))
    found: Distances = {name: {} for name in ("psi", "ks", "js", "chi2", "wasserstein")}
    for item in outcome.measurements:
        metric = item.metric.removeprefix("drift.")
        if metric in found and item.group and item.value is not None:
            found[metric][item.group.removeprefix("feature=")] = float(item.value)
    return found


def close(one: Mapping[str, float], other: Mapping[str, float], *, within: float, share: float = 0.0) -> bool:
    """Say whether both have the same columns, and each number so close (``share`` of the other's besides)."""
    return one.keys() == other.keys() and all(
        abs(one[name] - other[name]) <= within + share * abs(other[name]) for name in one
    )


def measured(baseline: Mapping[str, Any], current: pa.Table) -> tuple[float, Distances]:
    """Return the seconds of CPU time that ours takes, and its distances."""
    found: list[Distances] = []
    seconds, _ = cpu(lambda: found.append(ours(baseline, current)))
    return seconds, found[0]


def tested(before: pa.Table, after: pa.Table) -> tuple[float, dict[str, float]]:
    """Return the seconds of CPU time that SciPy takes, and its distances."""
    from scipy.stats import ks_2samp

    columns = [(name, before[name].to_numpy(), after[name].to_numpy()) for name in before.column_names]
    found: dict[str, float] = {}
    seconds, _ = cpu(lambda: found.update((name, float(ks_2samp(*pair).statistic)) for name, *pair in columns))
    return seconds, found


def scipy(rows: int, runs: int) -> tuple[list[Row], list[str]]:
    """Compare with SciPy's test of every column."""
    mine, peers, equal, furthest, anew = [], [], True, 0.0, []
    for run in range(runs):
        before, after = table(rows, 2 * run, moved=False), table(rows, 2 * run + 1, moved=True)
        baseline = sketched(before)
        spent, found = measured(baseline, after)
        slow, exact = tested(before, after)
        anew.append(spent + making(before))
        mine.append(rows / spent)
        peers.append(rows / slow)
        furthest = max([furthest, *(abs(found["ks"][name] - exact[name]) for name in exact)])
        equal = equal and close(found["ks"], exact, within=KS_WITHIN)
    both = f"scipy: with the baseline sketched anew {statistics.median(anew):.2f} s; KS off by at most {furthest:.1e}"
    return [row("scipy", mine, peers, unit="rows/s", same=equal, peer_name="scipy ks_2samp")], [both]


def making(before: pa.Table) -> float:
    """Return the seconds of CPU time that a baseline takes."""
    return cpu(lambda: sketched(before))[0]


def evidently(rows: int, runs: int, peer_runs: int) -> tuple[list[Row], list[str]]:
    """Compare with Evidently's default report, whose distance for so many numbers is Wasserstein's."""
    before, after = table(rows, 0, moved=False), table(rows, 1, moved=True)
    baseline = sketched(before)
    timed = [measured(baseline, after) for _run in range(runs)]
    anew = statistics.median(spent + making(before) for spent, _ in timed)
    peer = theirs(before, after, peer_runs)
    seconds, slow = statistics.median(spent for spent, _ in timed), statistics.median(peer["seconds"])
    same = close(timed[-1][1]["wasserstein"], peer["distances"], within=1e-3, share=WASSERSTEIN_WITHIN)
    notes = [f"evidently: {slow:.0f} s, ours {seconds:.2f} s; with the baseline sketched anew {anew:.2f} s"]
    name = "evidently, its default"
    return [Row("evidently", rows / seconds, rows / slow, "rows/s", slow / seconds, same, name)], notes


def theirs(before: pa.Table, after: pa.Table, runs: int) -> dict[str, Any]:
    """Return the peer's distances by column, and its seconds by run."""
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as folder:
        asked: dict[str, Any] = {"runs": runs, "columns": before.column_names}
        for name, rows in (("baseline", before), ("current", after)):
            asked[name] = str(Path(folder) / f"{name}.npy")
            np.save(asked[name], np.stack([rows[column].to_numpy() for column in rows.column_names]))
        command = [str(peer_python("evidently")), str(PEER)]
        quiet = os.environ | {"DO_NOT_TRACK": "1"}
        done = subprocess.run(
            command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True, env=quiet
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Run the rows that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of ours, and of SciPy")
    parser.add_argument("--peer-runs", type=int, default=1, help="runs of Evidently")
    parser.add_argument("--only", choices=NAMES, action="append", help="this row; may be given again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    few = table(1000, 0, moved=False)
    ours(sketched(few), few)  # what is loaded at the first call is loaded
    found: list[Row] = []
    notes: list[str] = []
    for name in given.only or NAMES:
        if name == "scipy":
            rows, more = scipy(given.rows, given.runs)
        else:
            rows, more = evidently(given.rows, given.runs, given.peer_runs)
        found += rows
        notes += more
    show(found, as_json=given.json, notes=notes)
    return 0 if all(one.same is not False for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
