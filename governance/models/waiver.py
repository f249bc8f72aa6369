"""Waivers: that one item may be missed, by one manifest, until a day, by the word of two persons."""

from django.db import models

from governance.models.promotion import PromotionRequest
from registry.models import Commitment, Principal
from registry.models.fields import DigestField, Row


class Waiver(Row):
    """Asked for by one person, granted by another; at ``ends_at`` the manifest is judged again without it."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="waivers")
    manifest_digest = DigestField()
    key = models.CharField(max_length=300)
    requested_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey(Principal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(null=True, blank=True)
    roles_held = models.JSONField(default=list, blank=True)
    ends_at = models.DateTimeField()
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(granted_by__isnull=True) | ~models.Q(granted_by=models.F("requested_by")),
                name="governance_waiver_takes_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} until {self.ends_at:%Y-%m-%d}"
