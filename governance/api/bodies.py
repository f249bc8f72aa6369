"""Refuse a body that is too large, or whose length is not said, before any of it is read."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from governance.api.errors import MEDIA_TYPE, document_of

API = "/api/"
FRAME = 1 << 20


def largest(request: HttpRequest) -> int:
    """Return how many bytes a body may have: files go to the API alone, with some room for what frames them."""
    if request.path.startswith(API) and request.content_type == "multipart/form-data":
        return int(settings.PROBITY_MAX_UPLOAD_BYTES) + FRAME
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a body that is not read, None where it may be."""
    length, limit = request.META.get("CONTENT_LENGTH") or "0", largest(request)
    if "HTTP_TRANSFER_ENCODING" in request.META or not (length.isascii() and length.isdigit()):
        return _answer(request, HTTPStatus.LENGTH_REQUIRED, "length_required", "say how long it is, in Content-Length")
    if int(length) > limit:
        message = f"the body of the request has {length} bytes; the limit here is {limit}"
        return _answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message)
    return None


def _answer(request: HttpRequest, status: HTTPStatus, code: str, message: str) -> HttpResponse:
    if not request.path.startswith(API):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    return JsonResponse(document_of(status, code, message), status=status, content_type=MEDIA_TYPE)


class BodyLimit:
    """Middleware: whoever sends too much is told so at once.

    What arrives in chunks (Transfer-Encoding) has no length that could be checked, and is refused as a whole.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what answers."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse, or go on."""
        return refusal(request) or self.get_response(request)
