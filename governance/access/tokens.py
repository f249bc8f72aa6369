"""Create and revoke tokens. The text is shown once; a prefix and its SHA-256 are all that is kept."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from governance.access.permissions import ADMINISTRATORS
from governance.models import ApiToken
from registry.ledger.append import append, moment
from registry.models import Actor, Principal, PrincipalKind, Project

MARK = "probity"
PREFIX_BYTES = 6
SECRET_BYTES = 32
LONGEST = timedelta(days=366)
DECIDE = "decide"


class TokenRequestError(ValueError):
    """A token that nobody could be given: its scopes, its name or its end are not allowed."""

    code = "token_refused"


class TokenNotPermittedError(PermissionError):
    """This caller may not make or revoke this token."""

    code = "not_permitted"


def secret_digest(text: str) -> str:
    """Return what is kept of a token's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _new_text() -> tuple[str, str]:
    prefix = secrets.token_hex(PREFIX_BYTES)
    return prefix, f"{MARK}_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"


def _check_scopes(principal: Principal, scopes: Collection[str], parent: ApiToken | None) -> None:
    if unknown := sorted(set(scopes) - set(ApiToken.SCOPES)):
        raise TokenRequestError(f"{unknown[0]!r} is not a scope (there are: {', '.join(ApiToken.SCOPES)})")
    if not scopes:
        raise TokenRequestError(f"a token has at least one of the scopes {', '.join(ApiToken.SCOPES)}")
    if DECIDE in scopes and principal.kind != PrincipalKind.PERSON:
        raise TokenRequestError("a service decides nothing: the scope 'decide' is for a person's own token")
    if parent is not None and (more := sorted(set(scopes) - set(parent.scopes))):
        raise TokenNotPermittedError(f"a token cannot make one that may do more than itself: it lacks {more[0]!r}")


def _check_end(expires_at: datetime, parent: ApiToken | None) -> None:
    now = timezone.now()
    if not now < expires_at <= now + LONGEST:
        raise TokenRequestError(
            f"a token ends within {LONGEST.days} days, in the future; {expires_at.isoformat()} is not"
        )
    if parent is not None and expires_at > parent.expires_at:
        raise TokenNotPermittedError("a token cannot make one that outlives itself")


def _check_actor(principal: Principal, project: Project, actor: Actor) -> None:
    """A person's token is made by that person alone: an administrator's would let one person decide as another."""
    if actor.principal == principal:
        allowed = principal.owner_id is not None or principal.kind == PrincipalKind.PERSON
        if not allowed or not principal.roles(project):
            raise TokenNotPermittedError(f"to make a token in {project.slug} takes a role there")
        return
    if principal.kind == PrincipalKind.PERSON:
        raise TokenNotPermittedError("a person's token is made by that person alone")
    if principal.owner is None:
        raise TokenNotPermittedError("a service without an accountable owner gets no token")
    owner = principal.accountable() == actor.principal and bool(actor.principal.roles(project))
    if not owner and not actor.principal.roles(project) & ADMINISTRATORS:
        raise TokenNotPermittedError("a service's token is made by its owner or an administrator of the project")


@transaction.atomic
def create_token(
    *,
    principal: Principal,
    project: Project,
    name: str,
    scopes: Collection[str],
    expires_at: datetime,
    actor: Actor,
    parent: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Make a token and return it with its text, which cannot be had again.

    ``parent`` is the token by which the caller came in, if any: the new one can neither do more nor last longer.
    Raises TokenRequestError or TokenNotPermittedError.
    """
    _check_actor(principal, project, actor)
    _check_scopes(principal, scopes, parent)
    _check_end(expires_at, parent)
    prefix, text = _new_text()
    token = ApiToken(
        principal=principal,
        project=project,
        name=name,
        prefix=prefix,
        secret_digest=secret_digest(text),
        scopes=[scope for scope in ApiToken.SCOPES if scope in scopes],
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    append(
        "token.created",
        actor=actor,
        subject=f"token:{token.pk}",
        data={"principal": str(principal.pk), "scopes": token.scopes, "expires_at": moment(expires_at)},
    )
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Actor) -> ApiToken:
    """End a token at once, by its principal, the accountable owner or an administrator; twice is harmless."""
    locked = ApiToken.objects.select_for_update(of=("self",)).select_related("principal", "project").get(pk=token.pk)
    own = actor.principal in {locked.principal, locked.principal.accountable()}
    if not own and not actor.principal.roles(locked.project) & ADMINISTRATORS:
        raise TokenNotPermittedError("a token is revoked by its owner or an administrator of the project")
    if locked.revoked_at is not None:
        return locked
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    append(
        "token.revoked",
        actor=actor,
        subject=f"token:{locked.pk}",
        data={"principal": str(locked.principal_id)},
    )
    return locked
