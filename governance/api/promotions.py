"""Promotions: asked for, read, measured again, withdrawn, released. Their state is never set from outside."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REGISTRARS
from governance.api.base import ACCEPTED, CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output, Reason
from governance.api.idempotency import once
from governance.api.preconditions import etag
from governance.api.receipts import ReceiptPrinted, announced, awaits_receipt
from governance.api.runs import RunPrinted
from governance.models import PromotionRequest
from governance.promotion.approve import withdraw
from governance.promotion.assess import remeasure
from governance.promotion.release import RELEASERS, start_release
from governance.promotion.request import REQUESTERS, request_promotion
from governance.rules.states import PromotionState
from registry.models import Environment, ModelVersion, Principal, PrincipalKind, Project, Role


class PromotionPrinted(Output):
    """A request to release a version in an environment."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    environment = serializers.UUIDField(source="environment_id")
    environment_name = serializers.CharField(source="environment.name")
    model = serializers.UUIDField(source="model_id")
    model_name = serializers.CharField(source="model.name")
    version = serializers.UUIDField(source="version_id")
    version_number = serializers.IntegerField(source="version.number")
    manifest = serializers.CharField(source="manifest_id")
    policy = serializers.CharField(source="policy_id")
    requester = serializers.UUIDField(source="requester_id")
    on_behalf_of = serializers.UUIDField(source="on_behalf_of_id", allow_null=True)
    state = serializers.CharField()
    evaluation = serializers.CharField(source="evaluation_digest")
    detail = serializers.CharField()
    created_at = MomentField()
    updated_at = MomentField()


class ReleasePrinted(RunPrinted):
    """The run of a release, and the receipt of its beginning."""

    receipt = ReceiptPrinted()


class PromotionSent(Input):
    """A request. The policy, the evaluation rows and the incumbent are resolved by the server."""

    version = serializers.UUIDField()
    environment = serializers.UUIDField()
    threshold = serializers.FloatField(min_value=0, max_value=1, required=False, default=0.5)
    intended_use = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    on_behalf_of = serializers.UUIDField(required=False)


class Promotions(ApiView):
    """The base of views on promotions."""

    def rows(self) -> QuerySet[PromotionRequest]:
        """Return the promotions of the caller's projects with what is printed of them."""
        rows = PromotionRequest.objects.filter(project_id__in=self.visible)
        return rows.select_related("project", "environment", "model", "version", "manifest", "policy", "requester")

    def promotion(self, promotion_id: UUID) -> PromotionRequest:
        """Return one promotion."""
        return self.one(self.rows(), pk=promotion_id)

    def printed(self, promotion_id: UUID, status: int = 200, **more: Any) -> Response:
        """Print a promotion as it is now, with its entity tag and what else the answer says."""
        promotion = self.promotion(promotion_id)
        printed = {**PromotionPrinted(promotion).data, **more}
        return Response(printed, status=status, headers={"ETag": etag(promotion)})


class PromotionsView(Promotions):
    """Promotions of the caller's projects."""

    scopes = {"GET": "read", "POST": "request"}

    @describe(
        PromotionPrinted(many=True),
        query=("project", "environment", "model", "model_name", "version", "version_number", "state"),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List promotions."""
        rows = self.filtered(
            self.rows(),
            project="project__slug",
            environment="environment_id",
            model="model_id",
            model_name="model__name",
            version="version_id",
            state="state",
        )
        number = self.request.query_params.get("version_number")
        if number is not None:
            rows = rows.filter(version__number=int(number)) if number.isdecimal() else rows.none()
        return self.page(rows, PromotionPrinted)

    @describe(PromotionPrinted, sent=PromotionSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Ask for a version to be released; the same request that is open already is given."""
        given = self.read(PromotionSent)
        environments = Environment.objects.filter(project_id__in=self.visible).select_related("project")
        environment = self.one(environments, pk=given["environment"])
        versions = ModelVersion.objects.filter(model__project=environment.project).select_related("model__project")
        version = self.one(versions, pk=given["version"])
        behalf = self._person(environment.project, given.get("on_behalf_of"))
        promotion = request_promotion(
            version=version,
            environment=environment,
            threshold=given["threshold"],
            intended_use=given["intended_use"],
            on_behalf_of=behalf,
            actor=self.actor(environment.project, REQUESTERS, "request a promotion", behalf),
        )
        return self.printed(promotion.pk, CREATED)

    def _person(self, project: Project, principal_id: UUID | None) -> Principal | None:
        if principal_id is None:
            return None
        people = Principal.objects.filter(
            kind=PrincipalKind.PERSON, assignments__project=project, assignments__revoked_at__isnull=True
        )
        return self.one(people, pk=principal_id)


class PromotionView(Promotions):
    """One promotion; its ETag is what decisions send back as If-Match."""

    @describe(PromotionPrinted)
    def get(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Print a promotion."""
        return self.printed(promotion_id)


class PromotionRemeasureView(Promotions):
    """Measure again."""

    scopes = {"POST": "request"}

    @describe(RunPrinted, sent=Empty, status=202)
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Queue the measurement again, after an error or when evidence has aged."""
        promotion = self.promotion(promotion_id)
        self.read(Empty)
        actor = self.actor(promotion.project, REGISTRARS | {Role.VALIDATOR}, "measure again")
        return Response(RunPrinted(remeasure(promotion, actor=actor)).data, status=ACCEPTED)


class PromotionWithdrawView(Promotions):
    """Take a request back."""

    scopes = {"POST": "request"}

    @describe(PromotionPrinted, sent=Reason)
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:  # noqa: ARG002
        """Withdraw one's own request."""
        promotion = self.promotion(promotion_id)
        given = self.read(Reason)
        withdraw(promotion, actor=self.actor(promotion.project), reason=given["reason"])
        return self.printed(promotion_id)


class PromotionReleaseView(Promotions):
    """Release what was approved."""

    scopes = {"POST": "operate"}

    @describe(ReleasePrinted, sent=Empty, status=202)
    @awaits_receipt
    @once()
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Begin the release; everything is judged again before anything goes out. The receipt is of its beginning."""
        promotion = self.promotion(promotion_id)
        self.read(Empty)
        actor = self.actor(promotion.project, RELEASERS, "release")
        run = start_release(promotion, actor=actor)
        receipt = announced(request, f"promotion:{promotion_id}", "promotion.advanced", to=PromotionState.RELEASING)
        return Response({**RunPrinted(run).data, "receipt": receipt}, status=ACCEPTED)
