"""Ask a model in the sandbox for its predictions and attributions on one dataset, and believe only what fits."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends import sandbox
from registry.backends.base import BackendError
from registry.backends.child import read_left
from registry.backends.failures import SandboxError, SandboxRefusedError
from registry.backends.programs.infer import ATTRIBUTIONS, PREDICTIONS, ROWS
from registry.backends.sandbox import ISOLATED, Limits

WANTS = ("predictions", "attributions")
MAX_ROWS = 1000
MOST_ROWS = 20_000_000
SUM_TOLERANCES = {"linear": 1e-5, "tree": 1e-5, "permutation": 1e-5, "pred_contribs": 1e-4}  # XGBoost: single precision
SPACES = {"log-odds", "probability"}
OWN = ("base", "margin", "deletion:leading", "deletion:random")


class InferenceError(BackendError):
    """A model did not give what was asked of it; ``code`` says why, ``log`` is what it printed."""

    def __init__(self, message: str, *, code: str, log: str = "") -> None:
        """Keep the log as well."""
        super().__init__(message, code=code)
        self.log = log


@dataclass(frozen=True, slots=True)
class Inference:
    """Where the tables lie (Arrow files), what is known of them, how the model was isolated, what it printed."""

    predictions: Path | None
    attributions: Path | None
    meta: dict[str, Any]
    isolation: str
    log: str


def failed(error: SandboxError) -> InferenceError:
    """Return what a failure of the sandbox is for whoever asked a model."""
    if isinstance(error, SandboxRefusedError):
        return InferenceError(f"The model was refused: {error}.", code=f"inference_{error.reason}", log=error.log)
    code = error.code.replace("sandbox_", "inference_", 1)
    return InferenceError(f"The model gave no answer: {error}.", code=code, log=error.log)


def _wrong(sentence: str, code: str) -> InferenceError:
    return InferenceError(sentence, code=code)


def _numbers(path: Path, rows: int, columns: int) -> Any:
    """Read rows x columns of finite raw float64; raises InferenceError."""
    import numpy as np

    expected = rows * columns * 8
    data = read_left(path, expected)
    if len(data) != expected:
        raise _wrong(f"The model left {len(data)} bytes of {path.stem}; {expected} were expected.", "inference_shape")
    values = np.frombuffer(data, dtype="<f8").reshape(rows, columns)
    if bad := int((~np.isfinite(values)).sum()):
        raise _wrong(f"The model left {bad} numbers of {path.stem} that are not finite.", "inference_not_finite")
    return values


def _write(columns: dict[str, Any], path: Path) -> Path:
    import pyarrow as pa

    table = pa.table(columns)
    temporary = path.with_suffix(".part")
    with pa.OSFile(str(temporary), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    temporary.replace(path)
    return path


def keep_predictions(work: Path, out: Path, rows: int) -> Path:
    """Write what was left in ``work`` as a table in ``out``: one score in [0, 1] per row; raises InferenceError."""
    import numpy as np

    found = _numbers(work / PREDICTIONS, rows, 1)[:, 0]
    if bad := int(((found < 0) | (found > 1)).sum()):
        raise _wrong(f"The model gave {bad} scores of {rows} outside [0, 1].", "inference_out_of_range")
    return _write({"row": np.arange(rows, dtype=np.int64), "score": found}, out / "predictions.arrow")


def _described(document: dict[str, Any], rows: int) -> dict[str, Any]:
    found = document.get("attributions")
    if not isinstance(found, dict) or found.get("algorithm") not in SUM_TOLERANCES or found.get("space") not in SPACES:
        raise _wrong("The answer does not say how the attributions were made.", "inference_result")
    if type(found.get("rows")) is not int or not 0 < found["rows"] <= rows:
        raise _wrong(f"The answer speaks of {found.get('rows')!r} attributed rows of {rows}.", "inference_shape")
    return found


def _chosen(work: Path, count: int, rows: int) -> Any:
    """Read the numbers of the attributed rows; raises InferenceError unless they are increasing and exist."""
    import numpy as np

    numbers = _numbers(work / ROWS, count, 1)[:, 0]
    chosen = numbers.astype(np.int64)
    if (chosen != numbers).any() or (np.diff(chosen) <= 0).any() or chosen[0] < 0 or chosen[-1] >= rows:
        raise _wrong("The attributed rows are not increasing row numbers of the dataset.", "inference_shape")
    return chosen


def _attributions(work: Path, out: Path, document: dict[str, Any], rows: int, seed: int) -> tuple[Path, dict[str, Any]]:
    import numpy as np

    features, found = document["model_features"], _described(document, rows)
    values = _numbers(work / ATTRIBUTIONS, found["rows"], len(features) + len(OWN))
    chosen = _chosen(work, found["rows"], rows)
    parts, own = values[:, : len(features)], dict(zip(OWN, values[:, len(features) :].T, strict=True))
    gap = np.abs(parts.sum(axis=1) + own["base"] - own["margin"])
    if (gap > SUM_TOLERANCES[found["algorithm"]] * np.maximum(1, np.abs(own["margin"]))).any():
        raise _wrong("The attributions do not add up to the model's output.", "inference_not_additive")
    columns = {name: np.ascontiguousarray(parts[:, index]) for index, name in enumerate(features)}
    columns |= {name: column.copy() for name, column in own.items()} | {"row": chosen}
    meta = {"algorithm": found["algorithm"], "space": found["space"], "features": features, "rows": found["rows"]}
    path = _write(columns, out / "attributions.arrow")
    (out / "attributions.json").write_text(json.dumps(meta | {"seed": seed}, sort_keys=True), encoding="utf-8")
    return path, meta | {"seed": seed}


def _check_shape(document: dict[str, Any], data: Path) -> int:
    import pyarrow.parquet as pq

    rows = int(pq.read_metadata(data).num_rows)
    if document.get("rows") != rows:
        raise _wrong(
            f"The model answered for {document.get('rows')!r} rows; the dataset has {rows}.", "inference_shape"
        )
    if not 0 < rows <= MOST_ROWS:
        raise _wrong(f"The dataset has {rows} rows; between 1 and {MOST_ROWS} can be judged.", "inference_rows")
    names = document.get("model_features")
    plain = isinstance(names, list) and names and all(isinstance(item, str) for item in names)
    if not plain or len(set(names or [])) != len(names or []) or {*OWN, "row"} & set(names or []):
        raise _wrong("The model's features are not distinct names.", "inference_result")
    return rows


def infer(
    model_folder: Path,
    data_path: Path,
    *,
    features: Sequence[str],
    positive: str,
    want: Sequence[str] = ("predictions",),
    seed: int,
    workdir: Path,
    isolation: str = ISOLATED,
    on_tick: Callable[[], None] | None = None,
    limits: Limits | None = None,
    max_rows: int = MAX_ROWS,
    background: Path | None = None,
) -> Inference:
    """Score every row of a Parquet file, and attribute up to ``max_rows`` of them; raises InferenceError.

    Rows are explained against one another, or against the ``background``: another Parquet file of the same columns.
    Writes ``predictions.arrow`` (row, score), ``attributions.arrow`` and ``attributions.json`` into ``workdir``.
    """
    if not want or set(want) - set(WANTS):
        raise _wrong(f"An inference can want {WANTS}, not {tuple(want)}.", "inference_want")
    model, data, work = model_folder.resolve(), data_path.resolve(), workdir / "inside"
    request = {
        "model": str(model), "data": str(data), "features": list(features), "positive": positive,
        "want": list(want), "seed": seed % 2**32, "max_rows": max_rows,
    }  # fmt: skip
    readable = [model, data]
    if background is not None:
        request["background"] = str(background.resolve())
        readable.append(background.resolve())
    try:
        done = sandbox.run(
            "infer", request, readable=readable, workdir=work, isolation=isolation, on_tick=on_tick, limits=limits
        )
        return _collected(done, work=work, out=workdir, data=data, want=tuple(want), seed=seed)
    except SandboxError as error:
        raise failed(error) from error


def _collected(
    done: sandbox.SandboxResult, *, work: Path, out: Path, data: Path, want: tuple[str, ...], seed: int
) -> Inference:
    rows = _check_shape(done.document, data)
    predictions = keep_predictions(work, out, rows) if "predictions" in want else None
    attributions, meta = None, {"rows": rows}
    if "attributions" in want:
        attributions, meta = _attributions(work, out, done.document, rows, seed)
    return Inference(predictions, attributions, meta, done.isolation, done.log)
