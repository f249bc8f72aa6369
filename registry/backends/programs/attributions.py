"""Attribute each row's score to its features, by the way that is exact for the model, or else by permutations.

Linear models by their weights, boosted trees by what XGBoost and LightGBM compute themselves, the trees of
scikit-learn by shap, anything else by permutations. ``base + sum(attributions) = margin`` on every row, or the result
is refused. Whether an explanation is true to the model is tried as well: what it says leads is taken away.
"""

from dataclasses import dataclass, replace
from typing import Any

from registry.backends.programs import boosted, permutation
from registry.backends.programs.columns import sources
from registry.backends.programs.failure import Refused
from registry.backends.programs.loaded import Loaded

TOLERANCES = {"linear": 1e-6, "tree": 1e-6, "permutation": 1e-6, "pred_contribs": 1e-4}  # XGBoost: single precision
FORESTS = {"RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier", "ExtraTreeClassifier"}
BOOSTED = {"GradientBoostingClassifier", "HistGradientBoostingClassifier"}
LEADING_SHARE = 4  # a quarter of the features, at least one, is taken away
DRAWS = 4


@dataclass(frozen=True, slots=True)
class Attributed:
    """One column per feature, the base and the margin of each row; how it was found and in which space.

    ``chosen`` are the places of the rows that were explained. ``leading`` and ``random`` say how far a row's score
    moves when its leading features, or as many drawn at random, take the values of other rows; 0 with one feature.
    """

    parts: Any
    base: Any
    margin: Any
    algorithm: str
    space: str
    chosen: Any = None
    leading: Any = None
    random: Any = None

    def error(self) -> float:
        """Return the largest gap between the sum and the margin."""
        import numpy as np

        gap = np.abs(self.parts.sum(axis=1) + self.base - self.margin) / np.maximum(1.0, np.abs(self.margin))
        return float(gap.max(initial=0.0)) if np.isfinite(gap).all() else float("inf")

    def adds_up(self) -> bool:
        """Say whether the gap is within what the way of computing allows."""
        return self.error() <= TOLERANCES[self.algorithm]


def _folded(values: Any, columns: list[str], features: tuple[str, ...]) -> Any:
    """Add up the columns that come from the same feature."""
    import numpy as np

    found = np.zeros((values.shape[0], len(features)))
    for index, name in enumerate(columns):
        found[:, features.index(name)] += values[:, index]
    return found


def _linear(final: Any, table: Any, centre: Any, sign: int) -> tuple[Any, Any, Any]:
    weights = final.coef_[0] * sign
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


def _final(model: Loaded) -> tuple[Any, Any, list[str] | None]:
    """Return (what transforms, the final estimator, the feature of each column it is given); None when not known."""
    estimator, columns = model.estimator, list(model.features)
    if not hasattr(estimator, "steps"):
        return None, estimator, columns
    before, final = estimator[:-1], estimator.steps[-1][1]
    if not len(before.steps):
        return None, final, columns
    return before, final, sources(before, columns)


def _transformed(before: Any, table: Any) -> Any:
    import numpy as np
    from scipy import sparse

    made = table if before is None else before.transform(table)
    return np.asarray(made.toarray() if sparse.issparse(made) else made, dtype=np.float64)


def _own_way(own: boosted.Booster, before: Any, table: Any, index: int) -> tuple[Any, Any, Any]:
    """Return the attributions that boosted trees compute, for the class of that index."""
    data = table if before is None else before.transform(table)
    sign = 1 if index == 1 else -1
    found, margin = own.parts(data) * sign, own.margin(data) * sign
    return found[:, :-1], found[:, -1], margin


def exact(model: Loaded, table: Any, background: Any) -> Attributed | None:
    """Explain the final estimator on the transformed features; None when there is no exact way for it."""
    import numpy as np

    before, final, columns = _final(model)
    if columns is None:
        return None
    kind, two = type(final).__name__, len(getattr(final, "classes_", ())) == 2  # noqa: PLR2004 - one margin
    if own := boosted.inside(final):
        values, base, margin = _own_way(own, before, table, model.positive_index)
        way = "pred_contribs"
    elif kind == "LogisticRegression" and two:
        centre, sign = _transformed(before, background).mean(axis=0), 1 if model.positive_index == 1 else -1
        values, base, margin = _linear(final, _transformed(before, table), centre, sign)
        way = "linear"
    elif kind in FORESTS or (kind in BOOSTED and two):
        values, base, margin = _tree(final, _transformed(before, table), model.positive_index)
        way = "tree"
    else:
        return None
    return Attributed(
        _folded(values, columns, model.features),
        np.broadcast_to(np.asarray(base, dtype=np.float64), (len(table),)),
        np.asarray(margin, dtype=np.float64),
        way,
        "probability" if kind in FORESTS else "log-odds",
    )


def _by_permutations(model: Loaded, table: Any, background: Any, seed: int) -> Attributed:
    import numpy as np

    few = min(len(table), permutation.affordable(table.shape[1]))
    chosen = np.unique(np.linspace(0, len(table) - 1, few).astype(int))
    behind = np.random.default_rng(seed).permutation(len(background))[: permutation.BACKGROUND_ROWS]
    rows, others = table.iloc[chosen], background.iloc[behind]
    parts, base, margin = permutation.shapley(model.score, rows, others, seed)
    base = np.broadcast_to(base.mean(), (len(rows),))
    return Attributed(parts, base, margin, "permutation", "probability", chosen)


def _without(model: Loaded, table: Any, background: Any, gone: Any, seed: int) -> Any:
    """Return how far each row's score moves when the ``gone`` features (rows x features) take other rows' values."""
    import numpy as np

    rng, before = np.random.default_rng(seed), np.asarray(model.score(table), dtype=np.float64)
    moved = np.zeros(len(table))
    for _ in range(DRAWS):
        other = background.iloc[rng.integers(0, len(background), len(table))].set_axis(table.index)
        changed = table.copy()
        for index, name in enumerate(table.columns):
            changed[name] = table[name].where(~gone[:, index], other[name])
        moved += np.asarray(model.score(changed), dtype=np.float64)
    return np.abs(moved / DRAWS - before)


def _tried(found: Attributed, model: Loaded, table: Any, background: Any, seed: int) -> Attributed:
    """Take away the leading features of each row, and as many at random, and keep how far the score moves."""
    import numpy as np

    width = table.shape[1]
    if width == 1:
        nothing = np.zeros(len(table))
        return replace(found, leading=nothing, random=nothing)
    count = max(1, width // LEADING_SHARE)
    ranks = np.argsort(np.argsort(-np.abs(found.parts), axis=1, kind="stable"), axis=1)
    drawn = np.argsort(np.random.default_rng(seed).random(ranks.shape), axis=1)
    leading = _without(model, table, background, ranks < count, seed)
    return replace(found, leading=leading, random=_without(model, table, background, drawn < count, seed))


def attribute(model: Loaded, table: Any, seed: int, background: Any = None) -> Attributed:
    """Attribute the rows of the table against a background (by default themselves), as many as the way affords.

    Raises Refused when the parts do not add up to the margin.
    """
    import numpy as np

    table = table[list(model.features)].reset_index(drop=True)
    behind = table if background is None else background[list(model.features)].reset_index(drop=True)
    found = None if model.estimator is None else exact(model, table, behind)
    if found is None or not found.adds_up():
        found = _by_permutations(model, table, behind, seed)
    if not found.adds_up():
        raise Refused(
            f"the attributions ({found.algorithm}) miss the model's output by {found.error():.3g}; the limit is "
            f"{TOLERANCES[found.algorithm]:g}",
            code="not_additive",
        )
    chosen = np.arange(len(table)) if found.chosen is None else found.chosen
    return _tried(replace(found, chosen=chosen), model, table.iloc[chosen].reset_index(drop=True), behind, seed)
