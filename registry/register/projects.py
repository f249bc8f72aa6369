"""Register projects, environments, models, and the rows on which an environment evaluates a model."""

from django.db import transaction

from registry.ledger.append import append
from registry.models import Actor, DatasetVersion, Environment, EvaluationSet, Model, Project


class OtherProjectError(ValueError):
    """What is to be used together belongs to different projects."""

    code = "other_project"


@transaction.atomic
def create_project(*, slug: str, name: str, actor: Actor) -> Project:
    """Make a project."""
    project = Project(slug=slug, name=name)
    project.full_clean()
    project.save()
    append("project.created", actor=actor, subject=f"project:{project.pk}", data={"slug": slug})
    return project


@transaction.atomic
def create_environment(
    *, project: Project, name: str, actor: Actor, serving_backend: str = "local", mlflow_alias: str = "champion"
) -> Environment:
    """Make a place of release."""
    environment = Environment(project=project, name=name, serving_backend=serving_backend, mlflow_alias=mlflow_alias)
    environment.full_clean()
    environment.save()
    append(
        "environment.created",
        actor=actor,
        subject=f"environment:{environment.pk}",
        data={"project": str(project.pk), "name": name, "backend": serving_backend},
    )
    return environment


@transaction.atomic
def register_model(*, project: Project, name: str, tier: str, intended_use: str, actor: Actor) -> Model:
    """Register a model of a risk tier, for an intended use."""
    model = Model(project=project, name=name, tier=tier, intended_use=intended_use)
    model.full_clean()
    model.save()
    append(
        "model.registered",
        actor=actor,
        subject=f"model:{model.pk}",
        data={"project": str(project.pk), "name": name, "tier": tier},
    )
    return model


@transaction.atomic
def pin_evaluation_set(
    *, environment: Environment, model: Model, dataset_version: DatasetVersion, actor: Actor
) -> EvaluationSet:
    """Say on which rows the environment evaluates the model from now on; raises OtherProjectError.

    Environment, model and rows are of one project: permissions are by project.
    """
    for what, project_id in (("model", model.project_id), ("dataset", dataset_version.dataset.project_id)):
        if project_id != environment.project_id:
            raise OtherProjectError(
                f"the environment {environment} belongs to another project than the {what} "
                f"{model if what == 'model' else dataset_version}"
            )
    pin = EvaluationSet(environment=environment, model=model, dataset_version=dataset_version)
    pin.full_clean()
    pin.save()
    append(
        "environment.evaluates",
        actor=actor,
        subject=f"environment:{environment.pk}",
        data={
            "model": str(model.pk),
            "dataset_version": str(dataset_version.pk),
            "dataset_digest": dataset_version.digest,
        },
    )
    return pin
