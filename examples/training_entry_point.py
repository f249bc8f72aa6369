"""A training entry point of one's own: name it in ``PROBITY_ENTRY_POINTS`` of the settings, by its path.

It runs in the sandbox: no network, limited time and memory, and it writes below ``output`` only. It gets every table
by its role ("train") as a DataFrame, and ``parameters`` with ``features``, ``target`` and ``positive``. What it leaves:
``model.json``, which says how to load the model, and the model itself, saved by skops.
"""

import json
from pathlib import Path
from typing import Any

from sklearn.ensemble import RandomForestClassifier
from skops import io


def train(tables: dict[str, Any], parameters: dict[str, Any], output: Path, seed: int) -> dict[str, Any]:
    """Fit a small forest; return the metrics that the version is registered with."""
    features, table = list(parameters["features"]), tables["train"]
    labels = (table[parameters["target"]].astype(str) == str(parameters["positive"])).astype(int)
    model = RandomForestClassifier(n_estimators=50, max_depth=4, random_state=seed % 2**32)
    model.fit(table[features], labels)
    io.dump(model, output / "model.skops")
    described = {
        "format": "skops",
        "file": "model.skops",
        "features": features,
        "positive": "1",
        "positive_label": str(parameters["positive"]),
        "algorithm": "random_forest",
    }
    (output / "model.json").write_text(json.dumps(described, indent=2, sort_keys=True), encoding="utf-8")
    return {"metrics": {"train.accuracy": float(model.score(table[features], labels))}}
