"""Load a model folder, ours (model.json) or MLflow's, into one thing that scores a table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry.backends.programs import boosted, graph
from registry.backends.programs.failure import Refused
from registry.backends.programs.loaded import Loaded, of_estimator, scores_of

TRUSTED = ("sklearn.", "numpy.", "scipy.", "builtins.", "collections.")


def _skops(file: Path) -> Any:
    from skops import io

    found = io.get_untrusted_types(file=file)
    foreign = sorted(item for item in found if not item.startswith(TRUSTED))
    if foreign:
        raise Refused(f"the model file holds types that are not trusted: {', '.join(foreign)}", code="untrusted_types")
    return io.load(file, trusted=found)


def _joblib(file: Path) -> Any:
    import joblib

    return joblib.load(file)


FORMATS: dict[str, Callable[[Path], Any]] = {
    "skops": _skops,
    "joblib": _joblib,
    "xgboost": boosted.read_xgboost,
    "lightgbm": boosted.read_lightgbm,
    "onnx": graph.read,
}


def _text(described: dict[str, Any], key: str) -> str:
    value = described.get(key)
    return value if isinstance(value, str) else ""


def _own(folder: Path, positive: str) -> Loaded:
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if not isinstance(described, dict) or _text(described, "format") not in FORMATS:
        named = described.get("format") if isinstance(described, dict) else described
        raise Refused(f"model.json names the format {named!r}; it must be one of {sorted(FORMATS)}", code="format")
    name = _text(described, "file")
    if not name or Path(name).name != name:
        raise Refused(f"model.json names the file {name!r}, which is not a plain file name", code="format")
    features = tuple(str(item) for item in described.get("features") or ())
    if not features:
        raise Refused("model.json names no features", code="format")
    return _loaded(FORMATS[described["format"]](folder / name), features, str(described.get("positive", positive)))


def _loaded(model: Any, features: tuple[str, ...], positive: str) -> Loaded:
    """Return what was read as a model: a graph, boosted trees, or an estimator."""
    if isinstance(model, graph.Graph):
        return Loaded(features, lambda table: scores_of(model.answer(table), positive))
    if own := boosted.booster_of(model):
        return Loaded(features, own.score, model)
    return of_estimator(model, features, positive)


def _mlflow(folder: Path, features: tuple[str, ...], positive: str) -> Loaded:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(folder))
    try:
        estimator = model.get_raw_model()
    except Exception:  # noqa: BLE001 - flavours without a raw model say so in many ways; pyfunc then remains
        estimator = None
    if hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_"):
        own = tuple(str(item) for item in getattr(estimator, "feature_names_in_", features))
        return of_estimator(estimator, own, positive)
    if own_trees := boosted.booster_of(estimator):
        named = own_trees.features if set(own_trees.features) == set(features) else features
        return Loaded(named, own_trees.score, estimator)
    return Loaded(features, lambda table: scores_of(model.predict(table), positive))


def load(folder: Path, features: tuple[str, ...], positive: str) -> Loaded:
    """Load a model; raises Refused when it is neither format, or not what its format says."""
    if (folder / "model.json").is_file():
        return _own(folder, positive)
    if (folder / "MLmodel").is_file():
        return _mlflow(folder, features, positive)
    raise Refused("the model folder holds neither model.json nor MLmodel", code="format")
