"""How often a caller may ask for costly answers, by DRF's throttle; each web process counts for itself."""

from typing import cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from governance.api.authentication import Caller


class _PrincipalThrottle(SimpleRateThrottle):
    """Calls of a principal a minute, of each place that the address names, at the rate that the settings give now."""

    setting: str

    def get_rate(self) -> str:
        """Return the rate that the settings give now."""
        return f"{getattr(settings, self.setting)}/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return what is counted together: this principal's calls to this place."""
        caller = cast("Caller", request.user)
        place = "".join(f".{part}" for part in view.kwargs.values())
        return f"probity.{self.scope}.{caller.principal.pk}{place}"


class PredictThrottle(_PrincipalThrottle):
    """PROBITY_PREDICTS_PER_MINUTE calls of a principal to a deployment."""

    scope, setting = "predict", "PROBITY_PREDICTS_PER_MINUTE"


class ExplainThrottle(_PrincipalThrottle):
    """PROBITY_EXPLAINS_PER_MINUTE calls of a principal to a deployment: each loads the model anew."""

    scope, setting = "explain", "PROBITY_EXPLAINS_PER_MINUTE"


class RedactThrottle(_PrincipalThrottle):
    """PROBITY_REDACTS_PER_MINUTE calls of a principal."""

    scope, setting = "redact", "PROBITY_REDACTS_PER_MINUTE"
