"""Who calls: a bearer token, or a signed-in user with a CSRF token; both become a Caller."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.access.attempts import TooManyAttemptsError, address_of, of_token, take
from governance.access.recognise import TokenInvalidError, principal_of_user, recognise_token
from governance.models import ApiToken
from registry.models import Principal, PrincipalKind

BEARER = b"bearer"
WORDS = 2


class ScopeMissingError(PermissionError):
    """The token was not made for this."""

    code = "token_scope"


class ServiceDecidesError(PermissionError):
    """A service's token was used for a decision, which is a person's."""

    code = "not_a_person"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that calls, and the token by which it came in (none: a session)."""

    principal: Principal
    token: ApiToken | None = None
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def auth(self) -> str:
        """How the caller proved who it is, as the ledger says it."""
        return "token" if self.token else "session"

    def may(self, scope: str) -> bool:
        """Say whether the caller's token has a scope; a session has all of them."""
        return self.token is None or scope in self.token.scopes


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer probity_…``."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the caller, None when there is no such header; raises AuthenticationFailed (401)."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != BEARER:
            return None
        if len(words) != WORDS:
            raise _failed(request, "the Authorization header is not 'Bearer <token>'", "token_unknown")
        try:
            token = recognise_token(words[1].decode("ascii", "replace"))
        except TokenInvalidError as error:
            raise _failed(request, str(error), error.code) from error
        return Caller(token.principal, token), token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the signature is the framework's
        """Return what a 401 asks for."""
        return 'Bearer realm="probity"'


def _failed(request: Request, message: str, code: str) -> APIException:
    """Return the error for a token that lets nobody in: 401, or 429 once its address sent too many of them.

    A token that is valid is never held up: its 256 random bits cannot be guessed, and many callers share an address.
    """
    try:
        take(of_token(address_of(request)))
    except TooManyAttemptsError as error:
        return Throttled(error.wait, "too many tokens from this address were not accepted")
    return AuthenticationFailed(message, code)


class PrincipalSession(SessionAuthentication):
    """A signed-in Django user, whose unsafe requests carry a CSRF token; raises NoPrincipalError (403)."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the caller behind the session, or None."""
        found = super().authenticate(request)
        return (Caller(principal_of_user(found[0].pk)), None) if found else None


class HasScope(BasePermission):
    """The caller's token has the scope that the view names for the method; a service never decides."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Say yes, or raise ScopeMissingError or ServiceDecidesError."""
        caller = request.user
        if not isinstance(caller, Caller):
            return False
        scopes: dict[str, str] = getattr(view, "scopes", {})
        scope = scopes.get("GET" if request.method == "HEAD" else str(request.method))
        if scope is None:
            return True  # no handler for the method: the answer is 405
        if scope == "decide" and caller.principal.kind != PrincipalKind.PERSON:
            raise ServiceDecidesError("a decision is a person's; a service's token cannot give it")
        if not caller.may(scope):
            raise ScopeMissingError(f"this takes a token with the scope {scope!r}")
        return True


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes tokens."""

    target_class = "governance.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the framework's
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "probity_<prefix>_<secret>"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes sessions."""

    target_class = "governance.api.authentication.PrincipalSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the framework's
        """Return the security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


AUTHENTICATION: list[type[BaseAuthentication]] = [BearerAuthentication, PrincipalSession]
