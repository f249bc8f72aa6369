"""People with roles, a model in an environment under a policy, and promotions in each state, made by the use cases."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction
from django.test import Client
from django.utils import timezone

from governance.models import CheckRun, Evidence, PromotionRequest
from governance.policies.assign import propose
from governance.policies.publish import publish
from governance.promotion.advance import lock, move
from governance.promotion.approve import approve
from governance.promotion.deploy import create_deployment, move_deployment
from governance.promotion.judge import settle
from governance.promotion.request import request_promotion
from governance.rules.evidence import seed_of
from governance.rules.states import DeploymentState, PromotionState
from monitoring.models import Alert, Batch, Monitor
from registry.artifacts import keep_bytes, keep_document
from registry.checks import Finding, Outcome, Report, measured
from registry.models import (
    Actor,
    Deployment,
    Environment,
    Identity,
    Model,
    ModelVersion,
    Observation,
    Principal,
    Project,
    Run,
    RunStatus,
)
from registry.register import (
    create_environment,
    grant_role,
    pin_evaluation_set,
    register_dataset_version,
    register_model,
    register_model_version,
    register_person,
)

PASSWORD = "a long secret of a test"
ROLES = {
    "ada": "requester",
    "eve": "engineer",
    "val": "validator",
    "cleo": "compliance_officer",
    "rio": "risk_officer",
    "aud": "auditor",
    "adm": "administrator",
}
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
name: careful
version: "1.0"
tier: high
requires: {sandbox: true}
checks:
  - check: pii
    parameters: {roles: [train]}
    max_age_days: 90
    limits: [{metric: pii.personal_columns, max: "0", required: true}]
  - check: performance
    max_age_days: 30
    limits: [{metric: performance.auc, bound: lower, min: "0.6", n_at_least: 100}]
  - check: fairness
    max_age_days: 30
    limits: [{metric: fairness.selection_rate_ratio, group: "*attributes", bound: interval, min: "0.8"}]
approval:
  stages: [{name: validation, role: validator}, {name: compliance, role: compliance_officer}]
  separation: [requester, trainer, author, committer]
waivers: {allowed: [fairness.selection_rate_ratio], max_days: 30, role: risk_officer}
watch:
  every_hours: 24
  overdue_hours: 48
  checks: [{check: drift, on_breach: review, limits: [{metric: drift.score_ks, max: "0.15"}]}]
"""
RATIO = "fairness/fairness.selection_rate_ratio/sex"
REASON = "The interval is wide, the effect is small."
RATIOS = {"pass": (0.95, 0.88, 1.0), "straddles": (0.86, 0.71, 0.98), "misses": (0.5, 0.41, 0.62)}


@dataclass
class Scene:
    folder: Path
    people: dict[str, Principal]
    project: Project
    environment: Environment
    model: Model
    version: ModelVersion

    def actor(self, who: str) -> Actor:
        return Actor(self.people[who], ROLES.get(who, ""), "session")

    def client(self, who: str) -> Client:
        client = Client(raise_request_exception=True)
        assert client.login(username=who, password=PASSWORD)
        return client

    def new_version(self, note: str = "second") -> ModelVersion:
        return register_model_version(
            model=self.model, kind="predictions", content=keep_bytes(note.encode()), actor=self.actor("eve")
        )

    def requested(self, version: ModelVersion | None = None) -> PromotionRequest:
        return request_promotion(version=version or self.version, environment=self.environment, actor=self.actor("ada"))

    def measured(self, ratio: str = "straddles", version: ModelVersion | None = None) -> PromotionRequest:
        """Return a promotion with a report of each check: the ratio passes, straddles or misses its limit."""
        promotion = self.requested(version)
        if promotion.state != PromotionState.OPEN:
            return promotion
        advance(promotion, PromotionState.COLLECTING, PromotionState.MEASURING)
        for check, outcome in outcomes(ratio).items():
            cite(promotion, check, outcome)
        Run.objects.filter(subject=f"promotion:{promotion.pk}").update(status=RunStatus.SUCCEEDED)
        return self.settled(promotion)

    def settled(self, promotion: PromotionRequest) -> PromotionRequest:
        with transaction.atomic():
            settle(lock(promotion.pk), actor=Actor.system())
        return fresh(promotion)

    def approved(self, ratio: str = "straddles", version: ModelVersion | None = None) -> PromotionRequest:
        promotion = self.measured(ratio, version)
        for officer in ("val", "cleo"):
            approve(
                promotion,
                actor=self.actor(officer),
                reason=REASON,
                evaluation_digest=fresh(promotion).evaluation_digest,
                acknowledged=[RATIO] if ratio == "straddles" else [],
            )
        return fresh(promotion)

    def live(self, promotion: PromotionRequest | None = None) -> Deployment:
        """Return a deployment that our record says is live, watched and observed."""
        promotion = promotion or self.approved()
        with transaction.atomic():
            deployment = create_deployment(source=promotion, actor=Actor.system(), previous=None)
            move(lock(promotion.pk), PromotionState.RELEASING, actor=Actor.system())
            move_deployment(deployment, DeploymentState.LIVE, actor=Actor.system())
            move(lock(promotion.pk), PromotionState.RELEASED, actor=Actor.system())
        Observation.objects.create(
            deployment=deployment, at=timezone.now(), healthy=True, manifest_digest=deployment.manifest_id
        )
        Monitor.objects.create(deployment=deployment, every_seconds=86400, overdue_seconds=172800)
        return deployment

    def alarmed(self, deployment: Deployment) -> Alert:
        """Put a deployment under review because of a batch that was judged."""
        batch = Batch.objects.create(
            monitor=deployment.monitor,
            content=keep_bytes(b"rows"),
            rows=240,
            has_outcomes=True,
            posted_by=self.people["eve"],
            measured_at=timezone.now(),
            verdict="BREACH",
        )
        with transaction.atomic():
            move_deployment(deployment, DeploymentState.UNDER_REVIEW, actor=Actor.system(), reason="drift")
        return Alert.objects.create(
            deployment=deployment,
            batch=batch,
            key="drift/drift.score_ks/",
            message="drift.score_ks is 0.31: the value misses the most allowed 0.15.",
            action="review",
        )


def fresh(promotion: PromotionRequest) -> PromotionRequest:
    return PromotionRequest.objects.get(pk=promotion.pk)


@transaction.atomic
def advance(promotion: PromotionRequest, *states: PromotionState) -> None:
    for state in states:
        move(lock(promotion.pk), state, actor=Actor.system())


def outcomes(ratio: str) -> dict[str, Outcome]:
    value, lower, upper = RATIOS[ratio]
    contact = Finding(
        "column_personal",
        "The column contact holds e-mail addresses; it is not among the features.",
        "column=contact",
        {"previews": ["j***@***", "m***@***"]},
    )
    return {
        "pii": Outcome(measurements=(measured("pii.personal_columns", 0, n=400),), findings=(contact,)),
        "performance": Outcome(measurements=(measured("performance.auc", 0.812, lower=0.774, upper=0.85, n=400),)),
        "fairness": Outcome(
            measurements=(
                measured("fairness.selection_rate_ratio", value, lower=lower, upper=upper, n=88, group="sex"),
                measured("fairness.selection_rate_ratio", 0.97, lower=0.9, upper=1.0, n=61, group="age_band"),
            )
        ),
    }


def cite(promotion: PromotionRequest, check: str, outcome: Outcome) -> CheckRun:
    """Keep a report of a check as evidence of the promotion."""
    rules = {rule["check"]: rule for rule in promotion.policy.document["checks"]}
    inputs = {"predictions": "0" * 64}
    seed = seed_of(promotion.manifest_id, check, inputs)
    report = Report(check, "1", inputs, rules[check]["parameters"], seed, outcome)
    made = CheckRun.objects.create(
        check_name=check,
        check_version="1",
        inputs_digest="1" * 64,
        parameters_digest="2" * 64,
        seed=seed,
        fingerprint="3" * 64,
        report_digest=keep_document(report.document()).digest,
        status=outcome.status,
        run=Run.objects.filter(subject=f"promotion:{promotion.pk}").latest("created_at"),
        attempt=1,
        isolation="landlock+seccomp",
        measured_at=timezone.now() - timedelta(minutes=5),
        seconds=1.0,
    )
    Evidence.objects.create(promotion=promotion, check_run=made)
    return made


def user_id(principal: Principal) -> int:
    return int(Identity.objects.get(principal=principal, kind="django").value)


def build(folder: Path) -> Scene:
    system, project = Actor.system("command"), Project.default()
    people = {}
    for name, role in ROLES.items():
        people[name] = register_person(
            username=name, password=PASSWORD, name=name.capitalize(), staff=role == "administrator", actor=system
        )
        grant_role(people[name], project=project, role=role, actor=system)
    people["nemo"] = register_person(username="nemo", password=PASSWORD, name="Nemo", actor=system)
    environment = create_environment(project=project, name="production", actor=system)
    model = register_model(
        project=project, name="credit-scoring", tier="high", intended_use="Rank loan applications.", actor=system
    )
    rows = folder / "rows.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0], "y": ["0", "1"]}), rows)
    dataset = register_dataset_version(project=project, name="applicants", file=rows, schema=SCHEMA, actor=system)
    pin_evaluation_set(environment=environment, model=model, dataset_version=dataset, actor=system)
    policy = publish(text=POLICY, actor=system)
    propose(environment=environment, tier="high", policy=policy, actor=Actor(people["adm"], "administrator", "session"))
    scene = Scene(folder, people, project, environment, model, ModelVersion())
    scene.version = register_model_version(
        model=model,
        kind="predictions",
        content=keep_bytes(b"first"),
        datasets=[("evaluate", dataset)],
        actor=Actor(people["eve"], "engineer", "session"),
    )
    return scene
