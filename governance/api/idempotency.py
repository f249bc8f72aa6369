"""Idempotency-Key: the same POST under the same key is done once, and its answer given again."""

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import IdempotencyRecord
from registry.models import Principal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 200
ABANDONED = timedelta(minutes=10)
Handler = Callable[..., Response]


class IdempotencyConflictError(ValueError):
    """The key was used for another request."""

    code = "idempotency_conflict"


class IdempotencyBusyError(ValueError):
    """The first request under this key is not answered yet."""

    code = "idempotency_in_progress"


class IdempotencyKeyError(ValueError):
    """Not a usable key."""

    code = "invalid"


def request_digest(request: Request) -> str:
    """Return the SHA-256 of what was asked: method, address, precondition, fields and the bytes of files."""
    fields: list[Any] = [request.method, request.get_full_path(), request.headers.get("If-Match", "")]
    data = request.data
    if hasattr(data, "lists"):
        fields += [[name, [_part(value) for value in values]] for name, values in sorted(data.lists())]
    else:
        fields.append(data)
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _part(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    hasher = hashlib.sha256()
    for chunk in value.chunks():
        hasher.update(chunk)
    value.seek(0)
    return [value.name, hasher.hexdigest()]


def _begin(principal: Principal, key: str, digest: str) -> tuple[IdempotencyRecord, bool]:
    """Return the record of the key and whether this request is the one to do the work."""
    if not 1 <= len(key) <= LONGEST_KEY:
        raise IdempotencyKeyError(f"an Idempotency-Key has 1 to {LONGEST_KEY} characters, not {len(key)}")
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(principal=principal, key=key, request_digest=digest), True
    except IntegrityError:
        known = IdempotencyRecord.objects.get(principal=principal, key=key)
    if known.request_digest != digest:
        raise IdempotencyConflictError("this Idempotency-Key was used for another request")
    if known.status is not None:
        return known, False
    taken_over = IdempotencyRecord.objects.filter(
        pk=known.pk, status__isnull=True, created_at__lt=timezone.now() - ABANDONED
    ).update(created_at=timezone.now())
    if not taken_over:
        raise IdempotencyBusyError("the first request under this Idempotency-Key is not answered yet")
    return known, True


def _keep(record: IdempotencyRecord, response: Response, hide: tuple[str, ...]) -> None:
    body = json.loads(json.dumps(response.data, default=str))
    if isinstance(body, dict):
        body.update(dict.fromkeys([name for name in hide if name in body]))
    IdempotencyRecord.objects.filter(pk=record.pk).update(status=response.status_code, body=body)


def _do(record: IdempotencyRecord, work: Callable[[], Response], *, atomic: bool, hide: tuple[str, ...]) -> Response:
    """Do the work and keep its answer, where possible in one transaction; an error leaves the key free to try again."""
    try:
        if not atomic:
            response = work()
            _keep(record, response, hide)
            return response
        with transaction.atomic():
            response = work()
            _keep(record, response, hide)
            return response
    except Exception:
        IdempotencyRecord.objects.filter(pk=record.pk, status__isnull=True).delete()
        raise


def once(*, atomic: bool = True, hide: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
    """Make a POST handler honour the key. ``atomic`` is False where it acts outside the database before it records;

    ``hide`` names fields of the answer that are shown once and never kept.
    """

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return handler(view, request, *args, **kwargs)
            record, ours = _begin(view.caller.principal, key, request_digest(request))
            if not ours:
                return Response(record.body, status=record.status, headers={REPLAYED: "true"})
            return _do(record, lambda: handler(view, request, *args, **kwargs), atomic=atomic, hide=hide)

        wrapper.honours_idempotency_key = True  # type: ignore[attr-defined]
        return wrapper

    return decorate
