"""Use cases: a project's key is made, changed for a new one, or shredded, on record by its fingerprint."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from privacy import keys
from privacy.scan.keyed import ProjectKey
from registry.ledger.append import append
from registry.models import Actor, Commitment, Project


@transaction.atomic
def current_key(project: Project, *, actor: Actor) -> ProjectKey:
    """Return the key under which what is new is made; a project that never had one gets its first.

    Raises PrivacyKeyMissingError where the last one was shredded and none was made since.
    """
    ring = keys.load(Path(settings.PROBITY_HOME), project.pk)
    if not ring.keys:
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # of two who ask at once, one waits
        ring = keys.load(Path(settings.PROBITY_HOME), project.pk)
    return ring.current if ring.keys else rotate_key(project, actor=actor)


@transaction.atomic
def rotate_key(project: Project, *, actor: Actor) -> ProjectKey:
    """Make the key under which everything new is made; the older ones still open what they sealed.

    Raises PrivacyKeyFixedError where the environment holds the keys.
    """
    made = keys.rotate(Path(settings.PROBITY_HOME), project.pk)
    append("privacy_key.made", actor=actor, subject=f"project:{project.pk}", data=_data(project, made))
    return made


def shred_key(project: Project, number: int, *, reason: str, actor: Actor) -> ProjectKey:
    """Take a key away for good, then record it: nobody opens what it sealed, nobody makes its pseudonyms again.

    Raises PrivacyKeyMissingError for one that is gone already, PrivacyKeyFixedError where the environment holds them.
    """
    gone = keys.shred(Path(settings.PROBITY_HOME), project.pk, number)
    with transaction.atomic():
        data = {**_data(project, gone), "reason": Commitment.of(reason).digest}
        append("privacy_key.shredded", actor=actor, subject=f"project:{project.pk}", data=data)
    return gone


def _data(project: Project, key: ProjectKey) -> dict[str, object]:
    return {"project": str(project.pk), "number": key.number, "fingerprint": key.fingerprint}
