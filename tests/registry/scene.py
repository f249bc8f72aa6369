"""What the tests of the facts share: rows with their schema, an actor, a run, cheap plug-ins."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from celery import current_app

from registry import run
from registry.models import Actor, Project, Run
from registry.sources import mlflow
from tests.governance.api.plugins import CheapServing

SCHEMA: dict[str, Any] = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "x", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [],
    "ignore": [],
}
PLUGINS = "tests.governance.api.plugins"
TASK = "registry.tasks.nothing"


def rows_file(folder: Path, count: int = 4) -> Path:
    """Write a Parquet file that fits SCHEMA."""
    place = folder / f"rows-{count}.parquet"
    pq.write_table(
        pa.table({"x": [float(row) for row in range(count)], "y": [str(row % 2) for row in range(count)]}), place
    )
    return place


def cheapen(settings: Any, monkeypatch: Any) -> None:
    """Put plug-ins that cost nothing in the place of checks, serving and MLflow's aliases; messages go nowhere."""
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    settings.PROBITY_CHECKS = {"cheap": f"{PLUGINS}.check"}
    settings.PROBITY_SERVING_BACKENDS = {"local": f"{PLUGINS}.CheapServing"}
    monkeypatch.setattr(CheapServing, "served", {})
    monkeypatch.setattr(CheapServing, "away", False)
    answers: dict[str, Any] = {"set_alias": None, "delete_alias": None, "read_alias": ("", "")}
    for name, answer in answers.items():
        monkeypatch.setattr(mlflow, name, lambda *_arguments, answer=answer: answer)


def queued(key: str = "", **arguments: Any) -> Run:
    """Start a run that nobody works on yet."""
    return run.start(
        kind="scan",
        task=TASK,
        project=Project.default(),
        subject="test:1",
        actor=Actor.system(),
        key=key,
        arguments=arguments,
    )
