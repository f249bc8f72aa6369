"""What each listed check is given in the contract's tests; a check that is listed and not here fails them by name."""

from typing import Any

import pyarrow as pa
from django.conf import settings
from django.utils.module_loading import import_string

from monitoring.statistics.sketch import columns_of, sketch_table
from registry.checks import Check
from tests.monitoring.checks.inputs import SCHEMA, attributions, perturbed, random_predictions, rows

LISTED = sorted(settings.PROBITY_CHECKS)
PII = {
    "engine": {"name": "presidio", "version": "2", "fingerprint": "f" * 8, "ner": "none"},
    "dataset": "0" * 64,
    "rows": 200,
    "complete": True,
    "columns": [
        {
            "name": name,
            "declared": declared,
            "verdict": verdict,
            "label": label,
            "cells": 200,
            "entities": {label: {"cells": 200, "distinct": 190, "validated": 0, "score": "1.0"}} if label else {},
            "previews": ["j***@***"] if label else [],
            "rule": "every cell matches" if label else "no recogniser matched",
        }
        for name, declared, verdict, label in [
            ("bmi", "feature", "CLEAN", ""),
            ("contact", "ignore", "IS", "EMAIL_ADDRESS"),
        ]
    ],
}

FILES = {
    "files": [
        {"path": "model.skops", "kind": "skops", "unread": "", "names": {}, "known": 9, "opcodes": {}},
        {"path": "model.pkl", "kind": "pickle", "unread": "", "known": 1, "names": {"dangerous": ["os.system"]}},
        {"path": "weights.bin", "kind": "unread", "unread": "nobody knows its format"},
    ],
    "declared": {"loaders": ["mine"], "code": [], "trusted_types": [], "strange_types": ["mine.Thing"], "unread": ""},
}
CURVES = {
    "source": "mlflow",
    "status": "RUNNING",
    "complete": True,
    "curves": [
        {"name": "train/loss", "points": [[step, str(10 - step)] for step in range(10)]},
        {"name": "val/loss", "points": [[step, "nan" if step == 5 else str(12 - step)] for step in range(10)]},
    ],
}


def check_of(name: str) -> Check:
    """Return a listed check."""
    return import_string(settings.PROBITY_CHECKS[name])


def _sketch(seed, n):
    values = random_predictions(n, seed).to_pydict()
    table = pa.table({"bmi": values["score"], "bp": values["row"], "score": values["score"], "label": values["label"]})
    return sketch_table(table, columns_of(SCHEMA, table))


def given_to(name: str, n: int = 200) -> dict[str, Any]:
    """Return good inputs of a check, of about so many rows, by the names of its needs."""
    check = check_of(name)
    table, meta = attributions(n)
    given = {
        "performance": lambda: {
            "predictions": random_predictions(n),
            "incumbent_predictions": random_predictions(n),
            "overlap": {"rows_evaluate": n, "rows_train": 300, "rows_overlapping": 3},
        },
        "fairness": lambda: {"schema": SCHEMA, "predictions": random_predictions(n)},
        "explainability": lambda: {
            "schema": SCHEMA,
            "attributions": table,
            "attributions_meta": meta,
            "rows": rows(n),
            "drivers": {"drivers": ["bmi"]},
        },
        "drift": lambda: {"baseline": _sketch(1, 2 * n), "current": _sketch(2, n)},
        "model_files": lambda: {"scan": FILES},
        "data_quality": lambda: {"schema": SCHEMA, "rows_train": rows(n + n // 2, 1), "rows_evaluate": rows(n, 2)},
        "robustness": lambda: {need.name: perturbed(n) for need in check.needs({})},
        "training_health": lambda: {"curves": CURVES},
        "pii": lambda: {need.name: PII for need in check.needs({}) if need.kind == "pii"},
    }[name]()
    wanted = {need.name for need in check.needs({})}
    return {key: value for key, value in given.items() if key in wanted}
