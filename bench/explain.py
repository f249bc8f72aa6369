"""Attributions beside shap, and the sandbox beside no sandbox: ``bench/explain.py [--rows N] [--only NAME] [--json]``.

``trees``: boosted trees of XGBoost, of LightGBM (``trees-lightgbm``) and of scikit-learn (``trees-sklearn``) explained
by the program that explains models here, beside ``shap.TreeExplainer``, values compared, in CPU time of one process
that has the libraries of ``requirements-boost.lock``; where these cannot be installed, ``trees`` are scikit-learn's.
At most 20,000 rows are explained. ``sandbox``: a process that confines itself and exits, beside
the same process that does not, by the CPU time of the children.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

from measuring import ROOT, RUNS, Row, row, show  # noqa: E402 - found by the lines above

ROWS, MOST_ROWS = 5_000, 20_000
CHILDREN = 10
BOOST = ROOT / "build" / "boost"
NAMES = ("trees", "sandbox")


def boosted() -> Path:
    """Return the interpreter of the environment that has XGBoost and LightGBM, made when it is not there, or ours."""
    made = subprocess.run(["make", "--silent", "build/boost/.locked"], cwd=ROOT, check=False, stdout=sys.stderr)
    return BOOST / "bin" / "python" if made.returncode == 0 else Path(sys.executable)


def trees(rows: int) -> tuple[list[Row], list[str]]:
    """Have the other interpreter explain the same rows both ways."""
    command = [str(boosted()), str(HERE / "explain_trees.py"), str(min(rows, MOST_ROWS)), str(RUNS)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found, notes = [], []
    for name, one in json.loads(done.stdout).items():
        found.append(
            row(name, one["ours"], one["peer"], unit="rows/s", same=one["gap"] == 0, peer_name="shap.TreeExplainer")
        )
        notes.append(f"{name}, {one['what']}; largest difference of a value {one['gap']:.3g}")
    return found, notes


def one_batch(isolation: str, folder: Path) -> float:
    """Return the CPU seconds of children that start, do nothing and exit."""
    from registry.backends import sandbox

    before = os.times()
    for _ in range(CHILDREN):
        sandbox.run("bench.nothing", {}, readable=[], workdir=folder, isolation=isolation)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def entering() -> tuple[list[Row], list[str]]:
    """Time children in pairs, the one way first and then the other."""
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as place:
        one_batch("landlock+seccomp", Path(place))
        ours, peer = [], []
        for run in range(RUNS * 2):
            for isolation in ("landlock+seccomp", "none") if run % 2 else ("none", "landlock+seccomp"):
                seconds = one_batch(isolation, Path(place))
                (peer if isolation == "none" else ours).append(CHILDREN / seconds)
    found = row("sandbox", ours, peer, unit="processes/s", same=None, peer_name="the same process, not confined")
    notes = [f"sandbox: {1000 * (1 / found.ours - 1 / found.peer):.1f} ms of CPU to confine a process"]
    return [found], notes


def main() -> int:
    """Run the rows that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: list[Row] = []
    notes: list[str] = []
    for name, work in {"trees": lambda: trees(given.rows), "sandbox": entering}.items():
        if given.only in {None, name}:
            made, told = work()
            found, notes = found + made, notes + told
    show(found, as_json=given.json, notes=notes)
    return 1 if any(one.same is False for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
