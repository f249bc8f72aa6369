"""Dataset versions to scan, in partitions or not, and workers that take turns in one process."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from privacy import examine
from registry import run
from registry.artifacts import keep_bytes, keep_tree
from registry.ledger import read
from registry.models import Actor, Artifact, DatasetVersion, Project, Run
from registry.register.datasets import record_dataset_version
from tests.privacy.patients import patients

SCHEMA = {
    "target": "progression",
    "positive": "1",
    "features": [{"name": "age", "kind": "numeric"}],
    "identifiers": [],
    "text": ["note"],
    "sensitive": [],
    "ignore": ["email", "ssn"],
}


def registered(content: Artifact, *, rows: int = 30, name: str = "patients", **changes: Any) -> DatasetVersion:
    return record_dataset_version(
        project=Project.default(),
        name=name,
        content=content,
        rows=rows,
        schema=SCHEMA | changes,
        actor=Actor.system("command"),
    )


def few(seed: int, rows: int) -> Any:
    """Return a few columns of made-up patients."""
    return patients(seed, rows).select(["age", "email", "note", "ssn", "progression"])


def partitioned(folder: Path, *seeds: int, rows: int = 10) -> Artifact:
    """Keep a folder of made-up patients, one Parquet file of two row groups for each seed."""
    folder.mkdir()
    for number, seed in enumerate(seeds):
        pq.write_table(few(seed, rows), folder / f"part-{number}.parquet", row_group_size=(rows + 1) // 2)
    (folder / "_SUCCESS").touch()
    return keep_tree(folder)


def kept(data: bytes, media_type: str = "text/csv") -> Artifact:
    return keep_bytes(data, media_type)


def started(version: DatasetVersion) -> Run:
    return examine.start_scan(version, actor=Actor.system("command"))


def done(queued: Run) -> Run:
    ended = run.perform(str(queued.pk), examine.scan)
    assert ended is not None
    return ended


def events(kind: str) -> list[dict[str, Any]]:
    return [entry.document()["data"] for entry in read.entries(kind=kind)]
