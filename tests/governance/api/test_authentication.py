"""Who gets in: tokens, sessions, scopes; and what each may see."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from governance.access.tokens import create_token, revoke_token
from governance.api.urls import urlpatterns
from governance.models import ApiToken
from registry.models import Actor, RoleAssignment
from registry.register import create_project, grant_role
from tests.governance.api.world import API, with_token

NOBODY = "00000000-0000-4000-8000-000000000000"


def _addresses():
    for pattern in urlpatterns:
        text = str(pattern.pattern)
        if text.startswith("^"):
            text = text.strip("^$").replace("(?P<promotion_id>[0-9a-f-]{36})", NOBODY)
            text = text.replace("(?P<digest>[0-9a-f]{64})", "0" * 64)
        for name in ("promotion", "deployment", "model", "version", "run", "environment", "principal", "token"):
            text = text.replace(f"<uuid:{name}_id>", NOBODY)
        for name in ("assignment", "approval", "waiver"):
            text = text.replace(f"<uuid:{name}_id>", NOBODY)
        yield f"{API}/{text.replace('<slug:slug>', 'default')}"


@pytest.mark.parametrize("address", list(_addresses()))
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_asks_who_is_calling(db, address, method):
    response = getattr(APIClient(), method)(address, {}, format="json")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_token_is_kept_as_prefix_and_digest_only(world):
    text = world.token("requester", "read")
    token = ApiToken.objects.get(prefix=text.split("_")[1])
    secret = text.split("_", 2)[2]
    assert len(secret) >= 43
    assert all(secret not in str(value) for value in vars(token).values())


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda text, token: text[:-1] + ("A" if text[-1] != "A" else "B"), "token_unknown"),
        (lambda text, token: "probity_000000000000_" + text.split("_", 2)[2], "token_unknown"),
        (lambda text, token: "nonsense", "token_unknown"),
        (lambda text, token: "a b", "token_unknown"),
        (lambda text, token: _change(text, token, expires_at=timezone.now()), "token_expired"),
        (lambda text, token: _change(text, token, revoked_at=timezone.now()), "token_revoked"),
        (lambda text, token: _deactivate(text, token.principal), "token_ownerless"),
        (lambda text, token: _deactivate(text, token.principal.accountable()), "token_ownerless"),
    ],
)
def test_a_token_that_is_wrong_expired_revoked_or_ownerless_does_not_get_in(world, spoil, code):
    text = world.token("service", "read")
    token = ApiToken.objects.select_related("principal__owner").get(prefix=text.split("_")[1])
    response = with_token(spoil(text, token)).get(f"{API}/projects")
    assert (response.status_code, response.json()["code"]) == (401, code)
    assert text not in response.content.decode()


def _change(text, token, **values):
    ApiToken.objects.filter(pk=token.pk).update(**values)
    return text


def _deactivate(text, principal):
    principal.active = False
    principal.save()
    return text


@pytest.mark.parametrize(
    ("scope", "method", "address"),
    [
        ("register", "get", "projects"),
        ("read", "post", "models"),
        ("read", "post", "promotions"),
        ("request", "post", f"promotions/{NOBODY}/approve"),
        ("decide", "post", f"promotions/{NOBODY}/release"),
        ("operate", "post", "tokens"),
        ("operate", "post", f"waivers/{NOBODY}/grant"),
        ("decide", "post", f"deployments/{NOBODY}/stop"),
        ("register", "get", "gate"),
    ],
)
def test_a_token_does_only_what_its_scopes_say(world, scope, method, address):
    response = getattr(world.client("officer", scope), method)(f"{API}/{address}")
    assert (response.status_code, response.json()["code"]) == (403, "token_scope")


def test_a_service_never_decides_even_with_the_scope_in_its_row(world):
    text = world.token("service", "read")
    ApiToken.objects.update(scopes=["read", "decide"])
    response = with_token(text).post(f"{API}/promotions/{NOBODY}/approve", {"reason": "because it is fine"})
    assert (response.status_code, response.json()["code"]) == (403, "not_a_person")


def test_a_session_gets_in_with_a_csrf_token_alone(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.get(username="administrator"))
    assert client.get(f"{API}/principals/me").json()["auth"] == "session"
    refused = client.post(f"{API}/projects", {"slug": "p", "name": "P"}, content_type="application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]


def test_a_django_user_without_a_principal_is_refused(world):
    client = APIClient()
    client.force_login(get_user_model().objects.create_superuser("root", password="a long secret"))
    response = client.get(f"{API}/projects")
    assert (response.status_code, response.json()["code"]) == (403, "no_principal")


def test_a_caller_sees_only_the_projects_in_which_it_holds_a_role(world):
    stranger = APIClient()
    stranger.force_login(get_user_model().objects.get(username="stranger"))
    promotion = world.request()
    for noun in ("projects", "models", "versions", "promotions", "environments", "runs", "roles", "policies", "tokens"):
        assert stranger.get(f"{API}/{noun}").json()["results"] == [], noun
    for address in (f"promotions/{promotion.pk}", f"models/{world.model.pk}", "projects/default", "ledger"):
        assert stranger.get(f"{API}/{address}").status_code == 404, address


def test_a_token_of_one_project_does_not_reach_another_of_its_principal(world):
    other = create_project(slug="other", name="Other", actor=world.system)
    grant_role(world.people["requester"], project=other, role="requester", actor=world.system)
    client = with_token(world.token("requester", project=other))
    assert [one["slug"] for one in client.get(f"{API}/projects").json()["results"]] == ["other"]
    assert client.get(f"{API}/models/{world.model.pk}").status_code == 404
    body = {"project": "default", "name": "m", "tier": "low", "intended_use": "none"}
    assert client.post(f"{API}/models", body).status_code == 404


def test_a_token_stops_working_in_a_project_when_the_last_role_is_taken(world):
    client = world.client("auditor")
    assert client.get(f"{API}/models").json()["results"]
    RoleAssignment.objects.filter(principal=world.people["auditor"]).update(revoked_at=timezone.now())
    assert client.get(f"{API}/models").json()["results"] == []


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("administrator", {"principal": "officer"}, 403, "not_permitted"),  # nobody makes a token to decide as another
        ("administrator", {"principal": "service", "scopes": ["decide"]}, 422, "token_refused"),
        ("administrator", {"scopes": ["fly"]}, 422, "token_refused"),
        ("administrator", {"days": 400}, 422, "token_refused"),
        ("administrator", {"days": -1}, 422, "token_refused"),
        ("requester", {"principal": "service"}, 403, "not_permitted"),
        ("administrator", {"principal": "service"}, 201, ""),
        ("engineer", {"principal": "service"}, 201, ""),
        ("requester", {}, 201, ""),
    ],
)
def test_who_may_have_a_token_made(world, who, body, status, code):
    client = APIClient()
    client.force_login(get_user_model().objects.get(username=who))
    ends = timezone.now() + timedelta(days=body.get("days", 1))
    sent = {"project": "default", "name": "t", "scopes": body.get("scopes", ["read"]), "expires_at": ends.isoformat()}
    if "principal" in body:
        sent["principal"] = str(world.people[body["principal"]].pk)
    response = client.post(f"{API}/tokens", sent, format="json")
    assert response.status_code == status, response.json()
    assert response.json().get("code", "") == code
    if status == 201:
        assert with_token(response.json()["secret"]).get(f"{API}/projects").status_code == 200


def test_a_token_makes_none_that_does_more_or_lasts_longer(world):
    client = world.client("administrator", "read", "administer")
    sent = {"project": "default", "name": "t", "scopes": ["decide"]}
    soon, late = (timezone.now() + timedelta(hours=hours) for hours in (1, 48))
    for scopes, ends in ((["decide"], soon), (["read"], late)):
        response = client.post(f"{API}/tokens", {**sent, "scopes": scopes, "expires_at": ends.isoformat()})
        assert (response.status_code, response.json()["code"]) == (403, "not_permitted")


def test_a_revoked_token_is_out_at_once_and_a_time_without_offset_is_refused(world):
    client = world.client("administrator")
    naive = {"project": "default", "name": "t", "scopes": ["read"], "expires_at": "2026-03-03T12:00:00"}
    refused = client.post(f"{API}/tokens", naive)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_offset")
    mine = ApiToken.objects.get()
    assert client.post(f"{API}/tokens/{mine.pk}/revoke").json()["revoked_at"]
    assert client.get(f"{API}/projects").json()["code"] == "token_revoked"


def test_another_persons_token_is_neither_listed_nor_revoked(world):
    world.token("officer")
    theirs = ApiToken.objects.get()
    client = world.client("requester")
    assert [one["name"] for one in client.get(f"{API}/tokens").json()["results"]] == ["test"]
    assert client.post(f"{API}/tokens/{theirs.pk}/revoke").status_code == 404


def test_the_system_principal_gets_no_token(world):
    with pytest.raises(PermissionError):
        create_token(
            principal=Actor.system().principal,
            project=world.project,
            name="t",
            scopes=["read"],
            expires_at=timezone.now() + timedelta(days=1),
            actor=world.actor("administrator"),
        )


def test_revoking_twice_records_one_event(world):
    from registry.ledger.read import entries

    world.token("officer")
    for _ in range(2):
        revoke_token(ApiToken.objects.get(), actor=world.actor("officer"))
    assert [entry.kind for entry in entries(subject=f"token:{ApiToken.objects.get().pk}")] == [
        "token.created",
        "token.revoked",
    ]
