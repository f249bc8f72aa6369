"""Having a decision explained over the API: what is answered, who may ask, how often, and what is refused."""

import pytest
from django.core.cache import cache

from governance.promotion.explain import Explanation, NotExplainableError, Part, RowRefusedError
from registry.models import Deployment
from tests.governance.api.world import API

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PLACE = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def deployment(world):
    return Deployment.objects.get(promotion_id=world.released()).pk


@pytest.fixture
def explained(monkeypatch):
    """What the use case was asked; what it answers."""
    asked = []
    part = Part("x", "hours of work", -1.5)

    def explain(deployment, *, row, adverse, actor):
        asked.append((row, adverse, actor.role))
        return Explanation(
            0.3, 0, 0.5, "linear", "log-odds", 0.25, -1.25, (part,), True, (part,), (), "", "d", "m", "none"
        )

    monkeypatch.setattr("governance.api.explanations.explain", explain)
    return asked


def ask(world, deployment, who="engineer", **body):
    address = f"{API}/deployments/{deployment}/explain"
    return world.client(who, "operate").post(address, {"row": {"x": 1}} | body, format="json")


def test_an_explanation_names_its_algorithm_and_adds_up(world, deployment, explained):
    cache.clear()
    response = ask(world, deployment)
    assert response.status_code == 200, response.json()
    found = response.json()
    assert (found["algorithm"], found["space"]) == ("linear", "log-odds")
    assert found["base"] + sum(part["contribution"] for part in found["contributions"]) == found["margin"]
    assert found["reasons"] == [{"feature": "x", "wording": "hours of work", "contribution": -1.5}]
    assert ask(world, deployment, adverse="positive").status_code == 200
    assert [(row, adverse) for row, adverse, _ in explained] == [({"x": 1}, "negative"), ({"x": 1}, "positive")]


REFUSED = {
    "a row that is none": ({"row": [1]}, 422, "invalid"),
    "an answer that is none": ({"adverse": "both"}, 422, "invalid"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_request_that_is_none_is_refused(case, world, deployment, explained):
    body, status, code = case
    cache.clear()
    response = ask(world, deployment, **body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert explained == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(RowRefusedError("Row 0 lacks the feature 'x'."), 422), (NotExplainableError("it has no model here"), 409)],
)
def test_what_cannot_be_explained_is_told(error, status, world, deployment, monkeypatch):
    cache.clear()

    def explain(*_given, **_named):
        raise error

    monkeypatch.setattr("governance.api.explanations.explain", explain)
    response = ask(world, deployment)
    assert (response.status_code, response.json()["code"]) == (status, error.code)


def test_who_has_no_part_in_running_it_is_refused_and_too_many_wait(world, deployment, explained, settings):
    settings.PROBITY_EXPLAINS_PER_MINUTE = 2
    cache.clear()
    assert ask(world, deployment, who="auditor").status_code == 403
    assert [ask(world, deployment).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(world, PLACE).status_code == 404
    cache.clear()
