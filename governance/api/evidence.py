"""Evidence of a promotion: its evaluation, its decision, its manifest, and the reports they rest on, by digest."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import describe
from governance.api.fields import MomentField, Output
from governance.api.pagination import Newest
from governance.api.promotions import Promotions
from governance.models import CheckRun
from registry.artifacts import read_document


class DocumentPrinted(Output):
    """A canonical document under its digest."""

    digest = serializers.CharField()
    verdict = serializers.CharField()
    document = serializers.DictField()
    created_at = MomentField()


class ManifestPrinted(Output):
    """What would be, or was, released."""

    digest = serializers.CharField()
    document = serializers.DictField()


class ReportPrinted(Output):
    """One measurement: the digest of its report, and how it was made."""

    digest = serializers.CharField(source="report_digest")
    check = serializers.CharField(source="check_name")
    version = serializers.CharField(source="check_version")
    outcome = serializers.CharField(source="status")
    attempt = serializers.IntegerField()
    isolation = serializers.CharField()
    measured_at = MomentField()
    seconds = serializers.FloatField()


class NewestMeasured(Newest):
    """Newest measured first."""

    ordering = "-measured_at"


class EvaluationView(Promotions):
    """The current evaluation: every item with its outcome and the sentence that says why."""

    @describe(DocumentPrinted)
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Print the current evaluation."""
        promotion = self.promotion(promotion_id)
        rows = promotion.evaluations.filter(digest=promotion.evaluation_digest).order_by("-created_at")
        return Response(DocumentPrinted(self.one(rows)).data)


class DecisionView(Promotions):
    """The newest decision: which stages are met, whose word counts, whose does not and why."""

    @describe(DocumentPrinted)
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Print the newest decision."""
        return Response(DocumentPrinted(self.one(self.promotion(promotion_id).decisions.order_by("-created_at"))).data)


class ManifestView(Promotions):
    """The manifest that was asked for."""

    @describe(ManifestPrinted)
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Print the manifest."""
        return Response(ManifestPrinted(self.promotion(promotion_id).manifest).data)


class ReportsView(Promotions):
    """The measurements that a promotion cites."""

    pagination_class = NewestMeasured

    @describe(ReportPrinted(many=True))
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """List reports, newest measured first."""
        return self.page(CheckRun.objects.filter(evidence__promotion=self.promotion(promotion_id)), ReportPrinted)


class ReportView(Promotions):
    """One report, byte for byte what its digest is of."""

    @describe(OpenApiTypes.OBJECT)
    def get(self, request: Request, promotion_id: UUID, digest: str) -> Response:  # noqa: ARG002
        """Print a report that the promotion cites."""
        promotion = self.promotion(promotion_id)
        if not promotion.evidence.filter(check_run__report_digest=digest).exists():
            raise Http404
        document: dict[str, Any] = read_document(digest)
        return Response(document)
