"""Anonymising by the API: a run to poll, by who may register, for rows that one may see."""

import pytest

from registry.models import DatasetVersion, Run
from tests.governance.api.world import API


@pytest.fixture
def address(world, settings, monkeypatch) -> str:
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_options: None)
    return f"{API}/dataset-versions/{DatasetVersion.objects.get().pk}/anonymize"


def test_a_run_to_poll_is_returned_and_while_it_goes_on_it_is_the_same(world, address):
    client = world.client("engineer")
    first = client.post(address)
    assert first.status_code == 202, first.json()
    told = first.json()
    assert (told["kind"], told["state"]) == ("anonymize", "QUEUED")
    assert told["subject"] == f"dataset_version:{DatasetVersion.objects.get().pk}"
    assert client.get(f"{API}/runs/{told['id']}").json()["state"] == "QUEUED"
    assert client.post(address).json()["id"] == told["id"]
    assert client.post(f"{API}/runs/{told['id']}/cancel").json()["state"] == "CANCELLED"


@pytest.mark.parametrize(
    ("caller", "body", "refusal"),
    [
        (["engineer"], {"recipe": {"format": "x"}}, (422, "recipe_error")),
        (["engineer", "read"], {}, (403, "token_scope")),
        (["auditor"], {}, (403, "not_permitted")),
    ],
)
def test_what_may_not_be_is_refused_with_its_code(world, address, caller, body, refusal):
    answer = world.client(*caller).post(address, body)
    assert (answer.status_code, answer.json()["code"]) == refusal
    assert Run.objects.count() == 0
