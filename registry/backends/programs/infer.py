"""Infer: load a model, score every row of a dataset, attribute a sample of them; one process for all that needs it.

The numbers are left as raw little-endian float64, so that the parent has nothing to parse.
"""

from pathlib import Path
from typing import Any

from registry.backends.programs import stage
from registry.backends.programs.attributions import attribute
from registry.backends.programs.failure import Refused
from registry.backends.programs.loading import load, scores

PREDICTIONS, ATTRIBUTIONS, ROWS = "predictions.f64", "attributions.f64", "rows.f64"


def _save(values: Any, name: str) -> None:
    Path(name).write_bytes(values.astype("<f8").tobytes(order="C"))


def _sample(count: int, most: int, seed: int) -> Any:
    import numpy as np

    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size=most, replace=False))


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request wants of one model and one dataset."""
    features = tuple(request["features"])
    stage.enter("loading the model")
    model = load(Path(request["model"]), features, request["positive"])
    stage.enter("reading the data", private=True, known=(*features, *model.features))
    import numpy as np
    import pandas as pd
    import pyarrow.parquet as pq

    present = set(pq.read_schema(request["data"]).names)
    if missing := [name for name in model.features if name not in present]:
        raise Refused(f"the dataset lacks the columns {missing} that the model takes", code="missing_columns")
    table = pd.read_parquet(request["data"], columns=list(model.features))
    answer: dict[str, Any] = {"rows": len(table), "model_features": list(model.features)}
    if "predictions" in request["want"]:
        stage.enter("predicting", private=True, known=(*features, *model.features))
        _save(scores(model, table), PREDICTIONS)
    if "attributions" in request["want"]:
        stage.enter("explaining", private=True, known=(*features, *model.features))
        rows = _sample(len(table), request["max_rows"], request["seed"])
        found = attribute(model, table.iloc[rows], request["seed"])
        _save(np.column_stack([found.parts, found.base, found.margin]), ATTRIBUTIONS)
        _save(rows, ROWS)
        answer["attributions"] = {"algorithm": found.algorithm, "space": found.space, "rows": len(rows)}
    return answer
