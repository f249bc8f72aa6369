"""Train: load the tables, call ``train`` of the entry point, return its metrics; the model lies in its folder."""

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from registry.backends.programs import stage
from registry.backends.programs.failure import Refused


def _entry_point(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("entry_point", path)
    if spec is None or spec.loader is None:
        raise Refused(f"the entry point {path.name!r} is not a Python file", code="entry_point")
    module = importlib.util.module_from_spec(spec)
    sys.modules["entry_point"] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, "train", None)):
        raise Refused(
            f"the entry point {path.name!r} has no function train(tables, parameters, output, seed)", code="entry_point"
        )
    return module


def _plain(value: Any, place: str) -> Any:
    """Return JSON without NaN: numbers of numpy become Python's; anything else is refused by place."""
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if hasattr(value, "item") and callable(value.item):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(f"the training returned {value} as {place}; numbers must be finite", code="training_result")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise Refused(f"the training returned a {type(value).__name__} as {place}", code="training_result")


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Run the entry point on the tables of the request."""
    stage.enter("loading the entry point")
    module = _entry_point(Path(request["entry_point"]))
    stage.enter("reading the data")
    import pandas as pd

    tables = {role: pd.read_parquet(path) for role, path in request["datasets"].items()}
    names = tuple({str(name) for table in tables.values() for name in table.columns})
    output = Path(request["output"])
    output.mkdir(exist_ok=True)
    stage.enter("training", private=True, known=names)
    returned = module.train(tables, request["parameters"], output, request["seed"])
    if not isinstance(returned, dict):
        raise Refused(f"train() returned a {type(returned).__name__}, not a dict", code="training_result")
    if not any(item.is_file() for item in output.rglob("*")):
        raise Refused("the training left no file in its output folder", code="training_output")
    return {"returned": _plain(returned, "$")}
