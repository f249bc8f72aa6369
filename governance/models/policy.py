"""Published policies, by digest, and the assignments that say where each applies."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from registry.canonical import parse
from registry.models import Environment, Principal, Project, Tier
from registry.models.fields import DigestField, Row


class Policy(models.Model):
    """A published policy: immutable, known by the digest of its canonical document."""

    digest = DigestField(primary_key=True)
    name = models.SlugField(max_length=80)
    version = models.CharField(max_length=40)
    document_text = models.TextField()
    source = models.TextField()
    published_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="governance_policy_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def document(self) -> dict[str, Any]:
        """The canonical document."""
        found: dict[str, Any] = parse(self.document_text)
        return found


class PolicyAssignment(Row):
    """That a policy applies to a tier in an environment, once a second person confirmed it.

    The first assignment of an environment and tier, for which there is nothing to weaken, takes effect at once. What is
    deployed is told from then on what it would not meet, and must meet it ``grace_days`` later.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="policy_assignments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="policy_assignments")
    tier = models.CharField(max_length=10, choices=Tier.choices)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="assignments")
    applies_to = models.CharField(max_length=10, choices=[(what, what) for what in ("new", "open", "deployed")])
    grace_days = models.PositiveSmallIntegerField(default=0)
    proposed_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    effective_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True) | ~models.Q(confirmed_by=models.F("proposed_by")),
                name="governance_assignment_takes_two",
            ),
            models.CheckConstraint(
                condition=models.Q(grace_days=0) | models.Q(applies_to="deployed"),
                name="governance_grace_is_for_what_is_deployed",
                violation_error_message="Only what is deployed has a grace: set applies_to to deployed, or no grace.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy} for {self.tier} in {self.environment}"

    @property
    def acts_at(self) -> datetime:
        """From when what is deployed and does not meet the policy is acted on; it must be in effect."""
        if self.effective_at is None:
            raise ValueError(f"Assignment {self.pk} is not in effect; it acts on nothing.")
        return self.effective_at + timedelta(days=self.grace_days)
