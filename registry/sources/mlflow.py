"""MLflow, the training system of record: read runs, log ours, and move the alias of a registered model.

Unless ``MLFLOW_TRACKING_URI`` says otherwise, a SQLite store in the instance's own folder is used in this process.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from registry.backends.base import BackendError
from registry.backends.detached import locked
from registry.models import Model

COMMIT_TAG = "mlflow.source.git.commit"
USER_TAG = "mlflow.user"
LOCK = "mlflow.lock"
AT_ONCE = 1000  # metrics that MLflow takes in one batch
Result = TypeVar("Result")


class MlflowError(BackendError):
    """MLflow is away, or does not know what was asked for."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What an MLflow run says of a training: parameters and metrics by name, commit, user, datasets, model source."""

    run_id: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, str]
    commit: str
    user: str
    datasets: tuple[tuple[str, str], ...]
    artifact_path: str


def tracking_uri() -> str:
    """Return where runs are tracked."""
    Path(settings.PROBITY_HOME).mkdir(parents=True, exist_ok=True)
    return str(settings.MLFLOW_TRACKING_URI)


def _client() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    import mlflow

    uri = tracking_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with _alone(uri):
        return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Let one process at a time open the embedded store: the first makes its tables, and two at once break each other.

    A server looks after its own tables.
    """
    if not uri.startswith("sqlite"):
        yield
        return
    with locked(Path(settings.PROBITY_HOME) / LOCK, wait=True):
        yield


def _ask(what: str, call: Callable[[], Result]) -> Result:
    """Call MLflow; every failure is an MlflowError that says what was asked and where."""
    from mlflow.exceptions import MlflowException

    try:
        return call()
    except MlflowException as error:
        missing = error.error_code in {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
        code = "mlflow_missing" if missing else "mlflow_unavailable"
        where = "the embedded MLflow store" if tracking_uri().startswith("sqlite") else "the MLflow server"
        raise MlflowError(f"{where} could not {what}: {error.message}", code=code, retriable=not missing) from error
    except OSError as error:
        raise MlflowError(f"could not {what}: {error}", code="mlflow_unavailable", retriable=True) from error


def registered_name(model: Model) -> str:
    """Return the name of the governed registered model, which belongs to our service account."""
    return f"{model.project.slug}.{model.name}"


def read_run(run_id: str) -> RunFacts:
    """Read a run; raises MlflowError (mlflow_missing, mlflow_unavailable)."""
    client = _client()
    run = _ask(f"read run {run_id}", lambda: client.get_run(run_id))
    inputs = getattr(run.inputs, "dataset_inputs", None) or []
    return RunFacts(
        run_id=run_id,
        parameters=dict(run.data.params),
        metrics={name: repr(value) for name, value in run.data.metrics.items()},
        commit=run.data.tags.get(COMMIT_TAG, ""),
        user=run.data.tags.get(USER_TAG, ""),
        datasets=tuple(
            (next((tag.value for tag in item.tags if tag.key == "mlflow.data.context"), ""), item.dataset.digest)
            for item in inputs
        ),
        artifact_path="model",
    )


def run_of_registered(name: str, version: str) -> str:
    """Return the run id behind a registered model's version."""
    client = _client()
    found = _ask(f"read {name} version {version}", lambda: client.get_model_version(name, version))
    if not found.run_id:
        raise MlflowError(f"{name} version {version} does not say which run made it", code="mlflow_missing")
    return str(found.run_id)


def download_model(run_id: str, folder: Path, artifact_path: str = "model") -> Path:
    """Download the model folder of a run (bytes only: nothing is loaded); raises MlflowError."""
    client = _client()
    found = _ask(
        f"download {artifact_path!r} of run {run_id}",
        lambda: client.download_artifacts(run_id, artifact_path, str(folder)),
    )
    return Path(found)


def log_training(
    *,
    experiment: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    curves: Mapping[str, Sequence[float]],
    tags: Mapping[str, str],
    model_folder: Path,
) -> str:
    """Log a training that ran here, with the curves it left and its model folder, and return the run id."""
    client = _client()

    def log() -> str:
        known = client.get_experiment_by_name(experiment)
        location = Path(settings.MLFLOW_ARTIFACT_ROOT).as_uri() if tracking_uri().startswith("sqlite") else None
        experiment_id = known.experiment_id if known else client.create_experiment(experiment, location)
        run_id = str(client.create_run(experiment_id, tags=dict(tags)).info.run_id)
        for name, value in parameters.items():
            client.log_param(run_id, name, value)
        for name, number in metrics.items():
            client.log_metric(run_id, name, number)
        for name, values in curves.items():
            _log_curve(client, run_id, name, values)
        client.log_artifacts(run_id, str(model_folder), "model")
        client.set_terminated(run_id)
        return run_id

    return _ask("log the training", log)


def _log_curve(client: Any, run_id: str, name: str, values: Sequence[float]) -> None:
    """Log a value per step, as many at once as MLflow takes."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [Metric(name, value, now, step) for step, value in enumerate(values)]
    for start in range(0, len(points), AT_ONCE):
        client.log_batch(run_id, metrics=points[start : start + AT_ONCE])


def register(name: str, *, run_id: str, source: str, tags: Mapping[str, str]) -> str:
    """Register a version of a governed model and return its number in MLflow; the same digest is registered once."""
    client = _client()

    def make() -> str:
        from mlflow.exceptions import MlflowException

        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        for known in client.search_model_versions(f"name='{name}'"):
            if known.tags.get("probity.digest") == tags.get("probity.digest"):
                return str(known.version)
        return str(client.create_model_version(name, source=source, run_id=run_id, tags=dict(tags)).version)

    return _ask(f"register {name}", make)


def artifact_uri(run_id: str) -> str:
    """Return where the model folder of a run lies."""
    client = _client()
    return str(_ask(f"read run {run_id}", lambda: client.get_run(run_id)).info.artifact_uri) + "/model"


def set_alias(name: str, alias: str, version: str) -> None:
    """Point an alias at a version."""
    client = _client()
    _ask(f"move alias {alias} of {name}", lambda: client.set_registered_model_alias(name, alias, version))


def read_alias(name: str, alias: str) -> tuple[str, str]:
    """Return (version, probity.digest tag) that an alias points at, or two empty texts."""
    client = _client()
    try:
        found = _ask(f"read alias {alias} of {name}", lambda: client.get_model_version_by_alias(name, alias))
    except MlflowError as error:
        unknown = getattr(error.__cause__, "error_code", "") == "INVALID_PARAMETER_VALUE"  # of an alias nobody has set
        if error.code == "mlflow_missing" or unknown:
            return "", ""
        raise
    return str(found.version), str(found.tags.get("probity.digest", ""))


def delete_alias(name: str, alias: str) -> None:
    """Take an alias away; taking away what is not there is harmless."""
    client = _client()
    _ask(f"remove alias {alias} of {name}", lambda: client.delete_registered_model_alias(name, alias))


def read_curves(run_id: str) -> tuple[str, dict[str, list[tuple[int, float]]]]:
    """Return a run's status and every metric's history, (step, value) in the order logged; raises MlflowError."""
    client = _client()
    run = _ask(f"read run {run_id}", lambda: client.get_run(run_id))
    found = {}
    for name in sorted(run.data.metrics):
        history = _ask(f"read {name!r} of run {run_id}", partial(client.get_metric_history, run_id, name))
        ordered = sorted(history, key=lambda one: (one.timestamp, one.step))
        found[name] = [(int(one.step), float(one.value)) for one in ordered]
    return str(run.info.status), found
