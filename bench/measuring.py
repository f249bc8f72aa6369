"""What every bench shares: paired runs and their median, peers in environments of their own, how rows are printed."""

import json
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "peers"
RUNS = 5
SMALL = 10  # numbers below it are shares and scores, and are printed with three places


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: ``ratio`` > 1 means that ours is better; ``same`` whether the results were equal, if compared."""

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    same: bool | None
    peer_name: str


def row(name: str, ours: list[float], peer: list[float], *, unit: str, same: bool | None, peer_name: str) -> Row:
    """Return the row of paired rates (more is better): the median of each side and of the pairs' ratios."""
    ratio = statistics.median(one / other for one, other in zip(ours, peer, strict=True))
    return Row(name, statistics.median(ours), statistics.median(peer), unit, ratio, same, peer_name)


def cpu(work: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds of this process's CPU time that the work took, and what it returned."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def wall(work: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that the work took by the clock, and what it returned."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def peer_python(name: str) -> Path:
    """Return the interpreter of a peer's own environment, made from ``bench/peers/NAME.txt`` (pins and hashes)."""
    place = BUILD / name
    python = place / "bin" / "python"
    listed = HERE / "peers" / f"{name}.txt"
    stamp = place / "locked.txt"
    if not stamp.exists() or stamp.read_text() != listed.read_text():
        venv.create(place, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([*install, "-r", listed], check=True, stdout=sys.stderr)
        stamp.write_text(listed.read_text())
    return python


def show(rows: list[Row], *, as_json: bool, notes: list[str]) -> None:
    """Print the rows: as a JSON list, or as a table with the notes below it."""
    if as_json:
        print(json.dumps([asdict(one) for one in rows], indent=2))
        print(*notes, sep="\n", file=sys.stderr)
        return
    print(f"{'row':<28}{'ours':>14}{'peer':>14}  {'unit':<14}{'ratio':>8}  {'same':<6}peer")
    for one in rows:
        same = {True: "yes", False: "NO", None: "-"}[one.same]
        places = 3 if max(one.ours, one.peer) < SMALL else 0
        rates = f"{one.ours:>14,.{places}f}{one.peer:>14,.{places}f}  {one.unit:<14}{one.ratio:>8.2f}"
        print(f"{one.name:<28}{rates}  {same:<6}{one.peer_name}")
    print(*notes, sep="\n")
