"""Waivers: asked for by one person, granted by another, for one item, until a day."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import CREATED, describe
from governance.api.fields import Empty, Input, MomentField, Output
from governance.api.idempotency import once
from governance.api.promotions import Promotions
from governance.api.receipts import ReceiptPrinted, announced, awaits_receipt
from governance.models import Waiver
from governance.promotion.waive import grant_waiver, request_waiver
from governance.rules.policy import read_policy


class WaiverPrinted(Output):
    """That one item may be missed by one manifest until a day."""

    id = serializers.UUIDField()
    promotion = serializers.UUIDField(source="promotion_id")
    manifest = serializers.CharField(source="manifest_digest")
    key = serializers.CharField()
    requested_by = serializers.UUIDField(source="requested_by_id")
    granted_by = serializers.UUIDField(source="granted_by_id", allow_null=True)
    granted_at = MomentField(allow_null=True)
    ends_at = MomentField()
    reason = serializers.SerializerMethodField()
    created_at = MomentField()

    def get_reason(self, waiver: Waiver) -> str | None:
        """Return the reason, unless it was erased."""
        return None if waiver.reason.erased_at else waiver.reason.text


class WaiverGrantedPrinted(WaiverPrinted):
    """A waiver that was granted, and the grant's receipt."""

    receipt = ReceiptPrinted()


class WaiverSent(Input):
    """A waiver to ask for."""

    key = serializers.CharField(max_length=300)
    ends_at = MomentField()
    reason = serializers.CharField(max_length=4000)


class WaiversView(Promotions):
    """Waivers of a promotion."""

    scopes = {"GET": "read", "POST": "request"}

    @describe(WaiverPrinted(many=True))
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """List waivers, asked for and granted."""
        rows = Waiver.objects.filter(promotion=self.promotion(promotion_id)).select_related("reason")
        return self.page(rows, WaiverPrinted)

    @describe(WaiverPrinted, sent=WaiverSent, status=201)
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Ask for a waiver."""
        promotion = self.promotion(promotion_id)
        given = self.read(WaiverSent)
        waiver = request_waiver(promotion, **given, actor=self.actor(promotion.project))
        return Response(WaiverPrinted(waiver).data, status=CREATED)


class WaiverGrantView(Promotions):
    """The second person's word on a waiver."""

    scopes = {"POST": "decide"}

    @describe(WaiverGrantedPrinted, sent=Empty, or_status=[202], operation_id="waivers_grant")
    @awaits_receipt
    @once()
    def post(self, request: Request, waiver_id: UUID) -> Response:
        """Grant a waiver."""
        rows = Waiver.objects.filter(promotion__project_id__in=self.visible)
        waiver = self.one(rows.select_related("promotion__project", "promotion__policy", "reason"), pk=waiver_id)
        self.read(Empty)
        role = read_policy(waiver.promotion.policy.document).waivers.role
        actor = self.actor(waiver.promotion.project, {role}, "grant a waiver")
        printed = WaiverPrinted(grant_waiver(waiver, actor=actor)).data
        receipt = announced(request, f"promotion:{waiver.promotion_id}", "waiver.granted", waiver=str(waiver.pk))
        return Response({**printed, "receipt": receipt})
