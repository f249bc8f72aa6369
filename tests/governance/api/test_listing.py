"""Lists: pages by cursor, filters, a constant number of queries; the ledger; problems; the OpenAPI document."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.api.errors import STATUS
from registry.register import create_project, register_model
from tests.governance.api.world import API


def _models(world, names):
    for name in names:
        register_model(project=world.project, name=name, tier="low", intended_use="x", actor=world.system)


def test_pages_by_cursor_neither_repeat_nor_hide_a_row(world):
    _models(world, [f"m{number}" for number in range(7)])
    client = world.client("auditor")
    seen, address, pages = [], f"{API}/models?limit=3", 0
    while address:
        page = client.get(address).json()
        seen += [one["name"] for one in page["results"]]
        address, pages = page["next"], pages + 1
        if pages == 1:
            _models(world, ["added-meanwhile"])
    assert seen == [*(f"m{number}" for number in range(6, -1, -1)), "credit"]
    assert pages == 3


@pytest.mark.parametrize(
    "address",
    ["models", "versions", "promotions", "runs", "roles", "principals", "environments", "dataset-versions", "tokens"],
)
def test_a_longer_list_takes_no_more_queries(world, address):
    client = world.client("administrator")
    client.get(f"{API}/projects")  # the first use of a token is noted
    world.request()
    counts = []
    for note, scope in (("second", "read"), ("third", "register")):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{API}/{address}").status_code == 200
        counts.append(len(queries))
        world.request(version=world.new_version(note))
        world.token("auditor", scope)
    assert counts[0] == counts[1], address


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("models?name=credit", 1),
        ("models?name=none", 0),
        ("versions?number=1", 1),
        ("versions?number=one", 0),
        ("promotions?state=OPEN&model_name=credit&version_number=1", 1),
        ("promotions?state=APPROVED", 0),
        ("runs?kind=assess", 1),
    ],
)
def test_lists_are_filtered(world, address, found):
    world.request()
    assert len(world.client("auditor").get(f"{API}/{address}").json()["results"]) == found


@pytest.mark.parametrize("address", ["promotions?model=credit", "versions?model=1", "ledger?after=x", "ledger?limit=0"])
def test_a_filter_that_makes_no_sense_is_refused(world, address):
    response = world.client("auditor").get(f"{API}/{address}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_the_ledger_of_one_subject_is_its_projects_and_all_of_it_the_auditors(world):
    promotion = world.assessed()
    mine = f"{API}/ledger?subject=promotion:{promotion.pk}"
    kinds = [one["kind"] for one in world.client("requester").get(mine).json()["results"]]
    assert kinds[0] == "promotion.requested"
    assert "evaluation.recorded" in kinds
    refused = world.client("requester").get(f"{API}/ledger")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    create_project(slug="other", name="Other", actor=world.system)
    page = world.client("auditor").get(f"{API}/ledger?limit=2").json()
    rest = world.client("auditor").get(f"{API}/ledger?after={page['next']}&kind=model.registered").json()
    assert len(page["results"]) == 2
    assert {one["kind"] for one in rest["results"]} == {"model.registered"}
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("get", "nowhere", 404, "not_found"),
        ("get", "models/not-an-id", 404, "not_found"),
        ("delete", "models", 405, "method_not_allowed"),
        ("options", "models", 405, "method_not_allowed"),
        ("get", "models?cursor=garbage", 404, "not_found"),
    ],
)
def test_every_error_is_a_problem(world, method, address, status, code):
    response = getattr(world.client("administrator"), method)(f"{API}/{address}")
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert set(body) == {"type", "title", "status", "code", "detail", "errors"}


@pytest.mark.parametrize(
    ("sent", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "parse_error"),
        (b'{"project": NaN}', "application/json", 400, "parse_error"),
        (b"<a/>", "text/xml", 415, "unsupported_media_type"),
        (b"[]", "application/json", 422, "invalid"),
        (b"{}", "application/json", 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(world, sent, kind, status, code):
    response = world.client("engineer").generic("POST", f"{API}/models", sent, content_type=kind)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_every_code_has_one_status_that_is_an_error():
    assert set(STATUS.values()) <= {401, 403, 404, 409, 412, 413, 422, 428, 503}
    assert STATUS["stale_evaluation"] == 412
    assert STATUS["mlflow_unavailable"] == 503


def test_the_openapi_document_is_valid_and_served_to_who_is_known(world, tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    response = world.client("auditor").get(f"{API}/schema?format=json")
    assert response.status_code == 200
    described = response.json()["paths"]
    assert "If-Match" in str(described[f"{API}/promotions/{{promotion_id}}/approve"]["post"]["parameters"])
    assert f"{API}/gate" in described
