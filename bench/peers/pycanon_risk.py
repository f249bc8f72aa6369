"""The peer's side of privacy_risk.py: runs in pycanon's own environment on the same rows, prints answers and times."""

import json
import sys
import time

import pandas as pd
from pycanon import anonymity


def main() -> None:
    """Measure k and l so many times; seconds are CPU time of this process, without reading the file."""
    asked = json.load(sys.stdin)
    rows = pd.read_csv(asked["file"], dtype=str)
    quasi, confidential = asked["quasi"], [asked["confidential"]]
    told: dict[str, list[float]] = {"k": [], "k_seconds": [], "l": [], "l_seconds": []}
    for _run in range(asked["runs"]):
        for name, work in (
            ("k", lambda: anonymity.k_anonymity(rows, quasi)),
            ("l", lambda: anonymity.l_diversity(rows, quasi, confidential)),
        ):
            began = time.process_time()
            told[name].append(int(work()))
            told[f"{name}_seconds"].append(time.process_time() - began)
    json.dump(told, sys.stdout)


main()
