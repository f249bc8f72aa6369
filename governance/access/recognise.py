"""Recognise a caller: the token behind a text, the principal behind a Django user."""

import hmac
from datetime import timedelta

from django.utils import timezone

from governance.access.tokens import MARK, secret_digest
from governance.models import ApiToken
from registry.models import Identity, IdentityKind, Principal

PARTS = 3
NOTED_EVERY = timedelta(minutes=1)


class TokenInvalidError(PermissionError):
    """A token that does not let anybody in; ``code`` says why to whoever holds the right secret."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


class NoPrincipalError(PermissionError):
    """Somebody signed in whom the records do not know as a principal, or who is no longer active."""

    code = "no_principal"


def recognise_token(text: str) -> ApiToken:
    """Return the token with this text; raises TokenInvalidError when it is unknown, revoked, expired or ownerless."""
    parts = text.split("_", PARTS - 1)
    token = None
    if len(parts) == PARTS and parts[0] == MARK:
        known = ApiToken.objects.select_related("principal__owner", "project")
        token = known.filter(prefix=parts[1]).first()
    if token is None or not hmac.compare_digest(token.secret_digest, secret_digest(text)):
        raise TokenInvalidError("the token is not known", "token_unknown")
    now = timezone.now()
    if token.revoked_at is not None:
        raise TokenInvalidError(f"token {token.prefix} was revoked", "token_revoked")
    if token.expires_at <= now:
        raise TokenInvalidError(f"token {token.prefix} expired on {token.expires_at.isoformat()}", "token_expired")
    if not token.principal.active or not token.principal.accountable().active:
        raise TokenInvalidError(
            f"the principal of token {token.prefix}, or its owner, is not active", "token_ownerless"
        )
    if token.last_used_at is None or now - token.last_used_at > NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def principal_of_user(user_id: object) -> Principal:
    """Return the active principal of a Django user; raises NoPrincipalError."""
    known = Identity.objects.filter(kind=IdentityKind.DJANGO, value=str(user_id)).select_related("principal__owner")
    identity = known.first()
    if identity is None or not identity.principal.active:
        raise NoPrincipalError("who is signed in is not an active principal of this installation")
    return identity.principal
