"""How much and how often: bodies are refused before they are read, bad tokens and predictions are limited."""

import io
import json

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory

from governance.api.bodies import BodyLimit

PROBLEM = "application/problem+json"


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_arguments):
        raise AssertionError("the body was read")


def answer(path, **given):
    """Send a request whose body cannot be read through the middleware; 299 stands for the rest of the service."""
    request = RequestFactory().post(path, content_type=given.get("CONTENT_TYPE", "application/json"))
    request.META.update(given)
    request._stream = Unread()
    return BodyLimit(lambda _request: HttpResponse(status=299))(request)


FILES = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}
CASES = [
    ("/api/v1/promotions", {"CONTENT_LENGTH": "1000"}, 299),
    ("/api/v1/promotions", {"CONTENT_LENGTH": "1001"}, 413),
    ("/api/v1/datasets", {**FILES, "CONTENT_LENGTH": str(5000 + (1 << 20))}, 299),
    ("/api/v1/datasets", {**FILES, "CONTENT_LENGTH": str(5001 + (1 << 20))}, 413),
    ("/login/", {**FILES, "CONTENT_LENGTH": "1001"}, 413),
    ("/admin/login/", {"CONTENT_LENGTH": "9" * 30}, 413),
    ("/api/v1/promotions", {"CONTENT_LENGTH": ""}, 299),
    ("/api/v1/promotions", {"CONTENT_LENGTH": "-5"}, 411),
    ("/api/v1/promotions", {"CONTENT_LENGTH": "five"}, 411),
    ("/api/v1/datasets", {**FILES, "HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ("/login/", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
]


@pytest.mark.parametrize(("path", "given", "status"), CASES)
def test_a_body_is_refused_by_its_length_before_it_is_read(settings, path, given, status):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.PROBITY_MAX_UPLOAD_BYTES = 1000, 5000
    found = answer(path, **given)
    assert found.status_code == status
    if status == 299:
        return
    if path.startswith("/api/"):
        assert found["Content-Type"] == PROBLEM
        document = json.loads(found.content)
        assert (document["status"], document["code"]) == (status, "too_large" if status == 413 else "length_required")
    else:
        assert found["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/promotions", PROBLEM), ("/login/", "text/plain; charset=utf-8")])
def test_the_service_refuses_a_large_body_of_whoever_sends_it(settings, path, kind):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = Client().post(path, "x" * 1001, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (413, kind)
    assert "Content-Security-Policy" in response


@pytest.mark.django_db
def test_tokens_that_are_not_accepted_are_told_to_wait_and_good_ones_are_not(settings, world):
    settings.PROBITY_TOKEN_FAILURES = 3

    def ask(token, address="192.0.2.1"):
        return Client().get("/api/v1/models", headers={"Authorization": token}, REMOTE_ADDR=address)

    bad = "Bearer probity_00_0"
    assert [ask(bad).status_code for _ in range(3)] == [401, 401, 401]
    for token in (bad, "Bearer two words", "Bearer"):
        response = ask(token)
        assert (response.status_code, response.json()["code"], response["Content-Type"]) == (429, "throttled", PROBLEM)
        assert 0 < int(response["Retry-After"]) <= settings.PROBITY_ATTEMPTS_WINDOW_SECONDS
    assert ask(bad, "192.0.2.2").status_code == 401
    assert ask(f"Bearer {world.token('engineer', 'read')}").status_code == 200


@pytest.mark.django_db
def test_a_caller_that_asks_a_model_too_often_is_told_to_wait(settings, world):
    settings.PROBITY_PREDICTS_PER_MINUTE = 2
    cache.clear()
    place, other = (f"/api/v1/deployments/{which * 8}-1111-4111-8111-{which * 12}/predict" for which in "12")

    def ask(who, address=place):
        return world.client(who, "operate").post(address, {"rows": [{}]}, format="json").status_code

    assert [ask("engineer") for _ in range(3)] == [404, 404, 429]
    assert (ask("engineer", other), ask("officer")) == (404, 404)
    cache.clear()
    assert ask("engineer") == 404
