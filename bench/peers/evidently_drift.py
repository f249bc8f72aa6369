"""The peer's side of drift.py: runs in Evidently's own environment on the same rows, prints its distances and times."""

import json
import sys
import time

import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def distances(snapshot: dict) -> dict:
    """Return the distance of every column."""
    found = {}
    for metric in snapshot["metrics"]:
        config = metric.get("config", {})
        if "column" in config and isinstance(metric["value"], (int, float)):
            found[config["column"]] = float(metric["value"])
    return found


def main() -> None:
    """Make the default report so many times; seconds are CPU time of this process, without reading the files."""
    asked = json.load(sys.stdin)
    before, after = (pd.DataFrame(np.load(asked[side]).T, columns=asked["columns"]) for side in ("baseline", "current"))
    seconds = []
    for _run in range(asked["runs"]):
        began = time.process_time()
        snapshot = Report([DataDriftPreset()]).run(after, before).dict()
        seconds.append(time.process_time() - began)
    json.dump({"seconds": seconds, "distances": distances(snapshot)}, sys.stdout)


main()
