"""Receipts over the API: which entry records a decision, whether its receipt is there, and the receipt's file."""

import functools
import logging
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import ACCEPTED, describe
from governance.api.fields import Output
from governance.api.idempotency import Handler
from governance.api.ledger import LedgerReading
from governance.exports.receipts import MEDIA_TYPE, entry_of, file_name, receipt_of
from registry.ledger import read

logger = logging.getLogger(__name__)


class ReceiptPrinted(Output):
    """The entry that records what was done, where its receipt is, and whether a checkpoint covers it yet."""

    entry = serializers.CharField()
    ready = serializers.BooleanField()
    url = serializers.CharField()


class ReceiptNotReadyError(APIException):
    """The entry is recorded, but no checkpoint with the cosignatures that the policy asks for covers it yet."""

    status_code = 404
    default_code = "receipt_not_ready"
    wait = 1.0


def announced(request: Request, subject: str, kind: str, **data: str) -> dict[str, Any]:
    """Return what an answer says of the newest entry of a kind about a subject, before anybody has waited for it."""
    entry = entry_of(subject, kind, **data)
    if entry is None:
        raise LookupError(f"No {kind} of {subject} was recorded with {data}.")
    url = request.build_absolute_uri(reverse("api-receipt", kwargs={"leaf": entry.leaf_hash}))
    return {"entry": entry.leaf_hash, "ready": False, "url": url}


def awaits_receipt(handler: Handler) -> Handler:
    """Make a handler's answer wait for the receipt it announces: 202 in place of its status while there is none.

    It goes around ``once``, so that what was decided has committed, and an answer that is given again is up to date.
    """

    @functools.wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = handler(view, request, *args, **kwargs)
        told = response.data.get("receipt")
        if told is not None:
            told["ready"] = _came(told["entry"])
            response.status_code = response.status_code if told["ready"] else ACCEPTED
        return response

    return wrapper


def _came(leaf: str) -> bool:
    """Say whether the receipt came in time. The decision stands: whatever goes wrong here only means «not yet»."""
    try:
        entry = read.by_leaf(leaf)
        return entry is not None and receipt_of(entry, wait=settings.PROBITY_RECEIPT_SECONDS) is not None
    except Exception as error:  # noqa: BLE001 - a policy that cannot be read must not turn a decision into an error
        logger.warning("a receipt cannot be made now", extra={"leaf": leaf, "error": type(error).__name__})
        return False


class AsIs(BaseContentNegotiation):
    """The file is what it is, whatever the caller would accept; errors are problems in JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:  # noqa: ARG002 - the framework's signature
        """Return the only parser."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:  # noqa: ARG002
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class ReceiptView(LedgerReading):
    """The receipt of an entry."""

    content_negotiation_class = AsIs

    @describe(OpenApiTypes.BINARY, operation_id="ledger_receipt")
    def get(self, request: Request, leaf: str) -> HttpResponseBase:  # noqa: ARG002
        """Give the C2SP tlog-proof of an entry, by its leaf hash; 404 with Retry-After while it is on its way."""
        entry = read.by_leaf(leaf)
        if entry is None:
            raise Http404
        self.permit(entry.subject)
        proof = receipt_of(entry)
        if proof is None:
            raise ReceiptNotReadyError("the entry is recorded; its receipt is on its way")
        name = file_name(entry)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(proof.encode(), content_type=MEDIA_TYPE, headers=headers)
