"""Errors as RFC 9457 problem details: the one place where the codes of mistakes become statuses."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError, OperationalError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from registry.backends.base import BackendError
from registry.telling import OURS

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

_CODES: Mapping[int, str] = {
    401: "token_unknown token_revoked token_expired token_ownerless",
    403: "not_permitted own_request not_a_person not_yours same_person token_scope no_principal self_grant",
    404: "mlflow_missing blob_missing",
    409: "nothing_to_decide already_approved blocked transition_refused not_approved not_running version_retired"
    " still_serving not_proposed nothing_to_roll_back_to role_already_held role_not_held policy_version_taken"
    " no_policy no_evaluation_set idempotency_conflict idempotency_in_progress already_exists"
    " not_scanned retention_floor on_hold already_erased name_in_use hold_state"
    " reveal_state reveal_mismatch privacy_key_missing privacy_key_fixed not_explainable",
    412: "stale_evaluation precondition_failed",
    413: "too_large",
    422: "reason_missing not_acknowledged waiver_refused threshold_range dataset_schema dataset_empty"
    " version_incomplete row_refused policy_refused check_parameter not_canonical not_listed token_refused",
    428: "precondition_required",
    503: "mlflow_unavailable blob_error database_unavailable broker_unavailable log_policy_malformed",
}
STATUS: Mapping[str, int] = {code: status for status, codes in _CODES.items() for code in codes.split()}
_BASES: tuple[tuple[type[Exception], int], ...] = ((PermissionError, 403), (LookupError, 404), (ValueError, 422))
_TOLD: Mapping[int, str] = {
    500: "the service made a mistake; it is in its log",
    502: "the system behind this service refused or failed",
    503: "a system that this needs is not available now; try again later",
}


class ProblemSerializer(serializers.Serializer[Any]):
    """What every error looks like (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]


def document_of(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Return a problem's document."""
    return {
        "type": f"urn:probity:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or [],
    }


def problem(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> Response:
    """Return a problem; nothing but a fixed sentence is told of what went wrong on our side."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = _TOLD.get(status, _TOLD[500])
    return Response(document_of(status, code, detail, errors), status=status, content_type=MEDIA_TYPE)


def status_of(error: Exception) -> int | None:
    """Return the status of one of our own exceptions, None of any other."""
    code = getattr(error, "code", None)
    if not isinstance(code, str) or type(error).__module__.partition(".")[0] not in OURS:
        return None
    if code in STATUS:
        return STATUS[code]
    if isinstance(error, BackendError):
        return 503 if error.retriable else 502
    return next((status for base, status in _BASES if isinstance(error, base)), 500)


def _flat(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """Return the errors of a serializer as one list, each with a JSON pointer to its field."""
    if isinstance(detail, Mapping):
        return [item for name, inner in detail.items() for item in _flat(inner, _below(pointer, str(name)))]
    if isinstance(detail, list):
        nested = any(isinstance(inner, Mapping | list) for inner in detail)
        places = [f"{pointer}/{index}" if nested else pointer for index in range(len(detail))]
        return [item for place, inner in zip(places, detail, strict=True) for item in _flat(inner, place)]
    return [{"pointer": pointer, "detail": str(detail), "code": str(getattr(detail, "code", "invalid"))}]


def _below(pointer: str, name: str) -> str:
    return pointer if name in {"non_field_errors", "__all__"} else f"{pointer}/{name}"


def _invalid(error: exceptions.ValidationError) -> Response:
    return problem(422, "invalid", "the request has fields that are missing or not allowed", _flat(error.detail))


def _refused_by_model(error: ModelValidationError) -> Response:
    fields = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    errors = [
        {
            "pointer": _below("", name) if name else "",
            "detail": " ".join(one.messages),
            "code": str(one.code or "invalid"),
        }
        for name, found in fields.items()
        for one in found
    ]
    if any(item["code"] in {"unique", "unique_together"} for item in errors) or _breaks_constraint(error):
        return problem(409, "already_exists", "something like this is recorded already", errors)
    return problem(422, "invalid", "the request has values that are not allowed", errors)


def _breaks_constraint(error: ModelValidationError) -> bool:
    return any("is_unique" in message for message in error.messages)


def _of_framework(error: exceptions.APIException) -> Response:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    response = problem(error.status_code, str(code), str(error.detail))
    header = getattr(error, "auth_header", None)
    if header:
        response["WWW-Authenticate"] = header
    wait = getattr(error, "wait", None)
    if wait:
        response["Retry-After"] = str(math.ceil(wait))
    return response


_DJANGO: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Http404, 404, "not_found", "there is no such thing, or not for this caller"),
    (ObjectDoesNotExist, 404, "not_found", "there is no such thing, or not for this caller"),
    (PermissionDenied, 403, "not_permitted", "this is not permitted"),
    (RequestDataTooBig, 413, "too_large", "the body of the request is too large"),
    (IntegrityError, 409, "already_exists", "this conflicts with what is recorded already"),
    (OperationalError, 503, "database_unavailable", ""),
)


def _of_django(error: Exception) -> Response | None:
    if isinstance(error, ModelValidationError):
        return _refused_by_model(error)
    known = next((rest for kind, *rest in _DJANGO if isinstance(error, kind)), None)
    return problem(*known) if known else None  # type: ignore[arg-type]


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the problem for any exception; what is not known is logged and told as 500 without details."""
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    known = _of_django(error)
    if known is not None:
        return known
    status = status_of(error)
    if status is None:
        logger.error("unexpected error in %s", type(context.get("view")).__name__, exc_info=error)
        return problem(500, "unexpected", "")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s failed: %s", type(context.get("view")).__name__, error)
    return problem(status, str(error.code), str(error))  # type: ignore[attr-defined]
