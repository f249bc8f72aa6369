"""Decisions: approve, reject, ask for changes, take an approval back. Each names the evaluation it was made on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import CREATED, describe
from governance.api.fields import Input, MomentField, Output, Reason
from governance.api.idempotency import once
from governance.api.preconditions import require_match
from governance.api.promotions import PromotionPrinted, Promotions
from governance.api.receipts import ReceiptPrinted, announced, awaits_receipt
from governance.models import Approval
from governance.promotion.approve import approve, reject, request_changes, revoke
from governance.rules.policy import read_policy
from registry.models import Actor

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="the ETag of the promotion"
)


class ApprovalPrinted(Output):
    """One person's word on exact digests."""

    id = serializers.UUIDField()
    promotion = serializers.UUIDField(source="promotion_id")
    principal = serializers.UUIDField(source="principal_id")
    action = serializers.CharField()
    stage = serializers.CharField()
    role = serializers.CharField()
    auth = serializers.CharField()
    manifest = serializers.CharField(source="manifest_digest")
    policy = serializers.CharField(source="policy_digest")
    evaluation = serializers.CharField(source="evaluation_digest")
    acknowledged = serializers.ListField(child=serializers.CharField())
    reason = serializers.SerializerMethodField()
    revoked = serializers.SerializerMethodField()
    created_at = MomentField()

    def get_reason(self, approval: Approval) -> str | None:
        """Return the reason, unless it was erased."""
        return None if approval.reason.erased_at else approval.reason.text

    def get_revoked(self, approval: Approval) -> bool:
        """Say whether its giver took it back."""
        return hasattr(approval, "revocation")


class DecidedPrinted(PromotionPrinted):
    """The promotion after a decision, and the decision's receipt."""

    receipt = ReceiptPrinted()


class ApprovalSent(Input):
    """An approval: a reason, and each item that the evaluation lists, acknowledged singly."""

    reason = serializers.CharField(max_length=4000)
    acknowledge = serializers.ListField(child=serializers.CharField(max_length=300), required=False, default=list)


class Decisions(Promotions):
    """The base of decisions: a person's, with the scope ``decide``."""

    scopes = {"POST": "decide"}

    def decider(self, promotion: Any) -> Actor:
        """Return who decides, in the first role that the policy asks for, if one is held; the use case judges."""
        held = self.caller.principal.roles(promotion.project)
        wanted = [stage.role for stage in read_policy(promotion.policy.document).approval.stages]
        role = next((role for role in wanted if role in held), "")
        return Actor(self.caller.principal, role, self.caller.auth)

    def turn_down(self, promotion_id: UUID, decide: Callable[..., Approval]) -> Response:
        """Record a rejection, or a request for changes."""
        promotion = self.promotion(promotion_id)
        looked_at = require_match(self.request, promotion)
        given = self.read(Reason)
        made = decide(promotion, actor=self.decider(promotion), reason=given["reason"], evaluation_digest=looked_at)
        return self.decided(made)

    def decided(self, made: Approval, status: int = 200) -> Response:
        """Print the promotion and which entry records the word that was given on it."""
        subject = f"promotion:{made.promotion_id}"
        receipt = announced(self.request, subject, "approval.given", approval=str(made.pk))
        return self.printed(made.promotion_id, status, receipt=receipt)


class ApproveView(Decisions):
    """Approve."""

    @describe(DecidedPrinted, sent=ApprovalSent, status=201, or_status=[202], parameters=[IF_MATCH])
    @awaits_receipt
    @once(atomic=False)
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Approve the evaluation that If-Match names."""
        promotion = self.promotion(promotion_id)
        looked_at = require_match(request, promotion)
        given = self.read(ApprovalSent)
        made = approve(
            promotion,
            actor=self.decider(promotion),
            reason=given["reason"],
            evaluation_digest=looked_at,
            acknowledged=given["acknowledge"],
        )
        return self.decided(made, CREATED)


class RejectView(Decisions):
    """Reject."""

    @describe(DecidedPrinted, sent=Reason, or_status=[202], parameters=[IF_MATCH])
    @awaits_receipt
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Reject for good."""
        return self.turn_down(promotion_id, reject)


class RequestChangesView(Decisions):
    """Ask for changes."""

    @describe(DecidedPrinted, sent=Reason, or_status=[202], parameters=[IF_MATCH])
    @awaits_receipt
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Say that this manifest does not go out as it is."""
        return self.turn_down(promotion_id, request_changes)


class ApprovalsView(Promotions):
    """The words that were given on a promotion."""

    @describe(ApprovalPrinted(many=True))
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """List approvals, rejections and requests for changes."""
        rows = Approval.objects.filter(promotion=self.promotion(promotion_id))
        return self.page(rows.select_related("reason", "revocation"), ApprovalPrinted)


class ApprovalRevokeView(Decisions):
    """Take an approval back."""

    @describe(PromotionPrinted, sent=Reason, operation_id="approvals_revoke")
    @once()
    def post(self, request: Request, approval_id: UUID) -> Response:  # noqa: ARG002
        """Take one's own approval back."""
        rows = Approval.objects.filter(promotion__project_id__in=self.visible)
        approval = self.one(rows.select_related("promotion__project", "promotion__policy"), pk=approval_id)
        given = self.read(Reason)
        revoke(approval, actor=self.decider(approval.promotion), reason=given["reason"])
        return self.printed(approval.promotion_id)
