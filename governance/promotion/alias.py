"""Keep the MLflow alias of a governed model at what is served: intended in our record, then observed."""

from django.db import transaction

from registry.backends.base import BackendError
from registry.ledger.append import append
from registry.models import Actor, Deployment, Environment, Model, ModelVersion
from registry.sources import mlflow

NOTHING = ""


def intend(environment: Environment, model: Model, version: ModelVersion | None, *, actor: Actor) -> None:
    """Record where the alias is to point, in the caller's transaction."""
    append(
        "alias.intended",
        actor=actor,
        subject=f"alias:{environment.pk}:{model.pk}"[:120],
        data={
            "name": mlflow.registered_name(model),
            "alias": environment.mlflow_alias,
            "to": str(version.source.get("mlflow_digest", NOTHING)) if version else NOTHING,
        },
    )


def _point(environment: Environment, model: Model, version: ModelVersion | None) -> str:
    """Move the alias and return the digest it points at afterwards."""
    name, alias = mlflow.registered_name(model), environment.mlflow_alias
    number = str(version.source.get("mlflow_version", "")) if version else ""
    if version is None:
        mlflow.delete_alias(name, alias)
    elif number:
        mlflow.set_alias(name, alias, number)
    return mlflow.read_alias(name, alias)[1]


def move_alias(environment: Environment, model: Model, *, actor: Actor) -> bool:
    """Point the alias at what is desired now, and record what is observed; a failure is recorded, not raised."""
    serving = (
        Deployment.objects.filter(environment=environment, model=model, desired=True)
        .select_related("manifest__champion")
        .first()
    )
    version = serving.manifest.champion if serving else None
    wanted = str(version.source.get("mlflow_digest", NOTHING)) if version else NOTHING
    try:
        found, message = _point(environment, model, version), ""
    except BackendError as error:
        found, message = NOTHING, f"{error.code}: {error}"[:300]
    done = not message and found == wanted
    with transaction.atomic():
        append(
            "alias.observed",
            actor=actor,
            subject=f"alias:{environment.pk}:{model.pk}"[:120],
            data={
                "name": mlflow.registered_name(model),
                "alias": environment.mlflow_alias,
                "to": found,
                "ok": done,
                "message": message,
            },
        )
    return done


def observed(environment: Environment, model: Model) -> str:
    """Return the digest that the alias points at now; raises MlflowError."""
    return mlflow.read_alias(mlflow.registered_name(model), environment.mlflow_alias)[1]
