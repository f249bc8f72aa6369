"""The numbers that Prometheus scrapes, at /metrics, for who may read them.

Prometheus sends a token of the scope ``read`` (``authorization: {credentials_file: …}`` in its configuration) and is
told of the projects in which that token's principal holds a role; somebody who is signed in is told of their own.
Nobody else is told anything.
"""

from collections.abc import Collection
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from governance.access.permissions import visible_projects
from governance.access.recognise import NoPrincipalError, TokenInvalidError, principal_of_user, recognise_token
from governance.metrics import exposition

UNAUTHORISED = 401
FORBIDDEN = 403


def _refuse(status: int, why: str) -> HttpResponse:
    headers = {"WWW-Authenticate": 'Bearer realm="probity"'} if status == UNAUTHORISED else {}
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)


def _of_token(text: str) -> Collection[UUID] | HttpResponse:
    try:
        token = recognise_token(text)
    except TokenInvalidError as error:
        return _refuse(UNAUTHORISED, str(error))
    if "read" not in token.scopes:
        return _refuse(FORBIDDEN, "this takes a token with the scope 'read'")
    return visible_projects(token.principal, only=token.project_id)


def _readable(request: HttpRequest) -> Collection[UUID] | HttpResponse:
    """Return the projects that the caller may read about, or the refusal."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _of_token(text.strip())
    if not request.user.is_authenticated:
        return _refuse(UNAUTHORISED, "metrics are read with a token of the scope 'read', or signed in")
    try:
        return visible_projects(principal_of_user(request.user.pk))
    except NoPrincipalError as error:
        return _refuse(FORBIDDEN, str(error))


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the exposition format of Prometheus."""
    found = _readable(request)
    if isinstance(found, HttpResponse):
        return found
    return HttpResponse(exposition(found), content_type=CONTENT_TYPE_LATEST)
