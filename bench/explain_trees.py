"""Explain boosted trees by our program and by shap, in turns; print the rates and the largest difference as JSON."""

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402 - after the lines above
import pandas as pd  # noqa: E402
import shap  # noqa: E402

from registry.backends.programs.attributions import exact  # noqa: E402
from registry.backends.programs.loaded import of_estimator  # noqa: E402

FEATURES = [f"f{number}" for number in range(20)]
TREES, DEPTH = 200, 5


def models() -> dict[str, Any]:
    """Return unfitted models by their library: those whose library is here."""
    makers = {"xgboost": _xgboost, "lightgbm": _lightgbm, "sklearn": _sklearn}
    return {name: make() for name, make in makers.items() if find_spec(name)}


def _xgboost() -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=TREES, max_depth=DEPTH, n_jobs=1)


def _lightgbm() -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=TREES, max_depth=DEPTH, n_jobs=1, verbose=-1)


def _sklearn() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=TREES, max_depth=DEPTH)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of the work and what it returned."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def compared(model: Any, table: pd.DataFrame, runs: int) -> dict[str, Any]:
    """Time both in turns, on models that are ready to be asked."""
    loaded = of_estimator(model, tuple(FEATURES), "1")
    rates: dict[str, list[float]] = {"ours": [], "peer": []}
    gap = 0.0
    for run in range(runs + 1):
        seconds, ours = timed(lambda: exact(loaded, table, table))
        other, peer = timed(lambda: shap.TreeExplainer(model).shap_values(table, check_additivity=False))
        gap = max(gap, float(np.abs(ours.parts - np.float64(peer)).max()))
        if run:  # what is loaded at the first call is loaded
            rates["ours"].append(len(table) / seconds)
            rates["peer"].append(len(table) / other)
    what = f"{len(table)} rows, {len(FEATURES)} features, {TREES} trees of depth {DEPTH}, by {ours.algorithm}"
    return {**rates, "gap": gap, "what": what}


def main(rows: int, runs: int) -> None:
    """Fit on other rows than are explained."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(rows + 5000, len(FEATURES))), columns=FEATURES)
    label = (table["f0"] + table["f1"] * table["f2"] + rng.normal(size=len(table)) > 0).astype(int)
    found = {}
    for library, model in models().items():
        model.fit(table.iloc[:5000], label.iloc[:5000])
        one = compared(model, table.iloc[5000:], runs)
        found["trees" if not found else f"trees-{library}"] = one | {"what": f"{library}: {one['what']}"}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
