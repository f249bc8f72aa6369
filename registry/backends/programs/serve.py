"""Serve: load a model once, then score the rows of each question."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry.backends.programs import stage
from registry.backends.programs.loaded import scores
from registry.backends.programs.loading import load


def prepare(request: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Load the model and return what answers ``{"rows": [...]}`` with ``{"scores": [...]}``."""
    features = tuple(request["features"])
    stage.enter("loading the model")
    model = load(Path(request["model"]), features, request["positive"])
    stage.enter("predicting", private=True, known=(*features, *model.features))
    import pandas as pd

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        table = pd.DataFrame(question["rows"], columns=list(features))
        for name in table.columns[table.isna().all()]:
            table[name] = table[name].astype("float64")
        return {"scores": [float(item) for item in scores(model, table)]}

    return answer
