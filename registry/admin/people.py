"""Persons, services, the names they are known by, the roles they hold, and the accounts that persons sign in with."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from registry import models, register
from registry.admin.looking import ViewAdmin, administers
from registry.admin.setup import SetUpAdmin
from registry.models import Actor, Identity, IdentityKind, Principal, PrincipalKind, Project, Role, RoleAssignment

DECIDING = (Role.VALIDATOR, Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER)


class PrincipalForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person with a user to sign in as, or a service with the person who answers for it."""

    username = forms.CharField(max_length=150, required=False, help_text="For a person: the name to sign in with.")
    password = forms.CharField(widget=forms.PasswordInput(render_value=False), required=False)
    email = forms.EmailField(required=False, help_text="For a person: by which commits are recognised.")
    staff = forms.BooleanField(required=False, help_text="For a person: may open this set-up area.")

    class Meta:
        model = Principal
        fields = ("kind", "name", "owner")

    def clean(self) -> dict[str, Any]:
        """Refuse a person without a user name or with an owner, and a service without an accountable person."""
        found = super().clean() or self.cleaned_data
        if found.get("kind") == PrincipalKind.PERSON:
            self._check_person(found)
        elif found.get("owner") is None or found["owner"].kind != PrincipalKind.PERSON:
            raise ValidationError("A service needs an owner who is a person.")
        return found

    @staticmethod
    def _check_person(found: dict[str, Any]) -> None:
        username, password = found.get("username"), found.get("password")
        if not username:
            raise ValidationError("A person needs a user name to sign in with.")
        if found.get("owner"):
            raise ValidationError("A person has no owner; only services do.")
        if get_user_model()._default_manager.filter(username=username).exists():  # noqa: SLF001 - documented name
            raise ValidationError(f"There is a user {username!r} already.")
        if password:
            validate_password(password)


@admin.register(models.Principal)
class PrincipalAdmin(SetUpAdmin):
    """Persons and services."""

    list_display = ("name", "kind", "owner", "active", "created_at")
    add_fields = ("kind", "name", "username", "password", "email", "staff", "owner")
    form = PrincipalForm

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the user of a person; show the principal's own fields."""
        return self.add_fields if obj is None else ("kind", "name", "owner", "active", "created_at")

    def perform(self, row: Any, form: Any, actor: Actor) -> Any:
        """Register a person or a service."""
        said = form.cleaned_data
        if said["kind"] == PrincipalKind.SERVICE:
            return register.register_service(name=said["name"], owner=said["owner"], actor=actor)
        return register.register_person(
            username=said["username"],
            password=said["password"] or None,
            actor=actor,
            name=row.name,
            email=said["email"],
            staff=said["staff"],
        )


class IdentityForm(forms.ModelForm):  # type: ignore[type-arg]
    """A name in another system; the account to sign in with is made with its person and is nobody else's to link."""

    kind = forms.ChoiceField(choices=[one for one in IdentityKind.choices if one[0] != IdentityKind.DJANGO])

    class Meta:
        model = Identity
        fields = ("principal", "kind", "value")


@admin.register(models.Identity)
class IdentityAdmin(SetUpAdmin):
    """The names by which principals are known."""

    form = IdentityForm

    list_display = ("principal", "kind", "created_at")
    add_fields = ("principal", "kind", "value")

    def perform(self, row: Any, _form: Any, actor: Actor) -> Any:
        """Link an identity."""
        value = row.value.casefold() if row.kind == IdentityKind.EMAIL else row.value
        return register.link_identity(row.principal, kind=row.kind, value=value, actor=actor)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A role to give; or, of one that is held, whether to take it."""

    revoke = forms.BooleanField(required=False, label="Take this role now")

    class Meta:
        model = models.RoleAssignment
        fields = ("principal", "project", "role")


@admin.register(models.RoleAssignment)
class RoleAssignmentAdmin(SetUpAdmin):
    """Who holds which role, since when and until when."""

    list_display = ("principal", "project", "role", "created_at", "revoked_at")
    list_filter = ("role", "project")
    add_fields = ("principal", "project", "role")
    form = RoleForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An administrator of the project takes a role that is held; nothing else changes."""
        return obj is not None and obj.revoked_at is None and administers(request, obj.project)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask whether to take a role that is held."""
        if obj is None:
            return self.add_fields
        taken = ("revoke",) if self.has_change_permission(request, obj) else ("revoked_at",)
        return ("principal", "project", "role", "created_at", *taken)

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Keep what was given as it was given."""
        return () if obj is None else ("principal", "project", "role", "created_at", "revoked_at")

    def perform(self, row: Any, form: Any, actor: Actor) -> Any:
        """Give a role, or take it."""
        if row._state.adding:  # noqa: SLF001 - Django's documented attribute
            return register.grant_role(row.principal, project=row.project, role=row.role, actor=actor)
        if not form.cleaned_data.get("revoke"):
            return row
        return register.revoke_role(row.principal, project=row.project, role=row.role, actor=actor)


class AccountAdmin(ViewAdmin, UserAdmin):  # type: ignore[type-arg]
    """Accounts to sign in with: made with their person, closed here, never deleted; no rights are given here."""

    list_display = ("username", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    readonly_fields = ("username", "email", "is_staff", "is_superuser", "last_login", "date_joined")
    fieldsets = ((None, {"fields": (*readonly_fields, "is_active")}),)
    filter_horizontal = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators open and close accounts and set passwords; not of those who decide, in whose name they could
        act then: their role is taken first, which the ledger shows.
        """
        return administers(request, Project.default()) and not (obj is not None and self._decides(obj.pk))

    @staticmethod
    def _decides(user_pk: Any) -> bool:
        known = Identity.objects.filter(kind=IdentityKind.DJANGO, value=str(user_pk))
        held = RoleAssignment.objects.filter(role__in=DECIDING, revoked_at__isnull=True)
        return held.filter(principal__in=known.values("principal")).exists()


for _model in (get_user_model(), Group):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
admin.site.register(get_user_model(), AccountAdmin)
admin.site.site_header = admin.site.site_title = "Probity set-up"
admin.site.index_title = "Set-up"
