"""Diabetes data, a small trained model of each kind, and helpers that run hostile code in the sandbox."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from registry.backends import sandbox
from registry.backends.sandbox import Limits, SandboxResult

ENTRY_POINTS = Path(sandbox.__file__).parent / "training" / "entry_points"


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diabetes")
    bunch = load_diabetes(scaled=False, as_frame=True)
    table = bunch.data.assign(progression_high=(bunch.target > bunch.target.quantile(0.6)).astype(int))
    table["sex"] = table["sex"].map({1.0: "female", 2.0: "male"})
    table.to_parquet(folder / "data.parquet")
    return SimpleNamespace(table=table, path=folder / "data.parquet", features=list(bunch.data.columns))


@pytest.fixture(scope="session")
def trained(tmp_path_factory, diabetes):
    """Return a function that trains an entry point once and returns its folder."""
    made: dict[str, Path] = {}

    def train(name: str) -> Path:
        if name not in made:
            work = tmp_path_factory.mktemp(name)
            parameters = {"features": diabetes.features, "target": "progression_high", "positive": "1", "trees": 15}
            request = {
                "entry_point": str(ENTRY_POINTS / f"{name}.py"),
                "datasets": {"train": str(diabetes.path)},
                "parameters": parameters,
                "output": str(work / "model"),
                "seed": 7,
            }
            sandbox.run("train", request, readable=[ENTRY_POINTS / f"{name}.py", diabetes.path], workdir=work)
            made[name] = work / "model"
        return made[name]

    return train


@pytest.fixture
def run_code(tmp_path) -> Callable[..., SandboxResult]:
    """Return a function that runs the body of a ``train`` function in the sandbox."""

    def run(body: str, limits: Limits | None = None, on_tick=None, isolation=sandbox.ISOLATED) -> SandboxResult:
        entry = tmp_path / "entry.py"
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        entry.write_text(f"def train(tables, parameters, output, seed):\n{lines}    return {{}}\n")
        request = {
            "entry_point": str(entry),
            "datasets": {},
            "parameters": {"outside": str(tmp_path)},
            "output": str(tmp_path / "work" / "output"),
            "seed": 1,
        }
        return sandbox.run(
            "train",
            request,
            readable=[entry],
            workdir=tmp_path / "work",
            limits=limits,
            on_tick=on_tick,
            isolation=isolation,
        )

    return run


@pytest.fixture
def pyfunc_model(tmp_path) -> Callable[[str], Path]:
    """Return a function that makes an MLflow model folder whose loader runs the given code."""

    def make(code: str) -> Path:
        folder = tmp_path / "mlflow-model"
        (folder / "code").mkdir(parents=True)
        (folder / "MLmodel").write_text(
            "flavors:\n  python_function:\n    loader_module: hostile_loader\n    code: code\n    env: {}\n"
        )
        lines = "".join(f"    {line}\n" for line in code.splitlines())
        (folder / "code" / "hostile_loader.py").write_text(
            "import numpy as np\n"
            "class Model:\n    def __init__(self, answer): self.answer = answer\n"
            "    def predict(self, data, params=None): return self.answer(data)\n\n"
            f"def _load_pyfunc(path):\n{lines}"
        )
        return folder

    return make


RUNS_CODE = """
import numpy as np
class Model:
    classes_ = [0, 1]
    def __init__(self, answer): self.answer = answer
    def predict_proba(self, table):
        found = np.asarray(self.answer(table))
        return np.column_stack([1 - found, found]) if found.shape == (len(table),) else np.zeros((3, 2))
def load():
"""


class RunsCode:
    """What a pickle does while it is loaded: it runs code, and is replaced by what that returns."""

    def __init__(self, code: str) -> None:
        lines = "".join(f"    {line}\n" for line in code.splitlines())
        self.source = f"{RUNS_CODE}{lines}    return Model(lambda table: np.full(len(table), 0.5))\n"

    def __reduce__(self):
        return eval, ("(exec(source, names := {}), names['load']())[1]", {"source": self.source})


@pytest.fixture
def hostile_model(tmp_path) -> Callable[[str], Path]:
    """Return a function that makes a joblib model which runs the given code when it is loaded: MLflow is slow."""

    def make(code: str, features=("a", "b")) -> Path:
        import joblib

        folder = tmp_path / "hostile-model"
        folder.mkdir()
        joblib.dump(RunsCode(code), folder / "model.joblib")
        described = {"format": "joblib", "file": "model.joblib", "features": list(features)}
        (folder / "model.json").write_text(json.dumps(described))
        return folder

    return make


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 10, "b": [4.0, 3.0, 2.0, 1.0] * 10, "y": [0, 0, 1, 1] * 10})
