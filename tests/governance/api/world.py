"""A small world: people with roles, a model with a version, an environment with a policy; and how to call its API."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils import timezone
from rest_framework.test import APIClient

from governance.access.tokens import create_token
from governance.models import PromotionRequest
from governance.policies.assign import propose
from governance.policies.publish import publish
from governance.promotion.assess import assess
from governance.promotion.release import release
from governance.promotion.request import request_promotion
from registry import run
from registry.artifacts import keep_tree
from registry.models import Actor, Environment, Model, ModelVersion, Principal, Project, Run
from registry.register import (
    create_environment,
    grant_role,
    pin_evaluation_set,
    register_dataset_version,
    register_model,
    register_model_version,
    register_person,
    register_service,
)

API = "/api/v1"
ALL = ("read", "register", "request", "decide", "operate", "administer")
SCHEMA = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "x", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [],
    "ignore": [],
}
POLICY = """
name: cheap
version: "{version}"
tier: limited
requires: {{sandbox: false}}
checks:
  - check: cheap
    parameters: {{value: "{value}", lower: "{lower}", upper: "{upper}", broken: {broken}}}
    max_age_days: 30
    limits: [{{metric: cheap.score, bound: interval, min: "0.5"}}]
approval:
  stages: [{{name: compliance, role: compliance_officer}}]
  separation: [requester]
waivers: {{allowed: [cheap.score], max_days: 10, role: risk_officer}}
"""


def policy_text(version: str = "1", value: str = "0.9", lower: str = "0.8", upper: str = "0.95", broken: str = "false"):
    return POLICY.format(version=version, value=value, lower=lower, upper=upper, broken=broken)


@dataclass
class World:
    folder: Path
    system: Actor
    project: Project
    people: dict[str, Principal]
    environment: Environment
    model: Model
    version: ModelVersion
    secrets: dict[tuple[str, tuple[str, ...], Project | None], str] = field(default_factory=dict)

    def token(self, who: str, *scopes: str, project: Project | None = None) -> str:
        key = (who, scopes, project)
        if key not in self.secrets:
            person = self.people[who]
            actor = Actor(person.accountable(), "", "session")
            wanted = scopes or tuple(scope for scope in ALL if scope != "decide" or person.kind == "person")
            _, self.secrets[key] = create_token(
                principal=person,
                project=project or self.project,
                name="test",
                scopes=wanted,
                expires_at=timezone.now() + timedelta(days=1),
                actor=actor,
            )
        return self.secrets[key]

    def client(self, who: str, *scopes: str) -> APIClient:
        return with_token(self.token(who, *scopes))

    def actor(self, who: str) -> Actor:
        return Actor(self.people[who], "", "session")

    def assign(self, text: str) -> None:
        policy = publish(text=text, actor=self.system)
        propose(environment=self.environment, tier="limited", policy=policy, actor=self.actor("administrator"))

    def new_version(self, note: str) -> ModelVersion:
        folder = self.folder / note
        folder.mkdir()
        (folder / "model.txt").write_text(note)
        return register_model_version(
            model=self.model, kind="tree", content=keep_tree(folder), details={"features": ["x"]}, actor=self.system
        )

    def request(self, who: str = "requester", version: ModelVersion | None = None) -> PromotionRequest:
        return request_promotion(version=version or self.version, environment=self.environment, actor=self.actor(who))

    def assessed(self, version: ModelVersion | None = None) -> PromotionRequest:
        promotion = self.request(version=version)
        work(promotion, "assess", assess)
        return PromotionRequest.objects.get(pk=promotion.pk)

    def released(self, version: ModelVersion | None = None) -> str:
        """Take a version all the way by the API; return the id of its deployment."""
        promotion = self.assessed(version)
        address = f"{API}/promotions/{promotion.pk}"
        officer = self.client("officer")
        looked = officer.get(address)
        given = officer.post(f"{address}/approve", {"reason": "it meets every limit"}, headers=match(looked))
        assert given.json()["state"] == "APPROVED", given.json()
        begun = self.client("engineer").post(f"{address}/release")
        assert begun.status_code == 202, begun.json()
        work(promotion, "release", release)
        return str(PromotionRequest.objects.get(pk=promotion.pk).pk)


def work(promotion: PromotionRequest, kind: str, body: Any) -> None:
    queued = Run.objects.filter(kind=kind, subject=f"promotion:{promotion.pk}").latest("created_at")
    ended = run.perform(str(queued.pk), body)
    assert ended is not None
    assert ended.status == "SUCCEEDED", ended.error


def match(response: Any) -> dict[str, str]:
    return {"If-Match": response["ETag"]}


def with_token(text: str) -> APIClient:
    client = APIClient(headers={"Authorization": f"Bearer {text}"})
    client.default_format = "json"
    return client


def _person(name: str, role: str, project: Project, actor: Actor) -> Principal:
    person = register_person(username=name, password="a long secret", actor=actor)
    grant_role(person, project=project, role=role, actor=actor)
    return person


def build(folder: Path) -> World:
    system, project = Actor.system("command"), Project.default()
    roles = {
        "administrator": "administrator",
        "requester": "requester",
        "engineer": "engineer",
        "officer": "compliance_officer",
        "second": "compliance_officer",
        "risk": "risk_officer",
        "auditor": "auditor",
    }
    people = {name: _person(name, role, project, system) for name, role in roles.items()}
    people["stranger"] = register_person(username="stranger", password=None, actor=system)
    people["service"] = register_service(name="ci", owner=people["engineer"], actor=system)
    grant_role(people["service"], project=project, role="requester", actor=system)
    environment = create_environment(project=project, name="production", actor=system)
    model = register_model(project=project, name="credit", tier="limited", intended_use="testing", actor=system)
    rows = folder / "rows.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0], "y": ["0", "1"]}), rows)
    dataset = register_dataset_version(project=project, name="rows", file=rows, schema=SCHEMA, actor=system)
    pin_evaluation_set(environment=environment, model=model, dataset_version=dataset, actor=system)
    world = World(folder, system, project, people, environment, model, ModelVersion())
    world.version = world.new_version("first")
    return world
