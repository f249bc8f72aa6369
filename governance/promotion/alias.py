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
    if number:
        mlflow.set_alias(name, alias, number)
    elif mlflow.read_alias(name, alias)[0]:  # nothing serves, or what MLflow does not know: it points at neither
        mlflow.delete_alias(name, alias)
    return mlflow.read_alias(name, alias)[1]


def _desired(environment: Environment, model: Model) -> tuple[ModelVersion | None, str]:
    """Return the version that is to serve now, and the digest that the alias is to point at."""
    serving = (
        Deployment.objects.filter(environment=environment, model=model, desired=True)
        .select_related("manifest__champion")
        .first()
    )
    version = serving.manifest.champion if serving else None
    return version, str(version.source.get("mlflow_digest", NOTHING)) if version else NOTHING


@transaction.atomic
def _record(environment: Environment, model: Model, *, actor: Actor, to: str, ok: bool, message: str) -> None:
    append(
        "alias.observed",
        actor=actor,
        subject=f"alias:{environment.pk}:{model.pk}"[:120],
        data={
            "name": mlflow.registered_name(model),
            "alias": environment.mlflow_alias,
            "to": to,
            "ok": ok,
            "message": message,
        },
    )


def move_alias(environment: Environment, model: Model, *, actor: Actor) -> bool:
    """Point the alias at what is desired now, and record what is observed; a failure is recorded, not raised."""
    version, wanted = _desired(environment, model)
    try:
        found, message = _point(environment, model, version), ""
    except BackendError as error:
        found, message = NOTHING, f"{error.code}: {error}"[:300]
    done = not message and found == wanted
    _record(environment, model, actor=actor, to=found, ok=done, message=message)
    return done


def put_back(environment: Environment, model: Model, *, actor: Actor) -> bool:
    """Move the alias back where it should point if it does not, and record both; raises MlflowError."""
    found, (_, wanted) = observed(environment, model), _desired(environment, model)
    if found == wanted:
        return False
    _record(environment, model, actor=actor, to=found, ok=False, message="found elsewhere than our record says")
    move_alias(environment, model, actor=actor)
    return True


def observed(environment: Environment, model: Model) -> str:
    """Return the digest that the alias points at now; raises MlflowError."""
    return mlflow.read_alias(mlflow.registered_name(model), environment.mlflow_alias)[1]
