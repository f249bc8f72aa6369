"""Deployments: what is served, asked for answers, rolled back, stopped, and let go on after a review."""

from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import OPERATORS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Input, MomentField, Output, Reason
from governance.api.idempotency import once
from governance.api.throttles import PredictThrottle
from governance.promotion.rollback import RUNNING, NotRunningError, roll_back
from governance.promotion.stop import stop
from governance.watch import clear_review
from registry import catalog
from registry.models import Deployment, Role

MOST_ROWS = 1000


class DeploymentPrinted(Output):
    """One manifest in one environment."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="environment.project.slug")
    environment = serializers.UUIDField(source="environment_id")
    environment_name = serializers.CharField(source="environment.name")
    model = serializers.UUIDField(source="model_id")
    model_name = serializers.CharField(source="model.name")
    manifest = serializers.CharField(source="manifest_id")
    promotion = serializers.UUIDField(source="promotion_id")
    state = serializers.CharField()
    desired = serializers.BooleanField()
    previous = serializers.UUIDField(source="previous_id", allow_null=True)
    backend = serializers.CharField()
    created_at = MomentField()
    live_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class RowsSent(Input):
    """Rows to answer: each a mapping of feature names to values."""

    rows = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST_ROWS)


class AnswersPrinted(Output):
    """Scores and predictions, with the digests that answered."""

    scores = serializers.ListField(child=serializers.FloatField())
    predictions = serializers.ListField(child=serializers.IntegerField())
    model_digest = serializers.CharField()
    manifest_digest = serializers.CharField()


class AlertPrinted(Output):
    """A finding about a deployment that somebody, or the policy, must act on."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    message = serializers.CharField()
    action = serializers.CharField()
    created_at = MomentField()
    resolved_at = MomentField(allow_null=True)


class Deployments(ApiView):
    """The base of views on deployments."""

    def rows(self) -> QuerySet[Deployment]:
        """Return the deployments of the caller's projects with what is printed of them."""
        rows = Deployment.objects.filter(environment__project_id__in=self.visible)
        return rows.select_related("environment__project", "model__project", "manifest__champion")

    def deployment(self, deployment_id: UUID) -> Deployment:
        """Return one deployment."""
        return self.one(self.rows(), pk=deployment_id)


class DeploymentsView(Deployments):
    """Deployments of the caller's projects."""

    @describe(DeploymentPrinted(many=True), query=("project", "environment", "model", "state", "promotion"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List deployments."""
        rows = self.filtered(
            self.rows(),
            project="environment__project__slug",
            environment="environment_id",
            model="model_id",
            state="state",
            promotion="promotion_id",
        )
        return self.page(rows, DeploymentPrinted)


class DeploymentView(Deployments):
    """One deployment."""

    @describe(DeploymentPrinted)
    def get(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Print a deployment."""
        return Response(DeploymentPrinted(self.deployment(deployment_id)).data)


class AlertsView(Deployments):
    """Alerts about a deployment."""

    @describe(AlertPrinted(many=True))
    def get(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """List alerts, open and resolved."""
        return self.page(self.deployment(deployment_id).alerts.all(), AlertPrinted)


class PredictView(Deployments):
    """Ask what is served. It changes nothing, and what was answered is not kept: no Idempotency-Key is needed."""

    scopes = {"POST": "operate"}
    throttle_classes = [PredictThrottle]

    @describe(AnswersPrinted, sent=RowsSent)
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Answer rows."""
        deployment = self.deployment(deployment_id)
        given = self.read(RowsSent)
        if deployment.state not in RUNNING:
            raise NotRunningError(f"the deployment is {deployment.state}; it answers nothing")
        return Response(catalog.serving_backend(deployment.backend).predict(deployment.handle, given["rows"]))


class RollbackView(Deployments):
    """The last approved manifest back: acts at once, waits for no gate, approval or broker."""

    scopes = {"POST": "operate"}

    @describe(DeploymentPrinted, sent=Reason, status=201)
    @once(atomic=False)
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Roll back; the new deployment is given."""
        deployment = self.deployment(deployment_id)
        given = self.read(Reason)
        actor = self.actor(deployment.environment.project, OPERATORS, "roll back")
        successor = roll_back(deployment, actor=actor, reason=given["reason"])
        return Response(DeploymentPrinted(self.deployment(successor.pk)).data, status=CREATED)


class StopView(Deployments):
    """Nothing serves: acts at once."""

    scopes = {"POST": "operate"}

    @describe(DeploymentPrinted, sent=Reason)
    @once(atomic=False)
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Stop serving."""
        deployment = self.deployment(deployment_id)
        given = self.read(Reason)
        actor = self.actor(deployment.environment.project, OPERATORS, "stop")
        stop(deployment, actor=actor, reason=given["reason"])
        return Response(DeploymentPrinted(self.deployment(deployment_id)).data)


class ClearReviewView(Deployments):
    """An officer's word that what is under review may go on."""

    scopes = {"POST": "decide"}

    @describe(DeploymentPrinted, sent=Reason)
    @once()
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Clear a review and resolve its alerts."""
        deployment = self.deployment(deployment_id)
        given = self.read(Reason)
        actor = self.actor(deployment.environment.project, OPERATORS - {Role.ENGINEER}, "clear a review")
        clear_review(deployment, actor=actor, reason=given["reason"])
        return Response(DeploymentPrinted(self.deployment(deployment_id)).data)
