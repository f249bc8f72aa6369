"""Trees boosted by XGBoost or LightGBM: their scores, and the attributions that they compute themselves.

Both follow Lundberg et al. (2018), "Consistent Individualized Feature Attribution for Tree Ensembles", along the
paths of the trees (``pred_contribs``, ``pred_contrib``), in log-odds; XGBoost computes in single precision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends.programs.failure import Refused


@dataclass(frozen=True, slots=True)
class Booster:
    """Boosted trees of one margin: the features they name, if any, and three functions of a table of them.

    ``score`` gives the probability of class 1, ``margin`` its log-odds, ``parts`` an array of rows by features
    and, last, the base.
    """

    features: tuple[str, ...]
    score: Callable[[Any], Any]
    margin: Callable[[Any], Any]
    parts: Callable[[Any], Any]


def _numbers(table: Any, kind: str) -> Any:
    """Return the table with text as categories, or as it is; raises Refused for text that the trees cannot take."""
    text = [name for name in table.columns if table[name].dtype.kind == "O" or str(table[name].dtype) == "str"]
    if not text:
        return table
    if kind != "categories":
        raise Refused(f"the boosted trees take numbers; the column {text[0]!r} holds text", code="text_column")
    return table.astype(dict.fromkeys(text, "category"))


def _one_margin(parts: Any, table: Any) -> Any:
    import numpy as np

    found = np.asarray(parts, dtype=np.float64)
    if found.shape != (len(table), table.shape[1] + 1):
        raise Refused(
            f"the boosted trees give attributions of the shape {found.shape}; one margin is explained", code="classes"
        )
    return found


def _of_xgboost(booster: Any) -> Booster:
    import numpy as np
    import xgboost

    names = tuple(str(name) for name in booster.feature_names or ())
    kind = "categories" if "c" in (booster.feature_types or ()) else "numbers"

    def matrix(table: Any) -> Any:
        data = _numbers(table, kind)
        return xgboost.DMatrix(data, feature_names=list(names) or None, enable_categorical=kind == "categories")

    return Booster(
        names,
        lambda table: np.asarray(booster.predict(matrix(table)), dtype=np.float64),
        lambda table: np.asarray(booster.predict(matrix(table), output_margin=True), dtype=np.float64),
        lambda table: _one_margin(booster.predict(matrix(table), pred_contribs=True), table),
    )


def _of_lightgbm(booster: Any) -> Booster:
    import numpy as np

    kind = "categories" if booster.pandas_categorical else "numbers"

    def ask(table: Any, **how: bool) -> Any:
        return booster.predict(_numbers(table, kind), num_threads=1, **how)

    return Booster(
        tuple(str(name) for name in booster.feature_name()),
        lambda table: np.asarray(ask(table), dtype=np.float64),
        lambda table: np.asarray(ask(table, raw_score=True), dtype=np.float64),
        lambda table: _one_margin(ask(table, pred_contrib=True), table),
    )


def booster_of(model: Any) -> Booster | None:
    """Return a booster of XGBoost or LightGBM itself; None for anything else."""
    library = type(model).__module__.partition(".")[0]
    if type(model).__name__ != "Booster" or library not in {"xgboost", "lightgbm"}:
        return None
    return _of_xgboost(model) if library == "xgboost" else _of_lightgbm(model)


def inside(estimator: Any) -> Booster | None:
    """Return the booster that is an estimator of scikit-learn's kind, or inside of it, of two classes; None without."""
    if own := booster_of(estimator):
        return own
    library = type(estimator).__module__.partition(".")[0]
    if library not in {"xgboost", "lightgbm"} or len(getattr(estimator, "classes_", ())) != 2:  # noqa: PLR2004
        return None
    return booster_of(estimator.get_booster() if library == "xgboost" else estimator.booster_)


def read_xgboost(file: Path) -> Any:
    """Read what ``Booster.save_model`` wrote (JSON or UBJSON); raises Refused where XGBoost is not installed."""
    try:
        import xgboost
    except ImportError as error:
        raise Refused(
            "XGBoost is not installed here; it is in the extra probity[boost]", code="not_installed"
        ) from error
    return xgboost.Booster(model_file=str(file))


def read_lightgbm(file: Path) -> Any:
    """Read what ``Booster.save_model`` wrote (text); raises Refused where LightGBM is not installed."""
    try:
        import lightgbm
    except ImportError as error:
        raise Refused(
            "LightGBM is not installed here; it is in the extra probity[boost]", code="not_installed"
        ) from error
    return lightgbm.Booster(model_file=str(file), params={"num_threads": 1})
