"""Rows that administrators add by a use case of register: projects, environments, models, evaluation sets."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from registry import models, register
from registry.admin.looking import ViewAdmin, administers, principal_of
from registry.models import Actor, Project, Role

UseCase = Callable[..., Any]


class SetUpAdmin(ViewAdmin):
    """Rows that administrators add by a use case; what is there stays as it is."""

    add_fields: tuple[str, ...] = ()
    use_case: UseCase

    def has_add_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Administrators add."""
        return administers(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for what the use case takes; show all of what is there."""
        return self.add_fields if obj is None else super().get_fields(request, obj)

    def scope(self, row: Any) -> Project:
        """Return the project whose administrator may add the row; the default one for what belongs to none."""
        found = getattr(row, "project", None)
        return found if isinstance(found, Project) else Project.default()

    def perform(self, row: Any, _form: Any, actor: Actor) -> Any:
        """Call the use case with the fields of the form."""
        return type(self).use_case(**{name: getattr(row, name) for name in self.add_fields}, actor=actor)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, _change: bool) -> None:
        """Let the use case make the row, with its event; the admin's own row is never saved."""
        principal = principal_of(request)
        if principal is None or not administers(request, self.scope(obj)):
            raise PermissionDenied
        made = self.perform(obj, form, Actor(principal=principal, role=Role.ADMINISTRATOR, auth="session"))
        obj.__dict__.update({name: value for name, value in made.__dict__.items() if name != "_state"})
        obj._state.adding, obj._state.db = False, made._state.db  # noqa: SLF001 - Django's documented attribute

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what a use case refuses as a message on an empty form."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except (ValidationError, ValueError, LookupError) as error:
            said = error.messages if isinstance(error, ValidationError) else [str(error)]
            for sentence in said:
                messages.error(request, sentence)
            request.method = "GET"
            return super().changeform_view(request, object_id, form_url, extra_context)


@admin.register(models.Project)
class ProjectAdmin(SetUpAdmin):
    """Projects."""

    list_display = ("slug", "name", "created_at")
    add_fields = ("slug", "name")
    use_case = staticmethod(register.create_project)


@admin.register(models.Environment)
class EnvironmentAdmin(SetUpAdmin):
    """Environments."""

    list_display = ("name", "project", "serving_backend", "mlflow_alias")
    add_fields = ("project", "name", "serving_backend", "mlflow_alias")
    use_case = staticmethod(register.create_environment)


@admin.register(models.Model)
class ModelAdmin(SetUpAdmin):
    """Models."""

    list_display = ("name", "project", "tier", "created_at")
    add_fields = ("project", "name", "tier", "intended_use")
    use_case = staticmethod(register.register_model)


@admin.register(models.EvaluationSet)
class EvaluationSetAdmin(SetUpAdmin):
    """On which rows an environment evaluates a model."""

    list_display = ("environment", "model", "dataset_version", "created_at")
    add_fields = ("environment", "model", "dataset_version")
    use_case = staticmethod(register.pin_evaluation_set)

    def scope(self, row: Any) -> Project:
        """The environment's project; a model or rows of another one are refused."""
        project: Project = row.environment.project
        if {row.model.project_id, row.dataset_version.dataset.project_id} != {project.pk}:
            raise ValidationError("The environment, the model and the rows must belong to one project.")
        return project
