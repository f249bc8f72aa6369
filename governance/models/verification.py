"""What the last verifications of the record found, so that a page and a metric can say it without verifying again."""

from django.db import models
from django.utils import timezone

from registry.models.fields import Row


class LedgerVerification(Row):
    """One verification of everything, from ``created_at`` on; ``outcome`` is empty until it has ended."""

    VALID, FAULTY, ERROR = "valid", "faulty", "error"
    OUTCOMES = (VALID, FAULTY, ERROR)

    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=[(one, one) for one in OUTCOMES], blank=True)
    entries = models.BigIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    first = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome="", ended_at__isnull=True)
                | models.Q(outcome="valid", faults=0, ended_at__isnull=False)
                | models.Q(outcome="faulty", faults__gt=0, ended_at__isnull=False)
                | models.Q(outcome="error", ended_at__isnull=False),
                name="governance_a_valid_record_has_no_faults",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome or 'running'} since {self.created_at.isoformat()}"

    @classmethod
    def last(cls) -> "LedgerVerification | None":
        """Return the newest one that has ended."""
        return cls.objects.exclude(outcome="").order_by("-created_at").first()

    def end(self, outcome: str, *, entries: int = 0, faults: int = 0, first: list[dict[str, object]]) -> None:
        """Keep what was found."""
        self.outcome, self.ended_at = outcome, timezone.now()
        self.entries, self.faults, self.first = entries, faults, first
        self.full_clean()
        self.save()
