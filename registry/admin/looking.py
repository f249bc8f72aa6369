"""Who looks at set-up, and rows that are only looked at: nothing is added, changed or deleted, singly or in bulk."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from registry.models import Identity, IdentityKind, Principal, Project, Role


def principal_of(request: HttpRequest) -> Principal | None:
    """Return the active principal behind the signed-in user."""
    known = Identity.objects.filter(kind=IdentityKind.DJANGO, value=str(request.user.pk)).select_related("principal")
    found = known.first()
    return found.principal if found and found.principal.active else None


def administers(request: HttpRequest, project: Project | None = None) -> bool:
    """Say whether the principal is an administrator (of the project, if one is named); a superuser need not be."""
    principal = principal_of(request)
    if principal is None or not request.user.is_staff:
        return False
    held = principal.assignments.filter(role=Role.ADMINISTRATOR, revoked_at__isnull=True)
    return held.filter(project=project).exists() if project else held.exists()


class ViewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look at: nothing is added, changed or deleted here, singly or in bulk."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_actions(self, _request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk actions."""
        return {}

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody deletes."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators look, and whom Django allows to."""
        return administers(request) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app to who may look."""
        return administers(request) or super().has_module_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Refuse whatever is posted to the list."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return super().changelist_view(request, extra_context)


def look_at(model: Any, *columns: str, hidden: tuple[str, ...] = ()) -> None:
    """Register a model to be looked at only, without the fields that hold secrets or handles."""
    attributes: dict[str, Any] = {
        "list_display": columns,
        "exclude": hidden,
        "__doc__": f"{model.__name__}, to look at.",
    }
    admin.site.register(model, type(f"{model.__name__}Admin", (ViewAdmin,), attributes))
