"""The OpenAPI document, and the answer to addresses that are not there."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import errors
from governance.api.authentication import AUTHENTICATION, HasScope
from governance.api.base import ApiView


class SchemaView(SpectacularAPIView):
    """The OpenAPI document of this API."""

    authentication_classes = AUTHENTICATION
    permission_classes = [HasScope]
    scopes = {"GET": "read"}

    def get_exception_handler(self) -> Any:
        """Errors are problems here too."""
        return errors.handle


@extend_schema(exclude=True)
class NowhereView(ApiView):
    """Whatever is not an address of the API, for those who are known: 404 as a problem."""

    scopes = {}

    def get(self, request: Request, **_rest: Any) -> Response:  # noqa: ARG002
        """Answer 404."""
        raise Http404

    post = put = patch = delete = get
