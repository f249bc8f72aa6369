"""Infer: load a model, score every row of a dataset, attribute a sample of them; one process for all that needs it.

The numbers are left as raw little-endian float64, so that the parent has nothing to parse.
"""

from pathlib import Path
from typing import Any

from registry.backends.programs import stage
from registry.backends.programs.attributions import attribute
from registry.backends.programs.failure import Refused
from registry.backends.programs.loaded import Loaded, check_repeatable, scores
from registry.backends.programs.loading import load

PREDICTIONS, ATTRIBUTIONS, ROWS = "predictions.f64", "attributions.f64", "rows.f64"


def _save(values: Any, name: str) -> None:
    Path(name).write_bytes(values.astype("<f8").tobytes(order="C"))


def _sample(count: int, most: int, seed: int) -> Any:
    import numpy as np

    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size=most, replace=False))


def _read(request: dict[str, Any], key: str, names: tuple[str, ...]) -> Any:
    """Read the columns that the model takes; raises Refused when the dataset lacks one."""
    import pandas as pd
    import pyarrow.parquet as pq

    present = set(pq.read_schema(request[key]).names)
    if missing := [name for name in names if name not in present]:
        raise Refused(f"the dataset lacks the columns {missing} that the model takes", code="missing_columns")
    return pd.read_parquet(request[key], columns=list(names))


def _explained(model: Loaded, table: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Attribute a sample of the rows, against the ``background`` rows where there are others; leave the numbers."""
    import numpy as np

    rows = _sample(len(table), request["max_rows"], request["seed"])
    behind = None
    if request.get("background"):
        behind = _read(request, "background", model.features)
        behind = behind.iloc[_sample(len(behind), request["max_rows"], request["seed"])]
    found = attribute(model, table.iloc[rows], request["seed"], behind)
    _save(np.column_stack([found.parts, found.base, found.margin, found.leading, found.random]), ATTRIBUTIONS)
    _save(rows[found.chosen], ROWS)
    return {"algorithm": found.algorithm, "space": found.space, "rows": len(found.chosen)}


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request wants of one model and one dataset."""
    features = tuple(request["features"])
    stage.enter("loading the model")
    model = load(Path(request["model"]), features, request["positive"])
    known = (*features, *model.features)
    stage.enter("reading the data", private=True, known=known)
    table = _read(request, "data", model.features)
    answer: dict[str, Any] = {"rows": len(table), "model_features": list(model.features)}
    if "predictions" in request["want"]:
        stage.enter("predicting", private=True, known=known)
        found = scores(model, table)
        check_repeatable(model, table, found)
        _save(found, PREDICTIONS)
    if "attributions" in request["want"]:
        stage.enter("explaining", private=True, known=known)
        answer["attributions"] = _explained(model, table, request)
    return answer
