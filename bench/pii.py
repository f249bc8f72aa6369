"""The scanner beside Presidio's own batch engine: ``bench/pii.py [--rows N] [--shape NAME] [--json]``.

``dense`` (every cell unique and personal) and ``sparse`` (features and comments, threshold .5): both sides have the
same recognisers and get the same strings, in one process, by its CPU time; each row is the median of paired runs over
parts of the table, and every cell of every part is compared. ``text`` compares reading and scanning a Parquet file of
text without personal data with reading it alone. ``memory`` streams four million rows of features beside a quarter
of them, ``workers`` runs two processes beside one, by the clock.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pii_engines
import pii_streams
from measuring import RUNS, Row, show

ROWS = 20_000
STREAMED = 4_000_000
NAMES = ("dense", "sparse", "text", "memory", "workers")
THRESHOLDS = {"dense": None, "sparse": 0.5}


def main() -> int:
    """Run the rows that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a table of ten columns")
    parser.add_argument(
        "--streamed", type=int, default=0, help="rows of the row memory; by default 200 times --rows, 4 million at most"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="paired runs of each row")
    parser.add_argument("--shape", choices=NAMES, action="append", help="this row; may be given again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    names = given.shape or list(NAMES)
    found: list[Row] = []
    notes: list[str] = []
    for name in names:
        if name == "memory":
            rows, said = pii_streams.memory(given.streamed or min(200 * given.rows, STREAMED))
        elif name == "workers":
            rows, said = pii_streams.workers(given.rows, min(given.runs, 3))
        elif name == "text":
            rows, said = pii_streams.text(given.rows, given.runs)
        else:
            rows, said = pii_engines.compare(name, given.rows, given.runs, THRESHOLDS[name])
        found += rows
        notes += said
    show(found, as_json=given.json, notes=notes)
    return 0 if all(one.same is not False for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
