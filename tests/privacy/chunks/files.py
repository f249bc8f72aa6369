"""Files to cut: made-up rows as CSV, JSON lines or Parquet, gzipped or not."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from privacy.chunks.cut import cut
from privacy.chunks.opening import Source, source
from privacy.chunks.read import read_chunk


def rows(count: int) -> list[dict[str, str]]:
    return [{"id": f"{n:05}", "note": f'row "{n}",\nof {"ü" * (n % 7)}', "plain": f"p{n}"} for n in range(count)]


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value


def as_csv(found: list[dict[str, str]]) -> bytes:
    lines = [",".join(found[0]), *(",".join(map(quoted, row.values())) for row in found)]
    return ("\n".join(lines) + "\n").encode()


def as_jsonl(found: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode()


def as_parquet(found: list[dict[str, str]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(found), sink, row_group_size=400)
    return bytes(sink.getvalue())


MAKERS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


def written(folder: Path, name: str, data: bytes) -> Source:
    place = folder / name
    place.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return source(place, name)


def read_all(one: Source) -> list[list[dict[str, Any]]]:
    """Return the rows of each chunk."""
    found = cut(one)
    return [
        [row for table in read_chunk(one, chunk, found.head) for row in table.to_pylist()] for chunk in found.chunks
    ]
