"""Django's admin adds set-up through the use cases, and leaves everything that the gate rules as it is."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model as Row
from django.test import Client
from django.urls import reverse

from registry.ledger.read import newest, size
from registry.models import (
    Actor,
    Environment,
    EvaluationSet,
    Identity,
    Model,
    Principal,
    Project,
    RoleAssignment,
)
from registry.register import create_project, grant_role, register_person

PASSWORD = "a long secret of a test"
OURS = ("registry", "privacy", "monitoring", "governance")
SET_UP: set[type[Row]] = {Project, Environment, Model, EvaluationSet, Principal, Identity, RoleAssignment}
GUARDED = {
    "governance": "policy policyassignment promotionrequest checkrun evidence evaluation decision approval revocation "
    "waiver apitoken",
    "registry": "artifact datasetversion modelversion versiondataset versionperson retirement releasemanifest "
    "deployment observation run",
    "monitoring": "monitor baseline batch alert",
    "privacy": "datasetscan recipe",
}
READ_ONLY = [apps.get_model(app, name) for app, names in GUARDED.items() for name in names.split()]
NOT_THERE = {"LedgerEvent", "LedgerLog", "LedgerLeaf", "LedgerCheckpoint", "LedgerPending", "LedgerHead", "Commitment"}


def _address(model: type[Row], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.fixture
def superuser(db) -> Client:
    """A superuser who is no principal: Django would allow everything."""
    get_user_model().objects.create_superuser("root", password=PASSWORD)
    return _signed_in("root")


@pytest.fixture
def administrator(db) -> Client:
    """A person of the staff with the role, and without any of Django's permissions."""
    system = Actor.system("command")
    person = register_person(username="adm", password=PASSWORD, staff=True, actor=system)
    grant_role(person, project=Project.default(), role="administrator", actor=system)
    return _signed_in("adm")


def _signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def _person(username: str, role: str = "") -> Principal:
    system = Actor.system("command")
    person = register_person(username=username, password=PASSWORD, actor=system)
    if role:
        grant_role(person, project=Project.default(), role=role, actor=system)
    return person


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_a_superuser_only_looks_at_what_the_gate_rules(superuser, rf, model):
    key = "a" * 64 if model._meta.pk.max_length == 64 else uuid4()
    assert superuser.get(_address(model, "changelist")).status_code == 200
    assert superuser.get(_address(model, "add")).status_code == 403
    assert superuser.post(_address(model, "add"), {}).status_code == 403
    assert superuser.post(_address(model, "change", key), {"state": "APPROVED"}).status_code == 403
    assert superuser.post(_address(model, "delete", key), {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [str(key)], "post": "yes"}
    assert superuser.post(_address(model, "changelist"), bulk).status_code == 403
    request = rf.get("/")
    request.user = get_user_model().objects.get()
    assert admin.site.get_model_admin(model).get_actions(request) == {}


def test_no_admin_of_ours_has_bulk_actions_or_deletes(superuser, rf):
    request = rf.get("/")
    request.user = get_user_model().objects.get()
    registered = {model: one for model, one in admin.site._registry.items() if model._meta.app_label in (*OURS, "auth")}
    assert set(registered) >= SET_UP | set(READ_ONLY)
    for model, one in registered.items():
        assert not one.get_actions(request), model
        assert not one.has_delete_permission(request), model
        assert model in SET_UP or not one.has_add_permission(request), model


def test_the_ledger_and_the_texts_behind_commitments_are_not_in_the_admin():
    assert not NOT_THERE & {model.__name__ for model in admin.site._registry}


@pytest.mark.parametrize("model", sorted(SET_UP, key=str), ids=str)
def test_a_superuser_who_is_no_administrator_adds_no_set_up(superuser, model):
    before = size()
    assert superuser.post(_address(model, "add"), {}).status_code == 403
    assert size() == before


def test_secrets_and_handles_are_not_shown(superuser):
    hidden = {"apitoken": "secret_digest", "deployment": "handle", "run": "lease", "versionperson": "identity"}
    shown = {model._meta.model_name: one for model, one in admin.site._registry.items()}
    for name, field in hidden.items():
        assert field in (shown[name].exclude or ())
        assert field not in list(shown[name].list_display)


def _add(client: Client, model: type[Row], **said) -> int:
    response = client.post(_address(model, "add"), said)
    return response.status_code


def test_an_administrator_sets_up_by_the_use_cases_and_the_ledger_has_their_events(administrator):
    project = Project.default()
    before = size()
    assert (
        _add(administrator, Environment, project=project.pk, name="prod", serving_backend="local", mlflow_alias="x")
        == 302
    )
    said = {"project": project.pk, "name": "credit", "tier": "high", "intended_use": "Rank."}
    assert _add(administrator, Model, **said) == 302
    assert _add(administrator, Project, slug="second", name="Second") == 302
    person = {"kind": "person", "name": "Cleo", "username": "cleo", "password": PASSWORD, "email": "Cleo@Example.org"}
    assert _add(administrator, Principal, **person) == 302
    cleo = Principal.objects.get(name="Cleo")
    assert _add(administrator, Principal, kind="service", name="ci", owner=cleo.pk) == 302
    assert _add(administrator, Identity, principal=cleo.pk, kind="mlflow", value="cleo@mlflow") == 302
    assert _add(administrator, RoleAssignment, principal=cleo.pk, project=project.pk, role="validator") == 302
    kinds = [entry.kind for entry in reversed(newest(size() - before))]
    assert kinds == [
        "environment.created",
        "model.registered",
        "project.created",
        "principal.registered",
        "identity.linked",
        "identity.linked",
        "principal.registered",
        "identity.linked",
        "role.granted",
    ]
    assert {str(entry.document()["actor"]["auth"]) for entry in newest(len(kinds))} == {"session"}
    assert Principal.objects.filter(name__in=["Cleo", "ci"]).count() == 2
    assert Environment.objects.count() == Model.objects.count() == 1
    assert Identity.objects.filter(principal=cleo, kind="email").get().value == "cleo@example.org"
    assert _signed_in("cleo").get("/admin/").status_code == 302


REFUSED = {
    "a person without a user name": ({"kind": "person", "name": "X"}, "A person needs a user name"),
    "a weak password": ({"kind": "person", "name": "X", "username": "x", "password": "123"}, "too short"),
    "a name that is taken": ({"kind": "person", "name": "X", "username": "adm"}, "There is a user"),
    "a service nobody answers for": ({"kind": "service", "name": "X"}, "A service needs an owner"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_principals_that_make_no_sense_are_refused(administrator, case):
    said, sentence = REFUSED[case]
    before = size()
    response = administrator.post(_address(Principal, "add"), said)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert size() == before
    assert not Principal.objects.filter(name="X").exists()


def test_a_role_that_is_held_already_is_refused_with_the_sentence_of_the_use_case(administrator):
    cleo = _person("cleo", "validator")
    said = {"principal": cleo.pk, "project": Project.default().pk, "role": "validator"}
    response = administrator.post(_address(RoleAssignment, "add"), said)
    assert response.status_code == 200
    assert "already holds validator" in response.content.decode()
    assert RoleAssignment.objects.filter(principal=cleo).count() == 1


def test_a_role_is_taken_and_nothing_else_of_it_changes(administrator):
    cleo = _person("cleo", "validator")
    held = RoleAssignment.objects.get(principal=cleo)
    other = _person("other")
    address = _address(RoleAssignment, "change", held.pk)
    assert administrator.get(address).status_code == 200
    assert administrator.post(address, {"role": "administrator", "principal": other.pk}).status_code == 302
    held.refresh_from_db()
    assert (held.role, held.principal, held.revoked_at) == ("validator", cleo, None)
    assert administrator.post(address, {"revoke": "on"}).status_code == 302
    held.refresh_from_db()
    assert held.revoked_at is not None
    assert newest(1)[0].kind == "role.revoked"
    assert administrator.post(address, {"revoke": "on"}).status_code == 403
    assert administrator.post(_address(RoleAssignment, "delete", held.pk), {"post": "yes"}).status_code == 403


def test_an_administrator_of_one_project_sets_up_nothing_in_another(administrator):
    other = create_project(slug="other", name="Other", actor=Actor.system("command"))
    before = size()
    said = {"project": other.pk, "name": "prod", "serving_backend": "local", "mlflow_alias": "x"}
    assert _add(administrator, Environment, **said) == 403
    assert _add(administrator, RoleAssignment, principal=_person("x").pk, project=other.pk, role="validator") == 403
    assert Environment.objects.count() == 0
    assert {entry.kind for entry in newest(size() - before)} <= {"principal.registered", "identity.linked"}


@pytest.mark.parametrize("role", ["validator", "requester", "compliance_officer", "auditor"])
def test_staff_without_the_role_of_administrator_add_nothing(db, role):
    person = _person("staff", role)
    get_user_model().objects.filter(username="staff").update(is_staff=True)
    client = _signed_in("staff")
    for model in SET_UP:
        assert client.post(_address(model, "add"), {}).status_code == 403
    assert person.roles(Project.default()) == {role}


def test_nobody_links_an_account_to_a_person_by_hand(administrator):
    cleo = _person("cleo", "compliance_officer")
    response = administrator.post(_address(Identity, "add"), {"principal": cleo.pk, "kind": "django", "value": "999"})
    assert response.status_code == 200
    assert not Identity.objects.filter(value="999").exists()


def test_an_administrator_sets_no_password_of_an_officer_and_closes_other_accounts(administrator):
    users = get_user_model()
    _person("officer", "compliance_officer")
    _person("engineer", "engineer")
    officer, engineer = users.objects.get(username="officer"), users.objects.get(username="engineer")
    new = {"password1": "another long secret", "password2": "another long secret", "usable_password": "true"}
    assert administrator.post(reverse("admin:auth_user_password_change", args=[officer.pk]), new).status_code == 403
    assert administrator.post(reverse("admin:auth_user_password_change", args=[engineer.pk]), new).status_code == 302
    assert administrator.post(_address(users, "change", officer.pk), {"is_active": ""}).status_code == 403
    assert administrator.post(_address(users, "change", engineer.pk), {"is_superuser": "on"}).status_code == 302
    engineer.refresh_from_db()
    assert (engineer.is_active, engineer.is_superuser) == (False, False)
    assert users.objects.get(username="officer").check_password(PASSWORD)
    assert administrator.post(_address(users, "delete", engineer.pk), {"post": "yes"}).status_code == 403
