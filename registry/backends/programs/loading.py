"""Load a model folder, ours (skops) or MLflow's, into one thing that scores a table."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends.programs.failure import Refused

TRUSTED = ("sklearn.", "numpy.", "scipy.", "builtins.", "collections.")
LABELS_ONLY = "the model returns class labels, not scores; give it predict_proba or return probabilities"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model: the features it takes, ``score`` of a table of them, and the estimator where there is one to explain."""

    features: tuple[str, ...]
    score: Callable[[Any], Any]
    estimator: Any = None
    positive_index: int = 1


def _positive_index(classes: Any, positive: str) -> int:
    names = [str(item) for item in classes]
    for index, item in enumerate(classes):
        if names[index] == positive or (positive == "1" and item == 1):
            return index
    if names in (["0", "1"], ["False", "True"]):
        return 1
    raise Refused(
        f"the model knows the classes {names}, none of which is the positive label {positive!r}", code="classes"
    )


def _of_estimator(estimator: Any, features: tuple[str, ...], positive: str) -> Loaded:
    if not hasattr(estimator, "predict_proba") or not hasattr(estimator, "classes_"):
        raise Refused(f"the model is a {type(estimator).__name__} without predict_proba", code="no_probabilities")
    index = _positive_index(estimator.classes_, positive)
    return Loaded(features, lambda table: estimator.predict_proba(table)[:, index], estimator, index)


def _own(folder: Path, positive: str) -> Loaded:
    from skops import io

    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if described.get("format") != "skops":
        raise Refused(f'model.json names the format {described.get("format")!r}; it must be "skops"', code="format")
    name = str(described.get("file") or "")
    if not name or Path(name).name != name:
        raise Refused(f"model.json names the file {name!r}, which is not a plain file name", code="format")
    found = io.get_untrusted_types(file=folder / name)
    foreign = sorted(item for item in found if not item.startswith(TRUSTED))
    if foreign:
        raise Refused(f"the model file holds types that are not trusted: {', '.join(foreign)}", code="untrusted_types")
    features = tuple(str(item) for item in described.get("features") or ())
    if not features:
        raise Refused("model.json names no features", code="format")
    return _of_estimator(io.load(folder / name, trusted=found), features, str(described.get("positive", positive)))


def _scores_of(answer: Any, positive: str) -> Any:
    """Take the positive class's probability out of whatever a pyfunc returns."""
    import numpy as np

    values = np.asarray(answer)
    if values.ndim == 2 and values.shape[1] == 2:  # noqa: PLR2004 - one column per class
        names = [str(item) for item in getattr(answer, "columns", ())]
        return values[:, names.index(positive) if positive in names else 1]
    if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004 - a table of one column
        values = values[:, 0]
    if values.ndim == 1 and values.dtype.kind not in "fO":
        raise Refused(LABELS_ONLY, code="labels")
    return values


def _mlflow(folder: Path, features: tuple[str, ...], positive: str) -> Loaded:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(folder))
    try:
        estimator = model.get_raw_model()
    except Exception:  # noqa: BLE001 - flavours without a raw model say so in many ways; pyfunc then remains
        estimator = None
    if hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_"):
        own = tuple(str(item) for item in getattr(estimator, "feature_names_in_", features))
        return _of_estimator(estimator, own, positive)
    return Loaded(features, lambda table: _scores_of(model.predict(table), positive))


def load(folder: Path, features: tuple[str, ...], positive: str) -> Loaded:
    """Load a model; raises Refused when it is neither format, or not what its format says."""
    if (folder / "model.json").is_file():
        return _own(folder, positive)
    if (folder / "MLmodel").is_file():
        return _mlflow(folder, features, positive)
    raise Refused("the model folder holds neither model.json nor MLmodel", code="format")


def scores(model: Loaded, table: Any) -> Any:
    """Return one finite float64 score in [0, 1] per row; raises Refused, with counts only, when it is not so."""
    import numpy as np

    found = np.asarray(model.score(table[list(model.features)]), dtype=np.float64)
    if found.shape != (len(table),):
        raise Refused(f"the model returned the shape {found.shape} for {len(table)} rows", code="shape")
    if bad := int((~np.isfinite(found)).sum()):
        raise Refused(f"the model returned {bad} scores of {len(found)} that are not finite numbers", code="not_finite")
    if bad := int(((found < 0) | (found > 1)).sum()):
        raise Refused(f"the model returned {bad} scores of {len(found)} outside [0, 1]", code="out_of_range")
    return found
