"""A small stage: people with roles, a model, sixty seeded rows, a policy on real checks; tasks are called directly."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.utils import timezone

from governance import tasks
from governance.models import Approval, Evaluation, Policy, PromotionRequest
from governance.policies.assign import confirm, propose
from governance.policies.publish import publish
from governance.promotion.approve import approve
from governance.promotion.release import start_release
from governance.promotion.request import request_promotion
from governance.watch import post_batch
from monitoring.models import Batch
from registry.artifacts import keep_table, keep_tree
from registry.ledger import read
from registry.models import (
    Actor,
    DatasetVersion,
    Deployment,
    Environment,
    Model,
    ModelVersion,
    Principal,
    Project,
    Run,
)
from registry.register import (
    Member,
    create_environment,
    grant_role,
    pin_evaluation_set,
    register_dataset_version,
    register_model,
    register_model_version,
    register_person,
    register_service,
)
from tests.governance.cheap import Outside, mlflow_digest

ROWS = 60
REASON = "I looked at every number of it."
ROLES = {
    "requester": ("requester",),
    "engineer": ("engineer",),
    "validator": ("validator",),
    "officer": ("compliance_officer",),
    "second": ("compliance_officer",),
    "both": ("validator", "compliance_officer"),
    "risk": ("risk_officer",),
    "auditor": ("auditor",),
    "administrator": ("administrator",),
}
SCHEMA = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "x1", "kind": "numeric"}, {"name": "x2", "kind": "numeric"}],
    "identifiers": [],
    "text": [],
    "sensitive": [{"name": "sex", "column": "sex"}],
    "ignore": [],
}
POLICY = """
name: staged
version: "{version}"
tier: limited
requires: {{sandbox: true}}
checks:
  - check: performance
    parameters: {{replicates: 200}}
    max_age_days: {max_age}
    limits: [{{metric: performance.auc, bound: {bound}, min: "{auc}", severity: {severity}}}{limits}]
{checks}  - check: fairness
    parameters: {{replicates: 200}}
    max_age_days: {max_age}
    limits: [{{metric: fairness.selection_rate_ratio, group: "*attributes", min: "0.05"}}]
approval:
  stages: [{stages}]
  separation: [requester, trainer, author, committer]
  unmapped_identity: {unmapped}
  valid_days: 14
waivers: {{allowed: [{waivable}], max_days: 10, role: risk_officer}}
watch:
  every_hours: 24
  overdue_hours: 48
  on_overdue: {overdue}
  on_lapse: {lapse}
  checks:
    - check: drift
      on_breach: review
      limits: [{{metric: drift.features_drifted_share, max: "0.4", n_at_least: 20}}]
    - check: performance
      parameters: {{replicates: 200}}
      on_breach: {breach}
      limits: [{{metric: performance.auc, bound: interval, min: "0.5", n_at_least: 20}}]
"""
DEFAULTS = {
    "version": "1",
    "auc": "0.6",
    "bound": "value",
    "severity": "FAIL",
    "limits": "",
    "checks": "",
    "max_age": "30",
    "stages": "{name: validation, role: validator}, {name: compliance, role: compliance_officer}",
    "unmapped": "block",
    "waivable": "performance.auc",
    "overdue": "review",
    "lapse": "review",
    "breach": "rollback",
}
AUC = "performance/performance.auc/"
STRADDLES = {"version": "straddles", "auc": "0.9", "bound": "interval"}
MISSES = {"version": "misses", "auc": "0.999"}


def rows(count: int = ROWS, seed: int = 7, shift: float = 0.0, flip: bool = False) -> pa.Table:
    """Return rows whose label follows x1; ``flip`` turns the labels round, ``shift`` moves the features."""
    source = np.random.default_rng(seed)
    x1, x2, noise = source.normal(size=(3, count))
    y = ((x1 + 0.7 * noise) > 0).astype(int)
    return pa.table(
        {
            "x1": x1 + shift,
            "x2": x2 + shift,
            "sex": np.where(np.arange(count) % 2 == 0, "a", "b"),
            "y": [str(1 - one if flip else one) for one in y],
        }
    )


@dataclass
class Stage:
    folder: Path
    outside: Outside
    monkeypatch: Any
    project: Project
    people: dict[str, Principal]
    environment: Environment
    model: Model
    training: DatasetVersion
    evaluation: DatasetVersion
    made: int = 0
    real_now: Callable[[], datetime] = field(default=timezone.now)

    # --- who and what ---

    def actor(self, who: str, auth: str = "session") -> Actor:
        return Actor(self.people[who], next(iter(ROLES.get(who, ("service",)))), auth)

    def policy(self, **changes: str) -> Policy:
        return publish(text=POLICY.format(**DEFAULTS | changes), actor=self.actor("administrator"))

    def assign(self, applies_to: str = "open", grace_days: int = 0, **changes: str) -> Policy:
        """Let a policy apply: proposed by one person, and confirmed by another where it is not the first."""
        policy = self.policy(**changes)
        assignment = propose(
            environment=self.environment,
            tier="limited",
            policy=policy,
            actor=self.actor("administrator"),
            applies_to=applies_to,
            grace_days=grace_days,
        )
        if assignment.effective_at is None:
            confirm(assignment, actor=self.actor("officer"))
        return policy

    def version(self, slope: float = 1.0, people: tuple[Member, ...] = (), **changes: Any) -> ModelVersion:
        """Register a model whose score is a slope of x1."""
        self.made += 1
        folder = self.folder / f"model-{self.made}"
        folder.mkdir()
        (folder / "slope.json").write_text(json.dumps({"slope": slope, "made": self.made}))
        facts = {
            "kind": "tree",
            "content": keep_tree(folder),
            "details": {"features": ["x1", "x2"]},
            "datasets": [("train", self.training)],
            "source": {"mlflow_version": str(self.made), "mlflow_digest": mlflow_digest(str(self.made))},
        }
        return register_model_version(model=self.model, people=people, actor=self.actor("engineer"), **facts | changes)

    def predicted(self) -> ModelVersion:
        """Register a version of which only predictions were handed in."""
        scores = [0.9 if label == "1" else 0.1 for label in rows().column("y").to_pylist()]
        content = keep_table(pa.table({"score": scores}))
        return self.version(kind="predictions", content=content, source={})

    # --- the way through the gate ---

    def request(self, version: ModelVersion | None = None, who: str = "requester", **more: Any) -> PromotionRequest:
        return request_promotion(
            version=version or self.version(), environment=self.environment, actor=self.actor(who), **more
        )

    def assessed(self, version: ModelVersion | None = None, **more: Any) -> PromotionRequest:
        promotion = self.request(version, **more)
        self.assess(promotion)
        return fresh(promotion)

    def assess(self, promotion: PromotionRequest) -> Run:
        return self._perform(tasks.assess, "assess", f"promotion:{promotion.pk}")

    def _perform(self, task: Any, kind: str, subject: str) -> Run:
        run = Run.objects.filter(kind=kind, subject=subject).latest("created_at")
        task(str(run.pk))
        run.refresh_from_db()
        return run

    def approve(self, promotion: PromotionRequest, who: str, **changes: Any) -> Approval:
        """Approve what is there now, as it asks to be."""
        current = fresh(promotion)
        facts = {
            "actor": self.actor(who),
            "reason": REASON,
            "evaluation_digest": current.evaluation_digest,
            "acknowledged": evaluation_of(current).document["acknowledge"] if current.evaluation_digest else [],
        }
        return approve(current, **facts | changes)

    def approved(self, version: ModelVersion | None = None, **more: Any) -> PromotionRequest:
        promotion = self.assessed(version, **more)
        self.approve(promotion, "validator")
        self.approve(promotion, "officer")
        return fresh(promotion)

    def release(self, promotion: PromotionRequest) -> Run:
        """Begin a release and do its work."""
        start_release(promotion, actor=self.actor("engineer"))
        return self.perform_release(promotion)

    def perform_release(self, promotion: PromotionRequest) -> Run:
        return self._perform(tasks.release, "release", f"promotion:{promotion.pk}")

    def released(self, version: ModelVersion | None = None) -> Deployment:
        promotion = self.approved(version)
        run = self.release(promotion)
        assert run.status == "SUCCEEDED", run.error
        return deployment_of(promotion)

    def post(self, deployment: Deployment, table: pa.Table) -> Batch:
        """Post a batch and do its measurement."""
        batch = post_batch(deployment, table=table, actor=self.actor("engineer"))
        self._perform(tasks.watch_batch, "watch", f"batch:{batch.pk}")
        batch.refresh_from_db()
        return batch

    def later(self, **time: float) -> None:
        """Let time pass, for everything that asks Django for it, and for the moments that rows are recorded at."""
        at, began = self.real_now() + timedelta(**time), self.real_now()

        def now() -> datetime:
            return at + (self.real_now() - began)

        self.monkeypatch.setattr(timezone, "now", now)
        for model in apps.get_models():
            for column in model._meta.fields:
                if column.default is self.real_now:
                    self.monkeypatch.setitem(column.__dict__, "_get_default", now)

    def live(self) -> Deployment | None:
        """Return what our record wants to serve."""
        return Deployment.objects.filter(environment=self.environment, model=self.model, desired=True).first()


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def evaluation_of(promotion: PromotionRequest) -> Evaluation:
    return promotion.evaluations.filter(digest=promotion.evaluation_digest).latest("created_at")


def outcomes_of(promotion: PromotionRequest) -> dict[str, str]:
    """Return the outcome of each item of the current evaluation."""
    return {item["key"]: item["outcome"] for item in evaluation_of(fresh(promotion)).document["items"]}


def reasons_of(promotion: PromotionRequest) -> str:
    return " ".join(item["reason"] for item in evaluation_of(fresh(promotion)).document["items"])


def deployment_of(promotion: PromotionRequest) -> Deployment:
    found = Deployment.objects.select_related("environment__project", "model", "manifest__champion")
    return found.filter(promotion_id=promotion.pk).latest("created_at")


def events(row: Any, kind: str = "") -> list[dict[str, Any]]:
    """Return what the ledger says of a promotion or deployment, oldest first."""
    noun = {PromotionRequest: "promotion", Deployment: "deployment"}[type(row)]
    entries = read.entries(subject=f"{noun}:{row.pk}", kind=kind or None)
    return [entry.document() for entry in entries]


def _register(project: Project, folder: Path, name: str, seed: int, actor: Actor) -> DatasetVersion:
    file = folder / f"{name}.parquet"
    pq.write_table(rows(seed=seed), file)
    return register_dataset_version(project=project, name=name, file=file, schema=SCHEMA, actor=actor)


def _people(project: Project, system: Actor) -> dict[str, Principal]:
    people = {name: register_person(username=name, password=None, actor=system) for name in (*ROLES, "stranger")}
    for name, roles in ROLES.items():
        for role in roles:
            grant_role(people[name], project=project, role=role, actor=system)
    people["service"] = register_service(name="pipeline", owner=people["second"], actor=system)
    for role in ("requester", "compliance_officer"):
        grant_role(people["service"], project=project, role=role, actor=system)
    return people


def build(folder: Path, outside: Outside, monkeypatch: Any) -> Stage:
    """Make the stage, without a policy."""
    system, project = Actor.system("command"), Project.default()
    people = _people(project, system)
    environment = create_environment(project=project, name="production", actor=system)
    model = register_model(project=project, name="staged", tier="limited", intended_use="Testing.", actor=system)
    training = _register(project, folder, "training", 1, system)
    evaluation = _register(project, folder, "evaluation", 7, system)
    pin_evaluation_set(environment=environment, model=model, dataset_version=evaluation, actor=system)
    return Stage(folder, outside, monkeypatch, project, people, environment, model, training, evaluation)
