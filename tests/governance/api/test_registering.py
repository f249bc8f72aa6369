"""Facts by the API: projects, people, datasets, models, versions, environments, policies."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.models import EvaluationSet, ModelVersion
from registry.sources.mlflow import MlflowError
from tests.governance.api.world import API, SCHEMA, policy_text

CSV = b"x,y\n1.5,0\n2.5,1\n3.5,1\n"


def _upload(data: bytes = CSV, name: str = "rows.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def _dataset(data=CSV, schema=SCHEMA, name="rows.csv", **change):
    return {
        "project": "default",
        "name": "new",
        "file": _upload(data, name),
        "schema": schema if isinstance(schema, str) else json.dumps(schema),
        **change,
    }


def test_a_project_is_opened_by_an_administrator_who_then_administers_it(world):
    client = world.client("administrator")
    made = client.post(f"{API}/projects", {"slug": "credit", "name": "Credit"})
    assert made.status_code == 201
    again = client.post(f"{API}/projects", {"slug": "credit", "name": "Credit"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    refused = world.client("engineer").post(f"{API}/projects", {"slug": "mine", "name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert world.people["administrator"].assignments.filter(project__slug="credit").exists()


def test_people_services_roles_and_identities_are_an_administrators(world):
    client = world.client("administrator")
    person = client.post(f"{API}/principals/people", {"username": "nina", "email": "nina@example.org"}).json()
    granted = client.post(f"{API}/roles", {"project": "default", "principal": person["id"], "role": "validator"})
    assert granted.status_code == 201
    again = client.post(f"{API}/roles", {"project": "default", "principal": person["id"], "role": "validator"})
    assert (again.status_code, again.json()["code"]) == (409, "role_already_held")
    service = {"project": "default", "name": "bot", "owner": person["id"], "role": "requester"}
    assert client.post(f"{API}/principals/services", service).json()["owner"] == person["id"]
    identity = {"kind": "mlflow", "value": "Nina"}
    assert client.post(f"{API}/principals/{person['id']}/identities", identity).status_code == 201
    mine = {"project": "default", "principal": str(world.people["administrator"].pk), "role": "compliance_officer"}
    assert client.post(f"{API}/roles", mine).status_code == 403  # nobody gives a role to themselves
    taken = client.post(f"{API}/roles/{granted.json()['id']}/revoke")
    assert taken.json()["revoked_at"]
    for address, body in (
        ("principals/people", {"username": "x"}),
        ("principals/services", service),
        ("roles", {"project": "default", "principal": person["id"], "role": "auditor"}),
        (f"principals/{person['id']}/identities", identity),
    ):
        refused = world.client("engineer").post(f"{API}/{address}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted"), address


@pytest.mark.parametrize(("name", "data"), [("rows.csv", CSV), ("rows.parquet", None)])
def test_a_dataset_comes_as_csv_or_parquet_and_once(world, name, data):
    sent = data or (world.folder / "rows.parquet").read_bytes()
    client = world.client("engineer")
    first, second = (
        client.post(f"{API}/dataset-versions", _dataset(sent, name=name), format="multipart") for _ in range(2)
    )
    assert first.status_code == 201, first.json()
    assert second.json() == first.json()
    assert first.json()["schema"] == SCHEMA
    assert client.get(f"{API}/dataset-versions/{first.json()['id']}").json() == first.json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema": {**SCHEMA, "target": "z"}}, "dataset_schema"),
        ({"schema": {"target": "y"}}, "dataset_schema"),
        ({"schema": {**SCHEMA, "sensitive": ["x"]}}, "dataset_schema"),
        ({"schema": "[]"}, "invalid"),
        ({"schema": "{"}, "invalid"),
        ({"data": b"x,y\n"}, "no_rows"),
        ({"data": b"PAR1 cut", "name": "rows.parquet"}, "truncated"),
        ({"data": b"\xff\xfe\x00", "name": "rows.csv"}, "encoding"),
        ({"data": b"x", "name": "rows.exe"}, "format_unknown"),
    ],
)
def test_a_dataset_that_is_wrong_is_refused_with_its_place(world, change, code):
    response = world.client("engineer").post(f"{API}/dataset-versions", _dataset(**change), format="multipart")
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert "/tmp" not in response.json()["detail"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("score\n0.1\n0.9\n", 201),
        ("prediction\n0\n1\n", 201),
        ("score\n0.1\n1.5\n", 422),
        ("score\n0.1\nnan\n", 422),
        ('score\n0.1\n""\n', 422),
        ("prediction\n0\n0.5\n", 422),
        ("other\n0\n1\n", 422),
    ],
)
def test_a_version_from_its_predictions(world, text, status):
    body = {"model": str(world.model.pk), "file": _upload(text.encode(), "p.csv")}
    response = world.client("engineer").post(f"{API}/versions/predictions", body, format="multipart")
    assert response.status_code == status, response.json()
    if status == 201:
        assert (response.json()["kind"], response.json()["number"]) == ("predictions", 2)
    else:
        assert response.json()["code"] == "predictions_refused"


@pytest.mark.parametrize(
    ("task", "text", "words"),
    [
        ("multiclass", "prediction,score:low,score:top\nlow,0.7,0.3\ntop,0.1,0.9\n", ""),
        ("multiclass", "prediction,score:low\nlow,1.7\ntop,0.1\n", "between 0 and 1"),
        ("multiclass", 'prediction\nlow\n""\n', "the name of a class"),
        ("multiclass", "score\n0.1\n0.9\n", "no column prediction"),
        ("regression", "prediction\n12.5\n-3\n", ""),
        ("regression", "prediction\n12.5\ninf\n", "a finite number"),
        ("regression", "prediction\n12.5\nmany\n", "a finite number"),
    ],
)
def test_predictions_of_other_tasks_are_taken_by_their_own_rules(world, task, text, words):
    body = {"model": str(world.model.pk), "task": task, "file": _upload(text.encode(), "p.csv")}
    response = world.client("engineer").post(f"{API}/versions/predictions", body, format="multipart")
    assert response.status_code == (422 if words else 201), response.json()
    assert words in str(response.json())


def test_a_version_by_declaration_says_what_its_kind_must(world):
    client = world.client("engineer")
    body: dict[str, object] = {"model": str(world.model.pk), "kind": "image", "details": {}}
    assert client.post(f"{API}/versions", body).json()["code"] == "version_incomplete"
    used = [{"role": "train", "dataset_version": str(EvaluationSet.objects.get().dataset_version_id)}]
    body = {**body, "details": {"image_digest": "sha256:00"}, "datasets": used}
    made = client.post(f"{API}/versions", body)
    assert (made.status_code, made.json()["assurance"]) == (201, "declared")
    assert [one["role"] for one in made.json()["datasets"]] == ["train"]
    wrong = client.post(f"{API}/versions", {**body, "details": {"image_digest": 0.5}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "not_canonical")
    for kind in ("tree", "blob"):
        assert client.post(f"{API}/versions", {**body, "kind": kind}).json()["code"] == "invalid"


def test_the_evaluation_set_is_not_the_requesters_to_choose(world):
    pin = EvaluationSet.objects.get()
    body = {"model": str(world.model.pk), "dataset_version": str(pin.dataset_version_id)}
    address = f"{API}/environments/{world.environment.pk}/evaluation-sets"
    for who, status in (("requester", 403), ("engineer", 403), ("risk", 201)):
        assert world.client(who).post(address, body).status_code == status


def test_an_environment_names_a_backend_that_is_listed(world):
    body = {"project": "default", "name": "staging", "serving_backend": "magic"}
    client = world.client("administrator")
    assert client.post(f"{API}/environments", body).json()["code"] == "not_listed"
    assert client.post(f"{API}/environments", {**body, "serving_backend": "local"}).status_code == 201


def test_a_policy_is_published_assigned_and_confirmed_by_two(bare):
    officer = bare.client("officer")
    sent = {"project": "default", "text": policy_text()}
    policy = officer.post(f"{API}/policies", sent)
    assert policy.status_code == 201
    assert officer.get(f"{API}/policies/{policy.json()['digest']}").json()["document"]["name"] == "cheap"
    assert bare.client("requester").post(f"{API}/policies", sent).json()["code"] == "not_permitted"
    other = {"project": "default", "text": policy_text(value="0.7")}
    assert officer.post(f"{API}/policies", other).json()["code"] == "policy_version_taken"
    assert officer.post(f"{API}/policies", {**sent, "text": "name: x"}).json()["code"] == "policy_refused"
    proposal = {"environment": str(bare.environment.pk), "tier": "limited", "policy": policy.json()["digest"]}
    assert officer.post(f"{API}/policy-assignments", proposal).json()["effective_at"]
    early = officer.post(f"{API}/policy-assignments", {**proposal, "grace_days": 30})
    assert (early.status_code, "Only what is deployed has a grace" in early.content.decode()) == (422, True)
    proposal |= {"applies_to": "deployed", "grace_days": 30}
    second = officer.post(f"{API}/policy-assignments", proposal).json()
    assert (second["effective_at"], second["grace_days"]) == (None, 30)
    confirm = f"{API}/policy-assignments/{second['id']}/confirm"
    assert officer.post(confirm).json()["code"] == "same_person"
    assert bare.client("second").post(confirm).json()["confirmed_by"] == str(bare.people["second"].pk)
    assert bare.client("risk").post(confirm).json()["code"] == "not_proposed"


def test_without_a_policy_nothing_is_requested(bare):
    body = {"version": str(bare.version.pk), "environment": str(bare.environment.pk)}
    response = bare.client("requester").post(f"{API}/promotions", body)
    assert (response.status_code, response.json()["code"]) == (409, "no_policy")


def test_a_training_is_queued_only_for_a_listed_entry_point(world):
    trained_on = str(EvaluationSet.objects.get().dataset_version_id)
    body = {"model": str(world.model.pk), "dataset_version": trained_on, "entry_point": "nothing", "features": ["x"]}
    client = world.client("engineer")
    assert client.post(f"{API}/versions/train", body).json()["code"] == "not_listed"
    queued = client.post(f"{API}/versions/train", {**body, "entry_point": "scorecard"})
    assert (queued.status_code, queued.json()["state"]) == (202, "QUEUED")
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"run_id": None}, 422, "invalid"),
        ({"registered_name": "m"}, 422, "invalid"),
        ({"registered_name": "m", "registered_version": "1"}, 422, "invalid"),
        ({"features": []}, 422, "invalid"),
        ({}, 503, "mlflow_unavailable"),
        (
            {"datasets": [{"role": "train", "dataset_version": "00000000-0000-4000-8000-000000000000"}]},
            404,
            "not_found",
        ),
    ],
)
def test_an_import_from_mlflow_names_one_run_and_fails_as_mlflow_does(world, monkeypatch, change, status, code):
    def away(*_arguments):
        raise MlflowError("could not read run r at http://secret-host:5000", code="mlflow_unavailable", retriable=True)

    monkeypatch.setattr("registry.sources.mlflow.read_run", away)
    body = {"model": str(world.model.pk), "run_id": "r", "features": ["x"], **change}
    sent = {name: value for name, value in body.items() if value is not None}
    response = world.client("engineer").post(f"{API}/versions/mlflow", sent)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "secret-host" not in response.content.decode()
