"""Sealed values are opened once, for the person who asked, when another agreed; the record never holds a value."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from privacy.key_changes import current_key, rotate_key, shred_key
from privacy.keys import PrivacyKeyMissingError
from privacy.models import Reveal
from privacy.reveal import (
    LASTS,
    RevealMismatchError,
    RevealPersonError,
    RevealSizeError,
    RevealStateError,
    grant_reveal,
    open_reveal,
    request_reveal,
)
from privacy.scan.keyed import TokenError
from registry.ledger import read
from registry.models import Actor, Project
from registry.register import register_person

pytestmark = pytest.mark.django_db
VALUES = ["Zyx Qwerty", "zyx@example.com"]


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.PROBITY_HOME = tmp_path


@pytest.fixture
def people() -> list[Actor]:
    system = Actor.system("command")
    names = ("one", "two", "three")
    return [Actor(register_person(username=one, password=None, actor=system), "validator", "session") for one in names]


@pytest.fixture
def project() -> Project:
    return Project.default()


@pytest.fixture
def tokens(project) -> list[str]:
    key = current_key(project, actor=Actor.system("command"))
    return [
        key.sealed(entity, one, joins=True) for entity, one in zip(("PERSON", "EMAIL_ADDRESS"), VALUES, strict=True)
    ]


def asked(project, tokens, actor, *, second_person=True) -> Reveal:
    return request_reveal(project, tokens, reason="a call back", actor=actor, second_person=second_person)


def test_one_asks_another_grants_the_first_opens_once(project, tokens, people):
    one, two, _three = people
    reveal = asked(project, tokens, one)
    assert reveal.entities == ["EMAIL_ADDRESS", "PERSON"]
    grant_reveal(reveal, actor=two)
    rotate_key(project, actor=one)
    assert open_reveal(reveal, tokens, actor=one) == VALUES
    with pytest.raises(RevealStateError, match="was opened"):
        open_reveal(reveal, tokens, actor=one)
    kinds = [entry.document()["kind"] for entry in read.entries() if entry.document()["kind"].startswith("reveal.")]
    assert kinds == ["reveal.requested", "reveal.granted", "reveal.opened"]
    record = "".join(str(entry.document()) for entry in read.entries()) + str(Reveal.objects.values().get())
    assert not [one for one in (*VALUES, *tokens, "a call back") if one in record]


def test_without_a_second_person_by_setting_it_is_on_record_that_there_was_none(project, tokens, people):
    reveal = asked(project, tokens, people[0], second_person=False)
    assert open_reveal(reveal, tokens, actor=people[0]) == VALUES
    (event,) = (entry.document()["data"] for entry in read.entries(kind="reveal.requested"))
    assert event["second_person"] is False


def test_nobody_else_opens_and_nobody_grants_their_own(project, tokens, people):
    one, two, three = people
    reveal = asked(project, tokens, one)
    with pytest.raises(RevealStateError, match="waits for a second person"):
        open_reveal(reveal, tokens, actor=one)
    with pytest.raises(RevealPersonError):
        grant_reveal(reveal, actor=one)
    grant_reveal(reveal, actor=two)
    for actor in (two, three, Actor.system("command")):
        with pytest.raises(RevealPersonError):
            open_reveal(reveal, tokens, actor=actor)
    with pytest.raises(RevealStateError, match="was granted"):
        grant_reveal(reveal, actor=three)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reveal.objects.filter(pk=reveal.pk).update(granted_by=one.principal)


def test_other_tokens_than_those_asked_for_are_not_opened(project, tokens, people):
    reveal = asked(project, tokens[:1], people[0], second_person=False)
    others: list[list[str]] = [tokens[1:], tokens, []]
    for other in others:
        with pytest.raises(RevealMismatchError):
            open_reveal(reveal, other, actor=people[0])
    assert open_reveal(reveal, tokens[:1], actor=people[0]) == VALUES[:1]


@pytest.mark.parametrize("granted", [True, False])
def test_it_expires(project, tokens, people, granted):
    reveal = asked(project, tokens, people[0])
    if granted:
        grant_reveal(reveal, actor=people[1])
    late = {"granted_at" if granted else "created_at": reveal.created_at - LASTS - timedelta(seconds=1)}
    Reveal.objects.filter(pk=reveal.pk).update(**late)
    with pytest.raises(RevealStateError, match="expired, 24 hours after"):
        open_reveal(reveal, tokens, actor=people[0])


def test_what_cannot_be_opened_is_refused_when_it_is_asked_for(project, tokens, people):
    actor = people[0]
    for bad, error in (([], RevealSizeError), (tokens * 51, RevealSizeError), (["Ann Lee"], TokenError)):
        with pytest.raises(error):
            asked(project, bad, actor)
    with pytest.raises(RevealPersonError):
        asked(project, tokens, replace(actor, principal=Actor.system().principal))
    assert Reveal.objects.count() == 0


def test_a_forged_token_opens_nothing_and_leaves_the_reveal_to_be_opened(project, tokens, people):
    forged = [tokens[0], tokens[1][:-2] + ("aa" if tokens[1][-2:] != "aa" else "bb")]
    reveal = asked(project, forged, people[0], second_person=False)
    with pytest.raises(TokenError):
        open_reveal(reveal, forged, actor=people[0])
    reveal.refresh_from_db()
    assert reveal.opened_at is None
    assert list(read.entries(kind="reveal.opened")) == []


def test_what_a_shredded_key_sealed_is_gone(project, tokens, people):
    reveal = asked(project, tokens, people[0], second_person=False)
    shred_key(project, 1, reason="erasure", actor=people[0])
    with pytest.raises(PrivacyKeyMissingError, match="was shredded"):
        open_reveal(reveal, tokens, actor=people[0])
    with pytest.raises(PrivacyKeyMissingError):
        asked(project, tokens, people[0])


def test_the_command_shows_rotates_and_shreds_on_record(project, capsys):
    call_command("privacy_key", "show")
    call_command("privacy_key", "rotate")
    call_command("privacy_key", "rotate")
    call_command("privacy_key", "shred", "1", "--reason", "it leaked")
    call_command("privacy_key", "show")
    key = current_key(project, actor=Actor.system())
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["1 shredded", f"2 {key.fingerprint}"]
    events = [entry.document() for entry in read.entries() if entry.document()["kind"].startswith("privacy_key.")]
    assert [(one["kind"], one["data"]["number"]) for one in events] == [
        ("privacy_key.made", 1),
        ("privacy_key.made", 2),
        ("privacy_key.shredded", 1),
    ]
    assert key.secret.hex() not in "".join(map(str, events)) + "".join(lines)
    for arguments in (("shred", "1", "--reason", "again"), ("show", "--project", "nowhere")):
        with pytest.raises(CommandError):
            call_command("privacy_key", *arguments)
