"""Use case: open sealed values. One person asks with a reason, another grants it, the first one sees them once."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from privacy import keys
from privacy.models import Reveal
from privacy.scan.keyed import entity_of, number_of
from registry.canonical import digest
from registry.ledger.append import append
from registry.models import Actor, Commitment, PrincipalKind, Project

MOST_TOKENS = 100
LASTS = timedelta(hours=24)


class RevealSizeError(ValueError):
    """Nothing, or too much, is to be opened at once."""

    code = "reveal_size"


class RevealStateError(ValueError):
    """A reveal that was opened, is not granted, or has expired."""

    code = "reveal_state"


class RevealMismatchError(ValueError):
    """Other tokens than those that were asked for."""

    code = "reveal_mismatch"


class RevealPersonError(PermissionError):
    """Persons reveal, not services; one asks, another grants, and the one who asked opens."""

    code = "same_person"


@transaction.atomic
def request_reveal(
    project: Project, tokens: Sequence[str], *, reason: str, actor: Actor, second_person: bool
) -> Reveal:
    """Ask to open tokens of a project; what they hold is looked at by nobody yet.

    With ``second_person`` another person has to grant it. Raises RevealSizeError, TokenError, RevealPersonError, or
    PrivacyKeyMissingError where a key was shredded.
    """
    if not 1 <= len(tokens) <= MOST_TOKENS:
        raise RevealSizeError(f"A reveal opens 1 to {MOST_TOKENS} tokens, not {len(tokens)}.")
    _check_person(actor)
    ring = keys.load(Path(settings.PROBITY_HOME), project.pk)
    for token in tokens:
        ring.key(number_of(token))
    reveal = Reveal(
        project=project,
        tokens=digest(list(tokens)),
        count=len(tokens),
        entities=sorted({entity_of(token) for token in tokens}),
        reason=Commitment.of(reason),
        requested_by=actor.principal,
        granted_at=None if second_person else timezone.now(),
    )
    reveal.full_clean()
    reveal.save()
    data = {
        "project": str(project.pk),
        "tokens": reveal.tokens,
        "count": reveal.count,
        "entities": reveal.entities,
        "reason": reveal.reason_id,
        "second_person": second_person,
    }
    append("reveal.requested", actor=actor, subject=f"reveal:{reveal.pk}", data=data)
    return reveal


@transaction.atomic
def grant_reveal(reveal: Reveal, *, actor: Actor) -> Reveal:
    """Grant it, as another person than the one who asked."""
    _check_person(actor)
    locked = Reveal.objects.select_for_update().get(pk=reveal.pk)
    if locked.requested_by == actor.principal:
        raise RevealPersonError("A reveal is granted by another person than the one who asked for it.")
    _check_open(locked)
    if locked.granted_at is not None:
        raise RevealStateError(f"Reveal {locked.pk} was granted on {locked.granted_at:%Y-%m-%d %H:%M} UTC.")
    locked.granted_by, locked.granted_at = actor.principal, timezone.now()
    locked.full_clean()
    locked.save()
    data = {"tokens": locked.tokens, "requested_by": str(locked.requested_by_id)}
    append("reveal.granted", actor=actor, subject=f"reveal:{locked.pk}", data=data)
    return locked


@transaction.atomic
def open_reveal(reveal: Reveal, tokens: Sequence[str], *, actor: Actor) -> list[str]:
    """Return the values, once, to the person who asked; the event says that it was done, never what was seen.

    Raises RevealPersonError, RevealStateError, RevealMismatchError, TokenError or PrivacyKeyMissingError; then nothing
    was opened.
    """
    _check_person(actor)
    locked = Reveal.objects.select_for_update().select_related("project").get(pk=reveal.pk)
    if locked.requested_by != actor.principal:
        raise RevealPersonError("A reveal is opened by the person who asked for it.")
    _check_open(locked)
    if locked.granted_at is None:
        raise RevealStateError(f"Reveal {locked.pk} waits for a second person.")
    if digest(list(tokens)) != locked.tokens:
        raise RevealMismatchError(f"Reveal {locked.pk} is of other tokens, or of the same in another order.")
    ring = keys.load(Path(settings.PROBITY_HOME), locked.project_id)
    values = [ring.key(number_of(token)).opened(token) for token in tokens]
    locked.opened_at = timezone.now()
    locked.full_clean()
    locked.save()
    data = {"tokens": locked.tokens, "count": locked.count}
    append("reveal.opened", actor=actor, subject=f"reveal:{locked.pk}", data=data)
    return values


def _check_person(actor: Actor) -> None:
    if actor.principal.kind != PrincipalKind.PERSON:
        raise RevealPersonError("Personal data is revealed to persons, not to services.")


def _check_open(reveal: Reveal) -> None:
    if reveal.opened_at is not None:
        raise RevealStateError(f"Reveal {reveal.pk} was opened on {reveal.opened_at:%Y-%m-%d %H:%M} UTC; ask again.")
    since = reveal.granted_at or reveal.created_at
    if timezone.now() > since + LASTS:
        hours = int(LASTS.total_seconds() // 3600)
        raise RevealStateError(
            f"Reveal {reveal.pk} expired, {hours} hours after it was asked for or granted; ask again."
        )
