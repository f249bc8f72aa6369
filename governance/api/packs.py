"""The evidence pack of a promotion: one file that proves itself, for whoever may read the promotion."""

from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from governance.api.base import ACCEPTED, describe
from governance.api.promotions import Promotions
from governance.api.receipts import AsIs
from governance.exports.pack.build import MEDIA_TYPE, file_name, packed
from governance.exports.pack.ready import PackNotReadyError, await_ready


class PackUnderWayError(APIException):
    """What is recorded is not signed yet; ask again."""

    status_code = ACCEPTED
    default_code = PackNotReadyError.code
    wait = 2.0


class PackView(Promotions):
    """The evidence pack."""

    content_negotiation_class = AsIs

    @describe(OpenApiTypes.BINARY, operation_id="promotion_pack")
    def get(self, request: Request, promotion_id: UUID) -> HttpResponseBase:  # noqa: ARG002
        """Give the pack, a zip; 202 with Retry-After while no checkpoint covers the newest entry or decision."""
        promotion = self.promotion(promotion_id)
        try:
            found = await_ready(promotion, settings.PROBITY_RECEIPT_SECONDS)
        except PackNotReadyError as error:
            raise PackUnderWayError(str(error)) from error
        return FileResponse(packed(found), as_attachment=True, filename=file_name(found), content_type=MEDIA_TYPE)
