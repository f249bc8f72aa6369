"""Use case: train a version on a backend. The run is submitted once and polled; the result is logged and registered."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction

from registry import catalog, run
from registry.artifacts import keep_tree, local_path
from registry.backends.base import BackendError, FindsTraining, RunSpec, RunState, RunStatus
from registry.canonical import decimal_string
from registry.infer import isolation
from registry.models import Actor, Assurance, DatasetVersion, Model, ModelVersion, Run, RunKind, VersionKind
from registry.register.versions import Member, register_model_version
from registry.run import Lease, Wait
from registry.sources import mlflow

TRAIN = "registry.tasks.train"
POLL_SECONDS = 1.0


class TrainingFailedError(BackendError):
    """The training ended without a model; the message is its last word."""


@transaction.atomic
def start_training(
    *,
    model: Model,
    entry_point: str,
    dataset_version: DatasetVersion,
    features: Sequence[str],
    actor: Actor,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    backend: str = "local",
    commit: str = "",
) -> Run:
    """Queue a training; raises NotListedError for an unknown entry point, TrainingFailedError for unknown features."""
    catalog.entry_point(entry_point)
    known = {feature["name"] for feature in dataset_version.schema["features"]}
    if unknown := set(features) - known:
        raise TrainingFailedError(f"{sorted(unknown)} are not features of {dataset_version}", code="unknown_feature")
    return run.start(
        kind=RunKind.TRAIN,
        task=TRAIN,
        project=model.project,
        subject=f"model:{model.pk}",
        actor=actor,
        arguments={
            "entry_point": entry_point,
            "dataset_version": str(dataset_version.pk),
            "features": list(features),
            "parameters": {name: _exact(value) for name, value in (parameters or {}).items()},
            "seed": seed,
            "backend": backend,
            "commit": commit,
        },
    )


def _exact(value: Any) -> Any:
    """Return a float as its decimal text: parameters are part of a version's identity, which holds no floats."""
    return decimal_string(value) if isinstance(value, float) else value


def _folder(run_: Run) -> Path:
    return Path(settings.PROBITY_HOME) / "training" / str(run_.pk)


def _spec(run_: Run, dataset_version: DatasetVersion) -> RunSpec:
    schema, asked = dataset_version.schema, run_.arguments
    return RunSpec(
        run_id=str(run_.pk),
        entry_point=catalog.entry_point(asked["entry_point"]),
        datasets={"train": local_path(dataset_version.content_id)},
        parameters={
            **asked["parameters"],
            "features": asked["features"],
            "target": schema["target"],
            "positive": schema["positive"],
        },
        seed=asked["seed"],
        workdir=_folder(run_),
    )


def train(run_: Run, lease: Lease) -> dict[str, Any] | Wait:
    """Do the work of a TRAIN run: submit, then poll until it ended, then log and register what it made."""
    dataset_version = DatasetVersion.objects.get(pk=run_.arguments["dataset_version"])
    backend = catalog.training_backend(run_.arguments["backend"])
    if not run_.handle:
        return Wait(POLL_SECONDS, backend.submit(_spec(run_, dataset_version)))
    status = backend.poll(run_.handle)
    lease.beat(0.5, status.message or str(status.state))
    if status.state in {RunState.PENDING, RunState.RUNNING}:
        return Wait(POLL_SECONDS, run_.handle)
    if status.state != RunState.SUCCEEDED or status.output is None:
        raise TrainingFailedError(f"the training ended {status.state}: {status.message}", code="training_failed")
    version = _register(run_, dataset_version, status, status.output)
    return {"version": str(version.pk), "number": version.number}


def stop_training(run_: Run) -> None:
    """Let nothing of a TRAIN run go on at its backend, also where whoever submitted it died before keeping its handle.

    Raises BackendError when the backend cannot stop it now.
    """
    backend = catalog.training_backend(run_.arguments["backend"])
    finder = cast("FindsTraining", backend) if hasattr(backend, "find") else None
    handle = run_.handle or (finder.find(str(run_.pk), _folder(run_)) if finder else None)
    if handle:
        backend.cancel(handle)


def _register(run_: Run, dataset_version: DatasetVersion, status: RunStatus, output: Path) -> ModelVersion:
    asked = run_.arguments
    model = Model.objects.select_related("project").get(pk=run_.subject.partition(":")[2])
    content = keep_tree(output)
    if known := ModelVersion.objects.filter(model=model, source__run=str(run_.pk)).first():
        return known
    tracked = _log(run_, model, dataset_version, status, output, content.digest)
    return register_model_version(
        model=model,
        kind=VersionKind.TREE,
        content=content,
        datasets=[("train", dataset_version)],
        commit=asked["commit"],
        assurance=Assurance.BUILT_HERE,
        details={
            "features": asked["features"],
            "entry_point": asked["entry_point"],
            "parameters": {name: str(value) for name, value in asked["parameters"].items()},
            "seed": asked["seed"],
            "isolation": isolation(),
        },
        facts=[("metric", name, decimal_string(value)) for name, value in sorted(status.metrics.items())],
        people=[Member("trainer", run_.requested_by)],
        source={**tracked, "run": str(run_.pk), "backend": asked["backend"]},
        actor=Actor(principal=run_.requested_by, role="trainer", auth="task"),
    )


def _log(  # noqa: PLR0917 - what one training leaves behind
    run_: Run, model: Model, dataset_version: DatasetVersion, status: RunStatus, output: Path, content: str
) -> dict[str, str]:
    """Log the training to MLflow, which is the system of record, and register the governed version there."""
    asked, name = run_.arguments, mlflow.registered_name(model)
    tags = {
        "probity.run": str(run_.pk),
        "probity.dataset": dataset_version.digest,
        "probity.digest": content,
        mlflow.COMMIT_TAG: asked["commit"],
    }
    mlflow_run = mlflow.log_training(
        experiment=name,
        parameters={**asked["parameters"], "entry_point": asked["entry_point"], "seed": asked["seed"]},
        metrics=status.metrics,
        curves=status.curves,
        tags=tags,
        model_folder=output,
    )
    number = mlflow.register(name, run_id=mlflow_run, source=mlflow.artifact_uri(mlflow_run), tags=tags)
    return {"mlflow_run": mlflow_run, "mlflow_version": number, "mlflow_digest": content}


def import_version(
    *,
    model: Model,
    run_id: str,
    features: Sequence[str],
    datasets: Sequence[tuple[str, DatasetVersion]],
    actor: Actor,
) -> ModelVersion:
    """Register a version from an MLflow run: model bytes, metrics, parameters, commit, user; nothing is loaded.

    Raises MlflowError when the server is away or does not know the run.
    """
    facts = mlflow.read_run(run_id)
    with tempfile.TemporaryDirectory(prefix="probity-import-") as folder:
        content = keep_tree(mlflow.download_model(run_id, Path(folder)))
    name = mlflow.registered_name(model)
    tags = {"probity.digest": content.digest, "probity.dataset": ",".join(version.digest for _, version in datasets)}
    number = mlflow.register(name, run_id=run_id, source=mlflow.artifact_uri(run_id), tags=tags)
    people = [Member("trainer", identity_kind="mlflow", identity=facts.user)] if facts.user else []
    declared = {f"{context or 'dataset'}.digest": value for context, value in facts.datasets}
    return register_model_version(
        model=model,
        kind=VersionKind.TREE,
        content=content,
        datasets=datasets,
        commit=facts.commit,
        assurance=Assurance.DECLARED,
        details={"features": list(features), "mlflow_run": run_id},
        facts=[
            *[("metric", key, value) for key, value in sorted(facts.metrics.items())],
            *[("parameter", key, value) for key, value in sorted(facts.parameters.items())],
            *[("tag", key, value) for key, value in sorted(declared.items())],
        ],
        people=people,
        source={"mlflow_run": run_id, "mlflow_version": number, "mlflow_digest": content.digest},
        actor=actor,
    )
