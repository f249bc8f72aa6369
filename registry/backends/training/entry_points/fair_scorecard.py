"""A scorecard that is held to a limit of disparity between groups, and what each limit would cost in accuracy.

``method`` "reductions" (Agarwal et al. 2018; Fairlearn's ExponentiatedGradient and GridSearch) weighs the training rows
anew in many ways and never reads the attribute. "thresholds" (Hardt, Price and Srebro 2016; Fairlearn's
ThresholdOptimizer) moves the threshold of each group, in steps: the attribute must then be a feature, and every report
says that it is used. Either gives scorecards that decide the same way twice; kept is the one with the most right
decisions among those whose disparity on the training rows is within the bound, or, where none is, the one nearest.

Parameters: ``features`` (names), ``target``, ``positive`` (the label that counts as 1), ``sensitive`` (a column);
optional ``edges`` (of bands, where that is a number), ``method``, ``constraint`` ("demographic_parity" or
"equalized_odds"), ``bound`` (the largest difference wanted, by default 0.05), ``rounds`` (of reweighing), ``C``.
The folder written holds ``model.json``, ``model.skops`` and ``trade_off.json``: accuracy and disparity of a scorecard
without a limit and under each of several, on rows held out, as a picture. This file stands alone: it runs inside the
sandbox.
"""

import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient, GridSearch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skops import io

ALGORITHM = "fair_scorecard"
METHODS = ("reductions", "thresholds")
CONSTRAINTS = {
    "demographic_parity": (DemographicParity, "selection rates"),
    "equalized_odds": (EqualizedOdds, "true and false positive rates"),
}
BOUNDS = (0.02, 0.05, 0.1, 0.2)
HELD_OUT = 0.3
STEPS, WAYS = 8, 4
MISSING = "(missing)"
EDGE = 1e-6


class Asked:
    """The parameters, read and checked."""

    def __init__(self, parameters: dict[str, Any], table: Any) -> None:
        self.features = [str(name) for name in parameters["features"]]
        self.target, self.positive = parameters["target"], str(parameters["positive"])
        self.sensitive = str(parameters.get("sensitive", ""))
        self.edges = [float(edge) for edge in parameters.get("edges", ())]
        self.method = str(parameters.get("method", METHODS[0]))
        self.constraint = str(parameters.get("constraint", "equalized_odds"))
        self.bound, self.penalty = float(parameters.get("bound", 0.05)), float(parameters.get("C", 1.0))
        self.rounds = int(parameters.get("rounds", 20))
        missing = [name for name in [*self.features, self.target, self.sensitive] if name not in table.columns]
        if missing:
            raise ValueError(f"the training data lacks the columns {missing}")
        if self.method not in METHODS or self.constraint not in CONSTRAINTS:
            raise ValueError(f"method is one of {METHODS} and constraint one of {tuple(CONSTRAINTS)}")
        if not 0 < self.bound < 1:
            raise ValueError(f"bound is {self.bound}; it must lie between 0 and 1")
        if (self.sensitive in self.features) is (self.method == METHODS[0]):
            how = "must be a feature" if self.method == METHODS[1] else "must not be a feature"
            raise ValueError(f"the sensitive attribute {self.sensitive!r} {how} with the method {self.method}")
        if self.edges and self.method == METHODS[1]:
            raise ValueError("thresholds by group need the groups themselves; bands are made in the data")

    def groups(self, table: Any) -> Any:
        """Return the group of each row."""
        values = table[self.sensitive]
        if self.edges:
            return pd.cut(values, [-np.inf, *self.edges, np.inf], right=False).astype(str).fillna(MISSING).to_numpy()
        return values.astype(object).where(values.notna(), MISSING).astype(str).to_numpy()


def _prepared(table: Any, features: list[str]) -> ColumnTransformer:
    numeric = [name for name in features if table[name].dtype.kind in "iufb"]
    filled = Pipeline(
        [("fill", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    text = [name for name in features if name not in numeric]
    return ColumnTransformer(
        [("numeric", filled, numeric), ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), text)]
    )


class Candidates:
    """Scorecards of one set of rows, the first of them without a limit, with accuracy and disparity of each there."""

    def __init__(self, asked: Asked, table: Any, labels: Any, seed: int) -> None:
        self.asked, self.prepare = asked, _prepared(table, asked.features)
        rows, groups = self.prepare.fit_transform(table[asked.features]), asked.groups(table)
        free = LogisticRegression(C=asked.penalty, max_iter=1000, random_state=seed % 2**32).fit(rows, labels)
        find = self._reweighed if asked.method == METHODS[0] else self._moved
        self.models = [free, *find(free, rows, labels, groups)]
        self.known = [_right_and_apart(asked, one.predict(rows), labels, groups) for one in self.models]

    def _reweighed(self, free: Any, rows: Any, labels: Any, groups: Any) -> list[Any]:
        """Return what Fairlearn's reductions try on their way; those that say the same of every row are left out."""
        constraint = CONSTRAINTS[self.asked.constraint][0]
        search = ExponentiatedGradient(free, constraint(), max_iter=self.asked.rounds)
        grid = GridSearch(free, constraint(), grid_size=self.asked.rounds)
        found = []
        for one in (search, grid):
            one.fit(rows, labels, sensitive_features=groups)
            found += [one for one in one.predictors_ if hasattr(one, "coef_")]
        return [_between(free, one, step / WAYS) for one in found for step in range(1, WAYS + 1)]

    def _moved(self, free: Any, rows: Any, labels: Any, groups: Any) -> list[Any]:
        """Return scorecards whose groups' thresholds move from the common one to Fairlearn's, in steps."""
        search = ThresholdOptimizer(
            estimator=free, constraints=self.asked.constraint, prefit=True, predict_method="predict_proba"
        )
        search.fit(rows, labels, sensitive_features=groups)
        names, shift = list(self.prepare.get_feature_names_out()), np.zeros(free.coef_.shape[1])
        for group, found in search.interpolated_thresholder_.interpolation_dict.items():
            likely = found.operation0 if found.p0 >= found.p1 else found.operation1
            threshold = min(max(float(likely.threshold), EDGE), 1 - EDGE)
            shift[names.index(f"text__{self.asked.sensitive}_{group}")] = -math.log(threshold / (1 - threshold))
        shifted = deepcopy(free)
        shifted.coef_ = free.coef_ + shift
        return [_between(free, shifted, step / STEPS) for step in range(1, STEPS + 1)]

    def within(self, bound: float | None) -> Pipeline:
        """Return the most accurate scorecard within the bound, or else the one nearest to it; without one the first."""
        place = 0
        if bound is not None:
            inside = [place for place, (_, apart) in enumerate(self.known) if apart <= bound]
            nearest = min(range(len(self.known)), key=lambda place: self.known[place][1])
            place = max(inside, key=lambda place: self.known[place][0], default=nearest)
        return Pipeline([("prepare", self.prepare), ("model", self.models[place])])


def _between(one: Any, other: Any, share: float) -> Any:
    """Return the scorecard on the way from one to another."""
    made = deepcopy(one)
    made.coef_ = one.coef_ + (other.coef_ - one.coef_) * share
    made.intercept_ = one.intercept_ + (other.intercept_ - one.intercept_) * share
    return made


def _right_and_apart(asked: Asked, said: Any, labels: Any, groups: Any) -> tuple[float, float]:
    """Return the share of right decisions, and the largest difference between groups in what the constraint is about.

    A rate that a group does not have (no positive label) counts as nothing, as in Fairlearn.
    """
    chosen = np.asarray(said).astype(int)
    parts = [np.ones(len(labels), bool)] if asked.constraint == "demographic_parity" else [labels == 1, labels == 0]
    apart = 0.0
    for part in parts:
        rates = [
            chosen[inside].mean() if inside.any() else 0.0 for inside in (part & (groups == one) for one in set(groups))
        ]
        apart = max(apart, max(rates) - min(rates))
    return float((chosen == labels).mean()), float(apart)


def _labels(table: Any, asked: Asked) -> Any:
    """Encode the target as 1 = positive; a missing or single-valued target is an error, not a class."""
    target = table[asked.target]
    if target.isna().any():
        raise ValueError(f"{int(target.isna().sum())} of {len(target)} rows have no target")
    labels = (target.astype(str) == asked.positive).astype(int)
    if labels.nunique() != 2:  # noqa: PLR2004 - a model of two classes
        raise ValueError(f"the positive label must hold for some rows and not for others; it does for {labels.sum()}")
    return labels.to_numpy()


def _trade_off(asked: Asked, table: Any, labels: Any, seed: int) -> list[dict[str, Any]]:
    """Return accuracy and disparity on held-out rows, without a bound and under each."""
    groups = asked.groups(table)
    cells = pd.Series([f"{label} {group}" for label, group in zip(labels, groups, strict=True)])
    strata = cells if cells.value_counts().min() > 1 else labels
    fit, held = train_test_split(np.arange(len(table)), test_size=HELD_OUT, random_state=seed % 2**32, stratify=strata)
    candidates, found = Candidates(asked, table.iloc[fit], labels[fit], seed), []
    for bound in (None, *sorted({*BOUNDS, asked.bound}, reverse=True)):
        said = candidates.within(bound).predict(table.iloc[held][asked.features])
        accuracy, disparity = _right_and_apart(asked, said, labels[held], groups[held])
        found.append({"bound": bound, "accuracy": accuracy, "disparity": disparity})
    return found


def _picture(asked: Asked, found: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    """Return the trade-off in the form that pages draw: disparity across, accuracy upwards."""
    points = [[_text(one["disparity"]), _text(one["accuracy"])] for one in found]
    chosen = next(place for place, one in enumerate(found) if one["bound"] == asked.bound)
    accuracies = [one["accuracy"] for one in found]
    series = [("under each limit", "own", sorted(points, key=lambda one: float(one[0])))]
    series += [("without a limit", "reference", points[:1]), ("chosen", "mark", points[chosen : chosen + 1])]
    low, high = max(0.0, min(accuracies) - 0.02), min(1.0, max(accuracies) + 0.02)
    width = max(0.05, *(one["disparity"] for one in found)) * 1.1
    return {
        "kind": "lines",
        "title": "What fairness costs here",
        "reading": (
            "Each point is a scorecard: further left the groups are treated more alike, higher up more decisions are "
            f"right. Measured on {rows} rows that none of them learned from."
        ),
        "x": {"label": f"largest difference in {CONSTRAINTS[asked.constraint][1]}", "low": "0", "high": _text(width)},
        "y": {"label": "share of right decisions", "low": _text(low), "high": _text(high)},
        "series": [{"name": name, "style": style, "points": drawn} for name, style, drawn in series],
    }


def _text(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".") or "0"


def _measured(model: Any, table: Any, labels: Any, asked: Asked) -> dict[str, float]:
    scores = model.predict_proba(table[asked.features])[:, 1]
    accuracy, disparity = _right_and_apart(asked, scores >= 0.5, labels, asked.groups(table))  # noqa: PLR2004 - the default
    return {
        "auc": float(roc_auc_score(labels, scores)),
        "log_loss": float(log_loss(labels, scores)),
        "brier": float(brier_score_loss(labels, scores)),
        "accuracy": accuracy,
        "disparity": disparity,
    }


def _save(model: Any, output: Path, asked: Asked) -> None:
    io.dump(model, output / "model.skops")
    described = {
        "format": "skops",
        "file": "model.skops",
        "features": asked.features,
        "positive": "1",
        "positive_label": asked.positive,
        "algorithm": ALGORITHM,
    }
    (output / "model.json").write_text(json.dumps(described, indent=2, sort_keys=True), encoding="utf-8")


def train(tables: dict[str, Any], parameters: dict[str, Any], output: Path, seed: int) -> dict[str, Any]:
    """Fit on the table "train" under the bound; return metrics for every table, and what the bound cost."""
    table = tables["train"].reset_index(drop=True)
    asked = Asked(parameters, table)
    labels = _labels(table, asked)
    found = _trade_off(asked, table, labels, seed)
    model = Candidates(asked, table, labels, seed).within(asked.bound)
    _save(model, output, asked)
    picture = _picture(asked, found, round(HELD_OUT * len(table)))
    (output / "trade_off.json").write_text(json.dumps({"plots": [picture]}, sort_keys=True), encoding="utf-8")
    metrics = {
        f"{role}.{name}": value
        for role, data in tables.items()
        for name, value in _measured(model, data, _labels(data, asked), asked).items()
    }
    free, chosen = found[0], next(one for one in found if one["bound"] == asked.bound)
    metrics |= {f"held_out.{name}": chosen[name] for name in ("accuracy", "disparity")}
    metrics |= {f"held_out_without_limit.{name}": free[name] for name in ("accuracy", "disparity")}
    return {"metrics": metrics, "trade_off": found}
