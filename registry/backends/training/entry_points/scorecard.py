"""A scorecard: logistic regression on standardised features, which can be explained exactly.

A missing number counts as the median of the training rows.

Parameters: ``features`` (names), ``target``, ``positive`` (the label that counts as 1); optional ``C``.
The folder written holds ``model.json`` and ``model.skops``. This file stands alone: it runs inside the sandbox.
"""

import json
from pathlib import Path
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skops import io

ALGORITHM = "scorecard"


def _pipeline(table: Any, features: list[str], parameters: dict[str, Any], seed: int) -> Pipeline:
    numeric = [name for name in features if table[name].dtype.kind in "iufb"]
    text = [name for name in features if name not in numeric]
    filled = Pipeline(
        [("fill", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    prepare = ColumnTransformer([("numeric", filled, numeric), ("text", OneHotEncoder(handle_unknown="ignore"), text)])
    final = LogisticRegression(C=float(parameters.get("C", 1.0)), max_iter=1000, random_state=seed % 2**32)
    return Pipeline([("prepare", prepare if text else filled), ("model", final)])


def _curves(model: Pipeline) -> dict[str, list[float]]:
    return {"iterations": [float(item) for item in model.named_steps["model"].n_iter_]}


def _labels(table: Any, parameters: dict[str, Any]) -> Any:
    """Encode the target as 1 = positive; a missing or single-valued target is an error, not a class."""
    target = table[parameters["target"]]
    if target.isna().any():
        raise ValueError(f"{int(target.isna().sum())} of {len(target)} rows have no target")
    labels = (target.astype(str) == str(parameters["positive"])).astype(int)
    if labels.nunique() != 2:  # noqa: PLR2004 - a model of two classes
        raise ValueError(f"the positive label must hold for some rows and not for others; it does for {labels.sum()}")
    return labels


def _measured(model: Any, table: Any, labels: Any, features: list[str]) -> dict[str, float]:
    scores = model.predict_proba(table[features])[:, 1]
    return {
        "auc": float(roc_auc_score(labels, scores)),
        "log_loss": float(log_loss(labels, scores)),
        "brier": float(brier_score_loss(labels, scores)),
    }


def _save(model: Any, output: Path, features: list[str], positive: str) -> None:
    io.dump(model, output / "model.skops")
    described = {
        "format": "skops",
        "file": "model.skops",
        "features": features,
        "positive": "1",
        "positive_label": positive,
        "algorithm": ALGORITHM,
    }
    (output / "model.json").write_text(json.dumps(described, indent=2, sort_keys=True), encoding="utf-8")


def train(tables: dict[str, Any], parameters: dict[str, Any], output: Path, seed: int) -> dict[str, Any]:
    """Fit on the table "train"; return metrics for every table that was given, and the curve of learning."""
    features, table = [str(name) for name in parameters["features"]], tables["train"]
    missing = [name for name in [*features, parameters["target"]] if name not in table.columns]
    if missing:
        raise ValueError(f"the training data lacks the columns {missing}")
    model = _pipeline(table, features, parameters, seed)
    model.fit(table[features], _labels(table, parameters))
    _save(model, output, features, str(parameters["positive"]))
    metrics = {
        f"{role}.{name}": value
        for role, data in tables.items()
        for name, value in _measured(model, data, _labels(data, parameters), features).items()
    }
    return {"metrics": metrics, "curves": _curves(model)}
