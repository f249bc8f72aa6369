"""How well personal data is found, without a name model: ``bench/pii_accuracy.py [--json] [--samples N] [--rows N]``.

Sentences (``pii_accuracy_spans``) are made from the templates of presidio-evaluator and from our own, half of each
kept back from whoever writes rules, and are scored by presidio-evaluator's span evaluator: F2 over everything personal,
beside Presidio as it is without a name model. Columns (``pii_accuracy_columns``) have the shapes of real tables:
precision and recall, with their headers and with headers that say nothing. Seeds are fixed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pii_accuracy_columns
import pii_accuracy_spans
from measuring import Row, show

SAMPLES = 1500
ROWS = 80


def main() -> int:
    """Run the rows that were asked for and print them; what is held out is the measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES, help="sentences of each set")
    parser.add_argument("--rows", type=int, default=ROWS, help="values of each column")
    parser.add_argument("--only", choices=("spans", "columns"))
    parser.add_argument("--seen", action="store_true", help="also what the rules were written on")
    parser.add_argument("--errors", type=int, default=0, help="list so many errors on what was seen")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    halves = ("held out", "seen") if given.seen or given.errors else ("held out",)
    found: list[Row] = []
    notes: list[str] = []
    for half in halves:
        errors = given.errors if half == "seen" else 0
        if given.only != "columns":
            rows, said = pii_accuracy_spans.measure(half, given.samples, errors)
            found, notes = found + rows, notes + said
        if given.only != "spans":
            rows, said = pii_accuracy_columns.measure(half, given.rows, errors)
            found, notes = found + rows, notes + said
    show(found, as_json=given.json, notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
