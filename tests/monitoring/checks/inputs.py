"""What a check is given, held in memory: tables and documents by name, and tables made from plain columns."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from registry.canonical import digest
from registry.checks import Check, Context, Inputs, Outcome, Report

SCHEMA: dict[str, Any] = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "bmi", "kind": "numeric"}, {"name": "bp", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex"}, {"name": "age_band", "column": "age", "bins": ["55"]}],
    "ignore": [],
}


class Collected:
    """Implements Inputs."""

    def __init__(self, **given: Any) -> None:
        self.given = given

    def has(self, name: str) -> bool:
        return name in self.given

    def table(self, name: str) -> pa.Table:
        return self.given[name]

    def document(self, name: str) -> Any:
        return self.given[name]

    def digests(self) -> Mapping[str, str]:
        return {name: _digest(item) for name, item in self.given.items()}


def _digest(item: Any) -> str:
    if not isinstance(item, pa.Table):
        return digest(item)
    return hashlib.sha256(str(item.to_pydict()).encode()).hexdigest()


def predictions(label, prediction, score=None, row=None, **groups) -> pa.Table:
    """Make a predictions table; ``groups`` by attribute."""
    columns = {
        "row": list(range(len(label))) if row is None else row,
        "label": label,
        "prediction": prediction,
        **({} if score is None else {"score": score}),
        **{f"group:{name}": values for name, values in groups.items()},
    }
    return pa.table(columns)


def random_predictions(n=200, seed=0) -> pa.Table:
    """Make plausible predictions with two attributes."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    score = np.clip(0.5 + (label - 0.5) * 0.3 + rng.normal(0, 0.2, n), 0, 1)
    sex, age = rng.choice(["1", "2"], n), rng.choice(["<55", ">=55"], n)
    return predictions(label, (score >= 0.5).astype("int8"), score, sex=sex, age_band=age)


def rows(n=200, seed=0) -> pa.Table:
    """Make rows of the schema, some of them doubled and with a gap."""
    rng = np.random.default_rng(seed)
    bmi, bp = rng.normal(25, 4, n).tolist(), rng.normal(90, 9, n).tolist()
    sex, age, y = rng.choice(["1", "2"], n).tolist(), rng.integers(20, 80, n).tolist(), rng.integers(0, 2, n).tolist()
    found = pa.table({"bmi": [None, *bmi[1:]], "bp": bp, "sex": sex, "age": age, "y": y})
    return pa.concat_tables([found.slice(0, n - 5), found.slice(0, 5)])


def perturbed(n=40, seed=0) -> pa.Table:
    """Make answers to changed rows, of two features."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(size=n)
    score = np.clip(base + rng.normal(0, 0.1, n), 0, 1)
    feature = ["bmi", "bp"] * (n // 2)
    columns = {"row": np.arange(n) // 2, "feature": feature, "score": score, "base_score": base}
    return pa.table({**columns, "prediction": score >= 0.5, "base_prediction": base >= 0.5})


def attributions(n=200, seed=0, features=("bmi", "bp"), weights=(1.0, 0.5)) -> tuple[pa.Table, dict[str, Any]]:
    """Make additive attributions of a linear model whose first feature leans on sex."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["1", "2"], n)
    values = rng.normal(size=(n, len(features))) * np.array(weights)
    values[:, 0] += np.where(sex == "2", weights[0], 0.0)
    columns = {name: values[:, index] for index, name in enumerate(features)}
    margin = 0.25 + values.sum(axis=1)
    age = rng.choice(["<55", ">=55"], n)
    own = {"base": np.full(n, 0.25), "margin": margin, "row": np.arange(n), "group:sex": sex, "group:age_band": age}
    meta = {"algorithm": "linear", "space": "log-odds", "features": list(features), "rows": n, "seed": seed}
    return pa.table({**columns, **own}), meta


def measure(check: Check, inputs: Inputs, seed: int = 7, **parameters: Any) -> Outcome:
    """Run a check once."""
    return check.measure(inputs, Context(seed=seed, parameters=parameters))


def report(check: Check, inputs: Inputs, seed: int = 7, **parameters: Any) -> Report:
    """Run a check once and wrap its outcome."""
    outcome = measure(check, inputs, seed, **parameters)
    return Report(check.name, check.version, inputs.digests(), parameters, seed, outcome)


def one(outcome: Outcome, metric: str, group: str = "") -> Any:
    """Return the only measurement of that metric and group."""
    found = [item for item in outcome.measurements if item.metric == metric and item.group == group]
    assert len(found) == 1, f"{len(found)} measurements of {metric} for {group!r}"
    return found[0]
