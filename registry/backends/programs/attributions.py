"""Attribute each row's score to its features: exactly for linear models, by shap for trees, by permutations otherwise.

Whatever the way, ``base + sum(attributions) = margin`` on every row, or the result is refused.
"""

from dataclasses import dataclass
from typing import Any

from registry.backends.programs.columns import sources
from registry.backends.programs.failure import Refused
from registry.backends.programs.loading import Loaded

TOLERANCE = 1e-6
BACKGROUND_ROWS = 20
PERMUTATIONS = 5
FORESTS = {"RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier", "ExtraTreeClassifier"}
BOOSTED = {"GradientBoostingClassifier", "HistGradientBoostingClassifier"}


@dataclass(frozen=True, slots=True)
class Attributed:
    """One column per feature, the base and the margin of each row; how it was found and in which space."""

    parts: Any
    base: Any
    margin: Any
    algorithm: str
    space: str

    def error(self) -> float:
        """Return the largest gap between the sum and the margin."""
        import numpy as np

        gap = np.abs(self.parts.sum(axis=1) + self.base - self.margin) / np.maximum(1.0, np.abs(self.margin))
        return float(gap.max(initial=0.0)) if np.isfinite(gap).all() else float("inf")


def _folded(values: Any, columns: list[str], features: tuple[str, ...]) -> Any:
    """Add up the columns that come from the same feature."""
    import numpy as np

    found = np.zeros((values.shape[0], len(features)))
    for index, name in enumerate(columns):
        found[:, features.index(name)] += values[:, index]
    return found


def _linear(final: Any, table: Any, sign: int) -> tuple[Any, Any, Any]:
    weights = final.coef_[0] * sign
    centre = table.mean(axis=0)
    base = float(centre @ weights + final.intercept_[0] * sign)
    return (table - centre) * weights, base, table @ weights + final.intercept_[0] * sign


def _tree(final: Any, table: Any, index: int) -> tuple[Any, Any, Any]:
    import numpy as np
    import shap

    explainer = shap.TreeExplainer(final)
    values = np.asarray(explainer.shap_values(table, check_additivity=False))
    expected = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    if type(final).__name__ in FORESTS:
        return values[:, :, index], expected[index], final.predict_proba(table)[:, index]
    sign = 1 if index == 1 else -1
    return values * sign, float(expected[0]) * sign, final.decision_function(table) * sign


def _known_way(model: Loaded, table: Any) -> Attributed | None:
    """Explain the final estimator on the transformed features; None when there is no exact way for it."""
    import numpy as np
    from scipy import sparse

    estimator, before, columns = model.estimator, None, list(model.features)
    if hasattr(estimator, "steps"):
        before, estimator = estimator[:-1], estimator.steps[-1][1]
        carried = sources(before, columns) if len(before.steps) else columns
        if carried is None:
            return None
        columns = carried
    kind = type(estimator).__name__
    linear = kind == "LogisticRegression" and len(estimator.classes_) == 2  # noqa: PLR2004 - one set of weights
    tree = kind in FORESTS or (kind in BOOSTED and len(estimator.classes_) == 2)  # noqa: PLR2004 - one margin
    if not (linear or tree):
        return None
    made = before.transform(table) if before is not None and len(before.steps) else table
    made = np.asarray(made.toarray() if sparse.issparse(made) else made, dtype=np.float64)
    found = (
        _linear(estimator, made, 1 if model.positive_index == 1 else -1)
        if linear
        else _tree(estimator, made, model.positive_index)
    )
    values, base, margin = found
    return Attributed(
        _folded(values, columns, model.features),
        np.full(len(margin), base),
        np.asarray(margin, dtype=np.float64),
        "linear" if linear else "tree",
        "probability" if kind in FORESTS else "log-odds",
    )


def _coded(table: Any) -> tuple[Any, list[Any]]:
    """Turn text columns into codes, because shap's maskers hold numbers; return the words to turn them back."""
    import numpy as np
    import pandas as pd

    made = np.empty(table.shape, dtype=np.float64)
    words: list[Any] = []
    for index, name in enumerate(table.columns):
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            made[:, index] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            words.append(None)
        else:
            codes, known = pd.factorize(column, use_na_sentinel=False)
            made[:, index] = codes
            words.append(known)
    return made, words


def _permutation(model: Loaded, table: Any, seed: int) -> Attributed:
    import numpy as np
    import pandas as pd
    import shap

    coded, words = _coded(table)

    def score(rows: Any) -> Any:
        data = {
            name: rows[:, index] if words[index] is None else words[index].take(rows[:, index].astype(int))
            for index, name in enumerate(table.columns)
        }
        return np.asarray(model.score(pd.DataFrame(data, columns=table.columns)), dtype=np.float64)

    chosen = np.random.default_rng(seed).permutation(len(coded))[:BACKGROUND_ROWS]
    explainer = shap.explainers.Permutation(score, shap.maskers.Independent(coded[chosen]), seed=seed)
    evaluations = PERMUTATIONS * (2 * coded.shape[1] + 1)
    found = explainer(coded, max_evals=evaluations, silent=True)
    base = np.broadcast_to(np.asarray(found.base_values, dtype=np.float64), (len(coded),))
    return Attributed(np.asarray(found.values), base, score(coded), "permutation", "probability")


def attribute(model: Loaded, table: Any, seed: int) -> Attributed:
    """Attribute every row of the table; raises Refused when the parts do not add up to the margin."""
    table = table[list(model.features)]
    found = None if model.estimator is None else _known_way(model, table)
    if found is None or found.error() > TOLERANCE:
        found = _permutation(model, table, seed)
    if (error := found.error()) > TOLERANCE:
        raise Refused(
            f"the attributions ({found.algorithm}) miss the model's output by {error:.3g}; the limit is {TOLERANCE:g}",
            code="not_additive",
        )
    return found
