"""The whole path through the API alone: set-up, data, training, refusal, decisions, release, watch, roll-back."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from governance import tasks
from governance.access.tokens import create_token
from governance.management.demo import patients
from governance.models import ApiToken
from governance.policies.library import library_text
from privacy.tasks import anonymize
from registry import catalog
from registry.models import Actor, Deployment, Project, Run
from registry.register import grant_role, register_person
from registry.tasks import train

WORK = {
    "anonymize": anonymize,
    "train": train,
    "assess": tasks.assess,
    "release": tasks.release,
    "watch": tasks.watch_batch,
}
PEOPLE = {
    "scientist": "requester",
    "engineer": "engineer",
    "validator": "validator",
    "officer": "compliance_officer",
    "administrator": "administrator",
    "auditor": "auditor",
}
SEED = 7


class Caller:
    """One person's client; every call states what it expects."""

    def __init__(self, name):
        project, system = Project.default(), Actor.system("command")
        self.person = register_person(username=name, password=None, actor=system)
        grant_role(self.person, project=project, role=PEOPLE[name], actor=system)
        _, text = create_token(
            principal=self.person,
            project=project,
            name="scenario",
            scopes=list(ApiToken.SCOPES),
            expires_at=timezone.now() + timedelta(days=1),
            actor=Actor(principal=self.person, role=PEOPLE[name], auth="session"),
        )
        self.client = APIClient(headers={"Authorization": f"Bearer {text}"})

    def get(self, path, expected=200, **query):
        answer = self.client.get(f"/api/v1/{path}", query)
        assert answer.status_code == expected, answer.content
        return answer

    def post(self, path, body=None, expected=201, headers=None, form="json"):
        answer = self.client.post(f"/api/v1/{path}", body or {}, format=form, headers=headers or {})
        assert answer.status_code == expected, answer.content
        return answer.json()

    def upload(self, frame, path, expected=201, **fields):
        file = SimpleUploadedFile("rows.csv", frame.to_csv(index=False).encode(), content_type="text/csv")
        return self.post(path, {"file": file, **fields}, expected, form="multipart")


def drain():
    """Do what is queued, as the workers would."""
    while waiting := Run.objects.exclude(status__in=Run.ENDED).order_by("created_at").first():
        WORK[waiting.kind](str(waiting.pk))
        waiting.refresh_from_db()
        assert waiting.status in {*Run.ENDED, "WAITING"}, waiting.error


@pytest.fixture
def callers(committed_db, settings, tmp_path, monkeypatch):
    settings.PROBITY_HOME = tmp_path
    settings.MLFLOW_TRACKING_URI = f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings.MLFLOW_ARTIFACT_ROOT = str(tmp_path / "mlruns")
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_more: None)
    yield {name: Caller(name) for name in PEOPLE}
    for deployment in Deployment.objects.exclude(handle={}):
        catalog.serving_backend(deployment.backend).stop(deployment.handle)


def set_up(callers, held_out):
    """Make environment, model, policy and the evaluation rows; return their ids."""
    administrator = callers["administrator"]
    environment = administrator.post("environments", {"project": "default", "name": "production"})["id"]
    model = administrator.post(
        "models",
        {"project": "default", "name": "programme", "tier": "high", "intended_use": "Choose patients by their risk."},
    )["id"]
    policy = administrator.post("policies", {"project": "default", "text": library_text("high-risk")})["digest"]
    administrator.post("policy-assignments", {"environment": environment, "tier": "high", "policy": policy})
    evaluated = register(callers, held_out, "held-out", identities=False)
    pin = {"model": model, "dataset_version": evaluated}
    administrator.post(f"environments/{environment}/evaluation-sets", pin)
    return environment, model


def register(callers, frame, name, *, identities):
    schema = json.dumps(patients.schema(identities=identities))
    sent = callers["scientist"].upload(frame, "dataset-versions", project="default", name=name, schema=schema)
    return sent["id"]


def anonymised(callers, dataset):
    """Anonymise by the recipe that the findings propose; return the new version's id."""
    run = callers["scientist"].post(f"dataset-versions/{dataset}/anonymize", expected=202)
    drain()
    ended = callers["scientist"].get(f"runs/{run['id']}").json()
    assert ended["state"] == "SUCCEEDED", ended
    made = callers["scientist"].get(f"dataset-versions/{ended['result']['dataset_version']}").json()
    assert (made["parent"], made["number"]) == (dataset, 2)
    return made["id"]


def assessed(callers, environment, model, dataset, seed):
    """Train a scorecard and ask for its release; return the version and the promotion as printed."""
    scientist = callers["scientist"]
    asked = {"model": model, "dataset_version": dataset, "entry_point": "scorecard", "seed": seed}
    run = scientist.post("versions/train", {**asked, "features": list(patients.CLINICAL)}, 202)
    drain()
    version = scientist.get(f"runs/{run['id']}").json()["result"]["version"]
    promotion = scientist.post("promotions", {"version": version, "environment": environment})["id"]
    drain()
    return version, scientist.get(f"promotions/{promotion}")


def approve(caller, promotion, expected=202):
    page = caller.get(f"promotions/{promotion}")
    document = caller.get(f"promotions/{promotion}/evaluation").json()
    items = document.get("document", document)["acknowledge"]
    sent = {"reason": "Looked at every interval; fit for a limited intake.", "acknowledge": items}
    return caller.post(f"promotions/{promotion}/approve", sent, expected, headers={"If-Match": page["ETag"]})


def released(callers, promotion):
    approve(callers["validator"], promotion)
    approve(callers["officer"], promotion)
    callers["engineer"].post(f"promotions/{promotion}/release", expected=202)
    drain()
    assert callers["engineer"].get(f"promotions/{promotion}").json()["state"] == "RELEASED"
    found = callers["engineer"].get("deployments").json()["results"]
    return next(one for one in found if one["promotion"] == promotion)


@pytest.mark.sandbox
def test_a_model_finds_its_way_through_the_api_alone(callers):
    train_rows, held_out = patients.split(patients.measured(), SEED)
    environment, model = set_up(callers, held_out)
    raw = register(callers, patients.with_identities(train_rows, SEED), "patients", identities=True)
    clean = anonymised(callers, raw)

    _, page = assessed(callers, environment, model, raw, SEED)
    assert page.json()["state"] == "BLOCKED"
    gate = {"project": "default", "model": "programme", "environment": "production"}
    answer = callers["auditor"].get("gate", **gate, version="1").json()
    assert (answer["allowed"], answer["pending"]) == (False, False)
    assert any("pii." in reason for reason in answer["reasons"])

    _, page = assessed(callers, environment, model, clean, SEED)
    first = page.json()["id"]
    assert page.json()["state"] == "AWAITING_DECISION"
    assert callers["auditor"].get("gate", **gate, version="2").json()["pending"]
    assert approve(callers["scientist"], first, 403)["code"] == "own_request"
    no_match = callers["validator"].post(f"promotions/{first}/approve", {"reason": "I have looked at it."}, 428)
    assert no_match["status"] == 428
    live = released(callers, first)
    assert callers["auditor"].get("gate", **gate, version="2").json()["allowed"]

    _, page = assessed(callers, environment, model, clean, SEED + 1)
    assert page.json()["state"] == "AWAITING_DECISION"
    second = released(callers, page.json()["id"])
    rows = patients.intake(held_out, 300, SEED)
    asked = rows[list(patients.CLINICAL)].to_dict("records")
    told = callers["engineer"].post(f"deployments/{second['id']}/predict", {"rows": asked}, 200)
    assert len(told["predictions"]) == 300
    callers["engineer"].upload(
        patients.with_outcomes(rows, told["predictions"], SEED), f"deployments/{second['id']}/batches", 202
    )
    drain()
    assert callers["auditor"].get(f"deployments/{second['id']}").json()["state"] == "ROLLED_BACK"
    serving = [one for one in callers["auditor"].get("deployments").json()["results"] if one["state"] == "LIVE"]
    assert [one["manifest"] for one in serving] == [live["manifest"]]
    moves = callers["auditor"].get("ledger", kind="deployment.advanced").json()["results"]
    assert [one["kind"] for one in moves] == ["deployment.advanced"] * len(moves) != []
