"""The scanner over files and streams: beside reading alone, what memory it takes, what a second process adds."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pii_tables
from measuring import Row, cpu, row

PART = 50_000
CHUNK = 32_768
MOST_MEMORY = 600
WORDS_KEPT = 64


def memory(rows: int) -> tuple[list[Row], list[str]]:
    """Stream so many rows, and a quarter of them, each in a process of its own."""
    few, many = _stream(rows // 4), _stream(rows)
    found = [
        Row("memory", many["rate"], few["rate"], "rows/s", many["rate"] / few["rate"], None, f"{rows // 4:,} rows"),
        Row("memory-peak", many["peak"], MOST_MEMORY, "MB", MOST_MEMORY / many["peak"], None, "the limit"),
    ]
    return found, [f"memory: {rows:,} rows at {many['peak']:.0f} MB, {rows // 4:,} at {few['peak']:.0f} MB"]


def workers(rows: int, runs: int) -> tuple[list[Row], list[str]]:
    """Scan the same parts with one process and with two, by the clock."""
    pairs = [(_shared(rows, 1), _shared(rows, 2)) for _ in range(runs)]
    ratios = sorted(one / two for one, two in pairs)
    one, two = pairs[0]
    ratio = ratios[len(ratios) // 2]
    return [Row("workers", rows / two, rows / one, "rows/s", ratio, None, "one process")], []


def text(rows: int, runs: int) -> tuple[list[Row], list[str]]:
    """Read and scan a file of texts, beside reading it; megabytes of values a second, by CPU time."""
    import pyarrow.parquet as pq

    from privacy.scan.engine import build_engine
    from privacy.scan.scan import TablePart, scan_part

    engine, ours, theirs, found = build_engine(), [], [], 0
    scan_part(pii_tables.text(500, 999), engine=engine)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "text.parquet"
        pq.write_table(pii_tables.text(rows, 1), place)
        megabytes = pq.read_table(place).nbytes / 1e6

        def scanned() -> TablePart:
            whole = TablePart()
            for batch in pq.ParquetFile(place).iter_batches(CHUNK):
                whole.merge(scan_part(batch, engine=engine))
            return whole

        for _ in range(runs):
            seconds, _table = cpu(lambda: [batch.num_rows for batch in pq.ParquetFile(place).iter_batches(CHUNK)])
            theirs.append(megabytes / seconds)
            seconds, whole = cpu(scanned)
            ours.append(megabytes / seconds)
            found = sum(group.cells for one in whole.columns.values() for group in one.groups.values())  # type: ignore[attr-defined]
    notes = [f"text: {megabytes:.0f} MB of values, something found in {found} of {10 * rows} cells"]
    return [row("text", ours, theirs, unit="MB/s", same=None, peer_name="reading the Parquet file")], notes


def _ask(**work: Any) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).resolve()), json.dumps(work)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _stream(rows: int) -> dict[str, float]:
    process = _ask(stream=rows)
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The process that streams {rows} rows ended with {process.returncode}.")
    found: dict[str, float] = json.loads(said)
    return found


def _shared(rows: int, count: int) -> float:
    """Return the seconds from the moment when all processes are ready until the last has scanned its share."""
    processes = [_ask(dense=rows // count, seed=number + 1) for number in range(count)]
    for one in processes:
        assert one.stdout is not None
        one.stdout.readline()
    began = time.perf_counter()
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in processes:
        assert one.stdout is not None
        one.stdout.readline()
    seconds = time.perf_counter() - began
    for one in processes:
        one.communicate()
    return seconds


def part(number: int) -> Any:
    """Return a part of a feature table; numbers are made by Arrow's own random function, as fast as they are read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = {f"f{index}": pc.random(PART, initializer=number * 10 + index) for index in range(4)}
    rows = pa.array(range(number * PART, (number + 1) * PART))
    kinds = pa.array([f"{one}_{index}" for one in pii_tables.WORDS for index in range(WORDS_KEPT)])
    chosen = pc.cast(pc.multiply(numbers["f0"], len(kinds) - 1), pa.int32(), safe=False)
    texts = {name: pc.cast(pc.multiply(column, 1000.0), pa.string()) for name, column in numbers.items()}
    return pa.table({"row_id": pc.cast(rows, pa.string()), **texts, "category": kinds.take(chosen)})


def _streaming(rows: int) -> None:
    from privacy.scan.engine import build_engine
    from privacy.scan.scan import TablePart, scan_part

    engine, whole, spent = build_engine(), TablePart(), 0.0
    scan_part(part(0).slice(0, 500), engine=engine)
    for number in range(rows // PART):
        table = part(number)
        began = time.process_time()
        whole.merge(scan_part(table, engine=engine))
        spent += time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": whole.rows / spent, "peak": peak}))


def _sharing(rows: int, seed: int) -> None:
    from privacy.scan.engine import build_engine
    from privacy.scan.scan import scan_part

    engine, table = build_engine(), pii_tables.dense(rows, seed)
    scan_part(table.slice(0, 50), engine=engine)
    print("ready", flush=True)
    sys.stdin.readline()
    scan_part(table, engine=engine)
    print("done", flush=True)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if "stream" in asked:
        _streaming(asked["stream"])
    else:
        _sharing(asked["dense"], asked["seed"])
