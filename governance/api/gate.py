"""The gate that pipelines ask: may this version go out in that environment? Fail-closed: unknown is no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import ApiView, describe
from governance.api.fields import Input, Output
from governance.models import PromotionRequest
from governance.promotion.release import objections
from governance.rules.evaluate import BLOCKING
from governance.rules.states import DeploymentState, PromotionState
from registry.models import Deployment, Environment, ModelVersion

PENDING = frozenset(
    {PromotionState.OPEN, PromotionState.COLLECTING, PromotionState.MEASURING, PromotionState.AWAITING_DECISION}
)
CLEARED = frozenset({PromotionState.APPROVED, PromotionState.RELEASING})
DIGEST_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says."""

    allowed: bool
    state: str
    pending: bool
    reasons: tuple[str, ...]
    promotion: PromotionRequest | None = None

    def document(self) -> dict[str, Any]:
        """Return the answer with the items it rests on."""
        evaluation = _current(self.promotion) if self.promotion else {}
        return {
            "allowed": self.allowed,
            "state": self.state,
            "pending": self.pending,
            "reasons": list(self.reasons),
            "promotion": str(self.promotion.pk) if self.promotion else None,
            "evaluation": self.promotion.evaluation_digest if self.promotion else "",
            "acknowledge": evaluation.get("acknowledge", []),
            "items": [
                {
                    "key": item["key"],
                    "outcome": item["outcome"],
                    "reason": item["reason"],
                    "waived": bool(item["waiver"]),
                }
                for item in evaluation.get("items", [])
            ],
        }


class ItemPrinted(Output):
    """One item of the evaluation."""

    key = serializers.CharField()
    outcome = serializers.CharField()
    reason = serializers.CharField()
    waived = serializers.BooleanField()


class GatePrinted(Output):
    """The gate's answer; ``pending``: something is still measured, or a person is still to decide."""

    allowed = serializers.BooleanField()
    state = serializers.CharField()
    pending = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    promotion = serializers.UUIDField(allow_null=True)
    evaluation = serializers.CharField()
    acknowledge = serializers.ListField(child=serializers.CharField())
    items = ItemPrinted(many=True)


class GateAsked(Input):
    """Which version, where; ``version`` is its number or its digest."""

    project = serializers.CharField(max_length=80, required=False, default="default")
    model = serializers.CharField(max_length=120)
    version = serializers.CharField(max_length=64)
    environment = serializers.CharField(max_length=80)


def _current(promotion: PromotionRequest) -> Mapping[str, Any]:
    found = promotion.evaluations.filter(digest=promotion.evaluation_digest).order_by("-created_at").first()
    return found.document if found else {}


def answer(promotion: PromotionRequest) -> Answer:
    """Judge a promotion now, from everything recorded; nothing is written."""
    state = PromotionState(promotion.state)
    if hasattr(promotion.version, "retirement"):
        return Answer(False, state, False, ("the version was retired",), promotion)
    if state in CLEARED:
        why = objections(promotion)
        return Answer(not why, state, False, why, promotion)
    if state == PromotionState.RELEASED:
        why = _not_live(promotion)
        return Answer(not why, state, False, why, promotion)
    return Answer(False, state, state in PENDING, _waiting_for(promotion), promotion)


def _not_live(promotion: PromotionRequest) -> tuple[str, ...]:
    serving = Deployment.objects.filter(promotion_id=promotion.pk, desired=True).first()
    if serving is None:
        return ("what was released is no longer served; ask for it again",)
    return () if serving.state == DeploymentState.LIVE else (f"what was released is {serving.state}",)


def _waiting_for(promotion: PromotionRequest) -> tuple[str, ...]:
    reasons = [f"the promotion is {promotion.state}"]
    if promotion.detail:
        reasons.append(promotion.detail)
    evaluation = _current(promotion)
    reasons += [
        item["reason"]
        for item in evaluation.get("items", [])
        if (item["outcome"] in BLOCKING and not item["waiver"]) or item["key"] in evaluation["acknowledge"]
    ]
    if promotion.state == PromotionState.AWAITING_DECISION:
        decision = promotion.decisions.order_by("-created_at").first()
        reasons += decision.document["reasons"] if decision else []
    return tuple(reasons)


class GateView(ApiView):
    """The gate."""

    @describe(GatePrinted, parameters=[GateAsked], operation_id="gate")
    def get(self, request: Request) -> Response:
        """Say whether a version may go out in an environment, and why not; only ``allowed: true`` is a yes."""
        asked = GateAsked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return Response(self._answer(asked.validated_data).document())

    def _answer(self, asked: Mapping[str, str]) -> Answer:
        name = f"version {asked['version']} of {asked['model']} in the project {asked['project']}"
        environment = Environment.objects.filter(
            project_id__in=self.visible, project__slug=asked["project"], name=asked["environment"]
        ).first()
        if environment is None:
            where = f"{asked['environment']} in the project {asked['project']}"
            return Answer(False, "UNKNOWN", False, (f"there is no environment {where} for this caller",))
        version = self._version(environment, asked)
        if version is None:
            return Answer(False, "UNKNOWN", False, (f"there is no {name}",))
        rows = PromotionRequest.objects.filter(environment=environment, version=version)
        newest = rows.select_related("version__retirement", "manifest", "policy").order_by("-created_at").first()
        if newest is None:
            return Answer(False, "NOT_REQUESTED", False, (f"nobody has asked for {name} in {environment.name}",))
        return answer(newest)

    def _version(self, environment: Environment, asked: Mapping[str, str]) -> ModelVersion | None:
        rows = ModelVersion.objects.filter(model__project=environment.project_id, model__name=asked["model"])
        text = asked["version"]
        if len(text) == DIGEST_LENGTH:
            return rows.filter(digest=text).first()
        number = text.removeprefix("v")
        short = number.isascii() and number.isdecimal() and len(number) <= 9  # noqa: PLR2004 - what an integer column holds
        return rows.filter(number=int(number)).first() if short else None
