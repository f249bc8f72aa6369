"""How often a caller may ask for costly answers, by DRF's throttle; each web process counts for itself."""

from typing import cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from governance.api.authentication import Caller


class PredictThrottle(SimpleRateThrottle):
    """PROBITY_PREDICTS_PER_MINUTE calls of a principal to a deployment."""

    scope = "predict"

    def get_rate(self) -> str:
        """Return the rate that the settings give now."""
        return f"{settings.PROBITY_PREDICTS_PER_MINUTE}/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return what is counted together: this principal's calls to this deployment."""
        caller = cast("Caller", request.user)
        return f"probity.predict.{caller.principal.pk}.{view.kwargs['deployment_id']}"


class ExplainThrottle(SimpleRateThrottle):
    """PROBITY_EXPLAINS_PER_MINUTE calls of a principal to a deployment: each loads the model anew."""

    scope = "explain"

    def get_rate(self) -> str:
        """Return the rate that the settings give now."""
        return f"{settings.PROBITY_EXPLAINS_PER_MINUTE}/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return what is counted together: this principal's calls to this deployment."""
        caller = cast("Caller", request.user)
        return f"probity.explain.{caller.principal.pk}.{view.kwargs['deployment_id']}"


class RedactThrottle(SimpleRateThrottle):
    """PROBITY_REDACTS_PER_MINUTE calls of a principal."""

    scope = "redact"

    def get_rate(self) -> str:
        """Return the rate that the settings give now."""
        return f"{settings.PROBITY_REDACTS_PER_MINUTE}/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002
        """Return what is counted together: all calls of this principal."""
        return f"probity.redact.{cast('Caller', request.user).principal.pk}"
