"""Explanations: why what is served decided as it did on one row, and what may be told of it."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import OPERATORS
from governance.api.base import describe
from governance.api.deployments import Deployments
from governance.api.fields import Input, Output
from governance.api.throttles import ExplainThrottle
from governance.promotion.explain import NEGATIVE, POSITIVE, explain


class DecisionSent(Input):
    """One row, and which answer weighs on a person: the positive label counts as favourable unless said otherwise."""

    row = serializers.DictField()
    adverse = serializers.ChoiceField(choices=[NEGATIVE, POSITIVE], default=NEGATIVE)


class PartPrinted(Output):
    """What one feature adds to the margin."""

    feature = serializers.CharField()
    wording = serializers.CharField()
    contribution = serializers.FloatField()


class ExplanationPrinted(Output):
    """One decision explained: base + contributions = margin, in the space and by the algorithm that are named."""

    score = serializers.FloatField()
    prediction = serializers.IntegerField()
    threshold = serializers.FloatField()
    algorithm = serializers.CharField()
    space = serializers.CharField()
    base = serializers.FloatField()
    margin = serializers.FloatField()
    contributions = PartPrinted(many=True, source="parts")
    adverse = serializers.BooleanField()
    reasons = PartPrinted(many=True)
    withheld = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    model_digest = serializers.CharField()
    manifest_digest = serializers.CharField()
    isolation = serializers.CharField()


class ExplainView(Deployments):
    """Ask why. The record says that it was asked, and nothing of the row: no Idempotency-Key is needed."""

    scopes = {"POST": "operate"}
    throttle_classes = [ExplainThrottle]

    @describe(ExplanationPrinted, sent=DecisionSent)
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Explain the decision on one row; up to four reasons, never a protected feature or its proxy."""
        deployment = self.deployment(deployment_id)
        given = self.read(DecisionSent)
        actor = self.actor(deployment.environment.project, OPERATORS, "have a decision explained")
        found = explain(deployment, row=given["row"], adverse=given["adverse"], actor=actor)
        return Response(ExplanationPrinted(found).data)
