"""What a check needs to know of a training: its curves, from event files among the version's files or from MLflow."""

from pathlib import PurePosixPath
from typing import Any

from governance.promotion.subject import Subject
from monitoring.statistics.training_curves import document_of
from registry.artifacts import keep_document, read_document, store
from registry.backends.base import BackendError
from registry.checks import Need
from registry.models import ModelVersion, VersionKind
from registry.sources import mlflow
from registry.sources.tensorboard import EventFileError, read_events

EVENT_FILE = "tfevents"


class CurvesUnreadableError(BackendError):
    """An event file of the version is damaged."""


def curves(subject: Subject, _need: Need, _progress: Any) -> str | None:
    """Return the document of the curves that the version's training left; None where it left none."""
    found = _of_files(subject.version) or _of_mlflow(subject.version)
    return str(keep_document(found).pk) if found else None


def _of_files(version: ModelVersion) -> Any:
    """Return the curves of all event files, each named by its folder and tag; None without a file."""
    if version.kind != VersionKind.TREE or version.content_id is None:
        return None
    entries = [one for one in read_document(version.content_id) if EVENT_FILE in PurePosixPath(one["path"]).name]
    if not entries:
        return None
    found: dict[str, list[tuple[int, float]]] = {}
    complete, stopped = True, True
    for entry in sorted(entries, key=lambda one: str(one["path"])):
        try:
            events = read_events(store().get(entry["sha256"]))
        except EventFileError as error:
            raise CurvesUnreadableError(f"{entry['path']}: {error}", code=error.code) from error
        complete, stopped = complete and events.complete, stopped and events.stopped
        folder = PurePosixPath(entry["path"]).parent
        for tag, points in events.scalars.items():
            found.setdefault(str(folder / tag), []).extend(points)
    return document_of("tensorboard", "FINISHED" if stopped else "", found, complete=complete)


def _of_mlflow(version: ModelVersion) -> Any:
    run = version.source.get("mlflow_run")
    if not run:
        return None
    status, found = mlflow.read_curves(str(run))
    return document_of("mlflow", status, found, complete=True) if found else None
