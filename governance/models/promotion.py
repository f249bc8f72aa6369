"""Promotion requests, the evidence gathered for them, and the evaluations and decisions that judge it."""

from typing import Any

from django.db import models
from django.db.models import Q

from governance.models.policy import Policy
from governance.rules.states import PromotionState
from registry.canonical import parse
from registry.models import Environment, Model, ModelVersion, Principal, Project, ReleaseManifest, Run
from registry.models.fields import DigestField, Row

OPEN_STATES = ["OPEN", "COLLECTING", "MEASURING", "BLOCKED", "AWAITING_DECISION", "APPROVED", "RELEASING", "ERROR"]


class PromotionRequest(Row):
    """That somebody asks for a manifest to be released in an environment, under the policy the server resolved."""

    OPEN_STATES = tuple(OPEN_STATES)

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="promotions")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="promotions")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="promotions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    manifest = models.ForeignKey(ReleaseManifest, on_delete=models.PROTECT, related_name="promotions")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="promotions")
    requester = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=20,
        choices=[(state.value, state.value) for state in PromotionState],
        default=PromotionState.OPEN.value,
    )
    evaluation_digest = DigestField(blank=True, default="")
    detail = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "manifest"],
                condition=Q(state__in=OPEN_STATES),
                name="governance_one_open_request_per_manifest",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PromotionState]),
                name="governance_promotion_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} to {self.environment}"


class CheckRun(Row):
    """One measurement that was made: the deterministic report by digest, and the envelope of its run.

    ``renewal`` counts how often the same measurement was made again because its evidence had aged.
    """

    check_name = models.CharField(max_length=60)
    check_version = models.CharField(max_length=40)
    inputs_digest = DigestField()
    parameters_digest = DigestField()
    seed = models.BigIntegerField()
    fingerprint = DigestField()
    report_digest = DigestField(db_index=True)
    status = models.CharField(max_length=20)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="check_runs")
    attempt = models.PositiveIntegerField()
    host = models.CharField(max_length=200, blank=True)
    isolation = models.CharField(max_length=40, blank=True)
    measured_at = models.DateTimeField()
    renewal = models.PositiveIntegerField(default=0)
    seconds = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "check_name",
                    "check_version",
                    "inputs_digest",
                    "parameters_digest",
                    "seed",
                    "fingerprint",
                    "renewal",
                ],
                name="governance_check_run_is_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} {self.report_digest[:12]}"


class Evidence(models.Model):
    """That a promotion rests on a measurement; the newest of a check counts."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="evidence")
    check_run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="evidence")

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["promotion", "check_run"], name="governance_evidence_is_cited_once"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.check_run}"


class Judgement(Row):
    """What evaluations and decisions share: append-only, bound to digests, with the canonical document."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="%(class)ss")
    digest = DigestField(db_index=True)
    manifest_digest = DigestField()
    policy_digest = DigestField()
    verdict = models.CharField(max_length=20)
    document_text = models.TextField()

    class Meta:
        abstract = True

    @property
    def document(self) -> dict[str, Any]:
        """The canonical document that the digest is of."""
        found: dict[str, Any] = parse(self.document_text)
        return found


class Evaluation(Judgement):
    """Policy + manifest + reports + waivers + now → outcomes. Only a changed result makes another row."""

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.verdict}"


class Decision(Judgement):
    """Evaluation + approvals + revocations + now → may it go out? The database demands it before APPROVED."""

    evaluation_digest = DigestField()

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.verdict}"
