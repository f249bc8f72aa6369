"""Approvals: one person's word on exact digests; and what takes a word back. Both are append-only."""

from django.db import models

from governance.models.promotion import PromotionRequest
from registry.models import Commitment, Principal
from registry.models.fields import DigestField, Row


class Approval(Row):
    """One person's word, bound to (manifest, policy, evaluation); each item to accept was acknowledged singly."""

    ACTIONS = ("approve", "reject", "request_changes")

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="approvals")
    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=16, choices=[(action, action) for action in ACTIONS])
    stage = models.CharField(max_length=60, blank=True)
    role = models.CharField(max_length=30)
    roles_held = models.JSONField(default=list)
    auth = models.CharField(max_length=20)
    manifest_digest = DigestField()
    policy_digest = DigestField()
    evaluation_digest = DigestField()
    acknowledged = models.JSONField(default=list, blank=True)
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.action} by {self.principal_id} on {self.promotion_id}"


class Revocation(Row):
    """That an approval no longer counts: its giver took it back."""

    approval = models.OneToOneField(Approval, on_delete=models.PROTECT, related_name="revocation")
    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    reason = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"revocation of {self.approval_id}"
