"""k-anonymity and l-diversity beside pycanon in its own environment: ``bench/privacy_risk.py [--rows N] [--json]``.

The quasi-identifiers are date of birth, sex and postal code, by which most people are unique (Sweeney, 2000);
``--coarse`` takes the year of birth instead: the peer loops over classes, so that fewer of them cost it less, while
ours goes by rows. Both sides get the same table in memory, as text, and are timed by the CPU time of their process for
k and l together. The peer takes minutes: by default it runs once, against the median of five runs of ours.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyarrow as pa
from measuring import RUNS, Row, cpu, peer_python, show
from pyarrow import csv

from privacy.risk import Risk, measure

ROWS = 1_000_000
PEER = Path(__file__).resolve().parent / "peers" / "pycanon_risk.py"
QUASI, CONFIDENTIAL = ["born", "sex", "zip"], "diagnosis"
FIRST, DAYS = date(1936, 1, 1), 70 * 365


def table(rows: int, *, coarse: bool) -> pa.Table:
    """Return made-up rows: seventy years of births, two sexes, a thousand postal codes, twenty diagnoses."""
    chance = random.Random(7)  # noqa: S311 - the same rows each time
    days = [(FIRST + timedelta(days=one)).isoformat()[: 4 if coarse else 10] for one in range(DAYS)]
    zips, diagnoses = [f"Z{10_000 + one}" for one in range(1000)], [f"d{one}" for one in range(20)]
    return pa.table(
        {
            "born": chance.choices(days, k=rows),
            "sex": chance.choices(["f", "m"], k=rows),
            "zip": chance.choices(zips, k=rows),
            "diagnosis": chance.choices(diagnoses, [2.0 ** -(one / 3) for one in range(20)], k=rows),
        }
    )


def theirs(rows: pa.Table, runs: int) -> dict[str, list[float]]:
    """Return the peer's answers and its seconds, by run."""
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as folder:
        file = Path(folder) / "rows.csv"
        csv.write_csv(rows, file)
        asked = {"file": str(file), "quasi": QUASI, "confidential": CONFIDENTIAL, "runs": runs}
        command = [str(peer_python("pycanon")), str(PEER)]
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def main() -> int:
    """Run the row and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of ours")
    parser.add_argument("--peer-runs", type=int, default=1)
    parser.add_argument("--coarse", action="store_true", help="year of birth instead of date")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = table(given.rows, coarse=given.coarse)
    measure(rows.slice(0, 1000), QUASI, [CONFIDENTIAL])  # what is loaded at the first call is loaded
    timed = [cpu(lambda: measure(rows, QUASI, [CONFIDENTIAL])) for _run in range(given.runs)]
    risk, peer = timed[-1][1], theirs(rows, given.peer_runs)
    assert isinstance(risk, Risk)
    same = set(peer["k"]) == {risk.k} and set(peer["l"]) == {risk.diversity[CONFIDENTIAL]}
    mine = given.rows / statistics.median(seconds for seconds, _risk in timed)
    other = given.rows / statistics.median(map(sum, zip(peer["k_seconds"], peer["l_seconds"], strict=True)))
    name = "risk-coarse" if given.coarse else "risk"
    found = Row(name, mine, other, "rows/s", mine / other, same, "pycanon")
    counts = f"k = {risk.k}, l = {risk.diversity[CONFIDENTIAL]}, {risk.classes} classes, {risk.unique_rows} unique rows"
    seconds = {part: f"{statistics.median(peer[f'{part}_seconds']):.1f} s" for part in ("k", "l")}
    show([found], as_json=given.json, notes=[counts, f"the peer took {seconds['k']} for k and {seconds['l']} for l"])
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
