"""The same POST under the same key is done once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.api.urls import urlpatterns
from governance.models import ApiToken, IdempotencyRecord
from registry.models import Model
from tests.governance.api.world import API

BODY = {"project": "default", "name": "m", "tier": "low", "intended_use": "none"}
KEY = {"Idempotency-Key": "one"}
EXEMPT = {"PredictView", "ExplainView", "RedactView", "NowhereView"}  # answers about rows that are not kept; is nothing


def test_every_post_honours_the_key():
    callbacks: list[Any] = [pattern.callback for pattern in urlpatterns]
    views = {callback.view_class for callback in callbacks}
    posts = {view.__name__: view.post for view in views if hasattr(view, "post")}
    assert len(posts) > 25
    assert {name for name, post in posts.items() if not hasattr(post, "honours_idempotency_key")} == EXEMPT


def test_the_same_request_is_done_once_and_answered_the_same(world):
    client = world.client("requester")
    first, second = (client.post(f"{API}/models", BODY, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Model.objects.filter(name="m").count() == 1


@pytest.mark.parametrize(("address", "body"), [("models", {**BODY, "name": "n"}), ("projects", BODY)])
def test_another_request_under_the_key_is_refused(world, address, body):
    client = world.client("administrator")
    client.post(f"{API}/models", BODY, headers=KEY)
    response = client.post(f"{API}/{address}", body, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")
    assert not Model.objects.filter(name="n").exists()


def test_the_key_is_the_callers_own(world):
    world.client("requester").post(f"{API}/models", BODY, headers=KEY)
    response = world.client("engineer").post(f"{API}/models", {**BODY, "name": "n"}, headers=KEY)
    assert response.status_code == 201


def test_while_the_first_is_not_answered_the_second_is_told_to_wait(world):
    client = world.client("requester")
    client.post(f"{API}/models", BODY, headers=KEY)
    Model.objects.filter(name="m").delete()
    IdempotencyRecord.objects.update(status=None, body=None)
    waiting = client.post(f"{API}/models", BODY, headers=KEY)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_in_progress")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=1))  # its process died
    assert client.post(f"{API}/models", BODY, headers=KEY).status_code == 201
    assert Model.objects.filter(name="m").count() == 1


def test_what_failed_leaves_nothing_and_may_be_tried_again(world, monkeypatch):
    client = world.client("requester")

    def broken(**_arguments):
        Model.objects.create(project=world.project, name="half", tier="low", intended_use="x")
        raise RuntimeError("a detail that is nobody's business")

    with monkeypatch.context() as patch:
        patch.setattr("governance.api.models.register_model", broken)
        patch.setattr("governance.api.errors.logger.error", lambda *_arguments, **_more: None)
        failed = client.post(f"{API}/models", BODY, headers=KEY)
    assert (failed.status_code, failed.json()["code"]) == (500, "unexpected")
    assert "nobody's business" not in failed.content.decode()
    assert not Model.objects.filter(name="half").exists()
    assert client.post(f"{API}/models", BODY, headers=KEY).status_code == 201


def test_the_text_of_a_token_is_not_kept_for_the_second_answer(world):
    client = world.client("requester")
    ends = (timezone.now() + timedelta(hours=1)).isoformat()
    body = {"project": "default", "name": "t", "scopes": ["read"], "expires_at": ends}
    first, second = (client.post(f"{API}/tokens", body, headers=KEY).json() for _ in range(2))
    assert first["secret"].startswith("probity_")
    assert second == {**first, "secret": None}
    assert first["secret"] not in str(IdempotencyRecord.objects.get().body)
    assert ApiToken.objects.filter(name="t").count() == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_of_no_use_is_refused(world, key):
    response = world.client("requester").post(f"{API}/models", BODY, headers={"Idempotency-Key": key})
    assert response.status_code == 422


def test_the_bytes_of_a_file_are_part_of_the_request(world, tmp_path):
    client = world.client("requester")
    answers = []
    for text in ("x,y\n1,0\n2,1\n", "x,y\n1,0\n2,1\n", "x,y\n9,0\n2,1\n"):
        file = tmp_path / "rows.csv"
        file.write_text(text)
        with file.open("rb") as sent:
            body = {"model": str(world.model.pk), "file": sent}
            answers.append(client.post(f"{API}/versions/predictions", body, format="multipart", headers=KEY))
    assert [answer.json()["code"] for answer in answers] == [
        "predictions_refused",
        "predictions_refused",
        "predictions_refused",
    ]
    assert not IdempotencyRecord.objects.exists()
