"""Legal holds: while one covers something, nothing that is said of it is erased. Two persons lift it."""

from django.db import models

from registry.models import Commitment, Principal, Project
from registry.models.fields import Row


class LegalHold(Row):
    """A hold on one subject of the ledger; one on ``project:ID`` covers everything of the project."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="holds")
    subject = models.CharField(max_length=120)
    placed_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")
    lift_asked_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | (
                    models.Q(lifted_by__isnull=False, lifted_at__isnull=False, lift_asked_by__isnull=False)
                    & ~models.Q(lifted_by=models.F("lift_asked_by"))
                ),
                name="governance_two_lift_a_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"hold on {self.subject}"
