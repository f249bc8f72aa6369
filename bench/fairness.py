"""The count cube beside Fairlearn's MetricFrame: ``bench/fairness.py [--rows N] [--only NAME] [--json]``.

``arrays`` and ``parquet``: five metrics of sixty cells, each value compared, in CPU time of one process; ``parquet``
reads ours from a file with string columns, while the peer is given the loaded frame. ``bootstrap``: one replicate of
these. ``stream`` counts fifty times --rows from batches in a process of its own, and a tenth of that in another.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from measuring import RUNS, Row, cpu, row, show

ROWS = 1_000_000
STREAMED = 50
PART = 1 << 18
REPLICATES = 1000
EXACT = 1e-12
POSITIVE = 0.3
METRICS = ("selection_rate", "tpr", "fpr", "precision", "accuracy")
GROUPS = {
    "sex": ("female", "male"),
    "race": ("asian", "black", "hispanic", "native", "white", "other"),
    "age": ("<25", "25-35", "35-45", "45-55", ">=55"),
}
NAMES = ("arrays", "bootstrap", "parquet", "stream")
Cells = dict[tuple[str, ...], tuple[float, ...]]


def columns(rows: int, seed: int = 1) -> dict[str, Any]:
    """Return labels, predictions and codes of groups; tpr and fpr differ by group."""
    rng = np.random.default_rng(seed)
    codes = {name: rng.integers(0, len(texts), rows).astype(np.int8) for name, texts in GROUPS.items()}
    label = (rng.random(rows) < POSITIVE).astype(np.int8)
    chance = 0.2 + 0.5 * label + 0.02 * codes["race"] - 0.05 * codes["sex"]
    return {"label": label, "prediction": (rng.random(rows) < chance).astype(np.int8), **codes}


def table(made: dict[str, Any], start: int = 0) -> Any:
    """Return the predictions table over these arrays; groups are dictionaries of their texts."""
    import pyarrow as pa

    groups = {
        f"group:{name}": pa.DictionaryArray.from_arrays(pa.array(made[name]), pa.array(texts))
        for name, texts in GROUPS.items()
    }
    rows = pa.array(np.arange(start, start + len(made["label"])))
    return pa.table({"row": rows, "label": made["label"], "prediction": made["prediction"], **groups})


def values(cube: Any) -> Cells:
    """Return the five metrics of every cell."""
    from monitoring.statistics.rates import RATES

    counts = cube.array()
    found = np.stack([RATES[metric].values(counts) for metric in METRICS], axis=1)
    return dict(zip(cube.groups, map(tuple, found.tolist()), strict=True))


def ours(made: dict[str, Any]) -> Cells:
    """Validate, count and calculate from arrays."""
    from monitoring.statistics.cube import count_cube
    from monitoring.statistics.predictions import read_predictions

    return values(count_cube(read_predictions(table(made)), tuple(GROUPS)))


def functions() -> dict[str, Any]:
    """Return Fairlearn's and scikit-learn's functions for the five metrics."""
    from fairlearn import metrics as fairlearn
    from sklearn.metrics import accuracy_score, precision_score

    peers = (fairlearn.selection_rate, fairlearn.true_positive_rate, fairlearn.false_positive_rate)
    return dict(zip(METRICS, (*peers, precision_score, accuracy_score), strict=True))


def framed(made: dict[str, Any], groups: Any, **options: Any) -> Any:
    """Return Fairlearn's MetricFrame with everything calculated."""
    from fairlearn.metrics import MetricFrame

    given = {"y_true": made["label"], "y_pred": made["prediction"], "sensitive_features": groups}
    frame = MetricFrame(metrics=functions(), **given, **options)
    return frame, frame.by_group


def cells_of(by_group: Any) -> Cells:
    """Return the frame's values by cell."""
    found = {}
    for cell, line in zip(by_group.index, by_group[list(METRICS)].to_numpy(), strict=True):
        named = zip(GROUPS.values(), cell, strict=True)
        key = tuple(group if isinstance(group, str) else texts[group] for texts, group in named)
        found[key] = tuple(map(float, line))
    return found


def same(one: Cells, other: Cells) -> bool:
    """Say whether both hold the same cells, and the same values to 1e-12."""
    return one.keys() == other.keys() and all(np.allclose(one[cell], other[cell], rtol=0, atol=EXACT) for cell in one)


def arrays(rows: int, runs: int) -> list[Row]:
    """Compare on arrays in memory."""
    import pandas as pd

    mine, peers, equal = [], [], True
    ours(columns(1000))
    for run in range(runs):
        made = columns(rows, run)
        groups = pd.DataFrame({name: made[name] for name in GROUPS})
        spent, found = cpu(lambda made=made: ours(made))
        slow, (_, by_group) = cpu(lambda made=made, groups=groups: framed(made, groups))
        mine.append(rows / spent)
        peers.append(rows / slow)
        equal = equal and same(found, cells_of(by_group))
    return [row("arrays", mine, peers, unit="rows/s", same=equal, peer_name="fairlearn MetricFrame")]


def bootstrap(rows: int, runs: int) -> list[Row]:
    """Compare one replicate of all five metrics: the frame's with less without, through how many there are."""
    import pandas as pd

    from monitoring.statistics.cube import count_cube
    from monitoring.statistics.family import replicate
    from monitoring.statistics.predictions import read_predictions
    from monitoring.statistics.rates import RATES

    def drawn(cells: Any) -> float:
        blocks = replicate(cells, np.random.default_rng(1), REPLICATES)
        return float(sum(np.nansum(RATES[name].values(block)) for block in blocks for name in METRICS))

    mine, peers = [], []
    for run in range(runs):
        made = columns(rows, run)
        groups = pd.DataFrame({name: made[name] for name in GROUPS})
        cells = count_cube(read_predictions(table(made)), tuple(GROUPS)).array()
        spent, _ = cpu(lambda cells=cells: drawn(cells))
        alone, _ = cpu(lambda made=made, groups=groups: framed(made, groups))
        options = {"n_boot": 2, "ci_quantiles": [0.025, 0.975], "random_state": 1}
        slow, _ = cpu(lambda made=made, groups=groups, options=options: framed(made, groups, **options))
        mine.append(REPLICATES / spent)
        peers.append(2 / max(slow - alone, 1e-9))
    return [row("bootstrap", mine, peers, unit="replicates/s", same=None, peer_name="MetricFrame(n_boot)")]


def parquet(rows: int, runs: int) -> list[Row]:
    """Compare from a file with string columns; the peer's frame is loaded beforehand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    mine, peers, equal = [], [], True
    ours(columns(1000))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.parquet"
        for run in range(runs):
            written = [f"group:{name}" for name in GROUPS]
            made = table(columns(rows, run))
            plain = made.select(["row", "label", "prediction"])
            for name in written:
                plain = plain.append_column(name, made.column(name).cast(pa.string()))
            pq.write_table(plain, file)
            frame = pq.read_table(file).to_pandas()
            groups = frame[written]
            spent, found = cpu(lambda written=written: values(counted(batches(file, written))))
            slow, (_, by_group) = cpu(lambda frame=frame, groups=groups: framed(frame, groups))
            mine.append(rows / spent)
            peers.append(rows / slow)
            equal = equal and same(found, cells_of(by_group))
    return [row("parquet", mine, peers, unit="rows/s", same=equal, peer_name="MetricFrame, loaded frame")]


def batches(file: Path, written: list[str]) -> Any:
    """Return the batches of a file, its string columns as dictionaries of their texts."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(file, read_dictionary=written).iter_batches(batch_size=PART)


def counted(parts: Any) -> Any:
    """Return the cube of batches."""
    from monitoring.statistics.counting import count_batches

    return count_batches(parts, tuple(GROUPS))


def stream(rows: int) -> tuple[list[Row], list[str]]:
    """Count a long stream and a tenth of it, each in a process of its own."""
    few, many = _streamed(rows // 10), _streamed(rows)
    found = [
        Row("stream", many["rate"], few["rate"], "rows/s", many["rate"] / few["rate"], None, f"{rows // 10:,} rows")
    ]
    flat = few["peak"] / many["peak"]
    found.append(
        Row("stream-peak", many["peak"], few["peak"], "MB", flat, many["rows"] == rows, f"{rows // 10:,} rows")
    )
    return found, [f"stream: {rows:,} rows at {many['peak']:.0f} MB, {rows // 10:,} at {few['peak']:.0f} MB"]


def _streamed(rows: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--count", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def count(rows: int) -> None:
    """Count a stream in this process and print rows, rate and peak."""
    making = 0.0

    def parts() -> Iterator[Any]:
        nonlocal making
        for start in range(0, rows, PART):
            spent, made = cpu(lambda start=start: table(columns(min(PART, rows - start), start), start))
            making += spent
            yield from made.to_batches()

    counted(table(columns(1000)).to_batches())
    spent, cube = cpu(lambda: counted(parts()))
    kept = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(kept["VmHWM"].split()[0]) / 1024  # getrusage would count what the parent held when it started us
    print(json.dumps({"rows": int(cube.array().sum()), "rate": rows / (spent - making), "peak": peak}))


def main() -> int:
    """Run the rows that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a predictions table")
    parser.add_argument(
        "--streamed", type=int, default=0, help=f"rows of the stream; by default {STREAMED} times --rows"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="paired runs of each row")
    parser.add_argument("--only", choices=NAMES, action="append", help="this row; may be given again")
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.count:
        count(given.count)
        return 0
    found: list[Row] = []
    notes: list[str] = []
    for name in given.only or NAMES:
        if name == "stream":
            rows, notes = stream(given.streamed or STREAMED * given.rows)
        else:
            rows = {"arrays": arrays, "bootstrap": bootstrap, "parquet": parquet}[name](given.rows, given.runs)
        found += rows
    show(found, as_json=given.json, notes=notes)
    return 0 if all(one.same is not False for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
