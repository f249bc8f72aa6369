"""Erasure: after its time, by an administrator, under no hold; and every proof is as valid as before."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.access.permissions import RoleMissingError
from governance.exports.verify import verify
from governance.models import LegalHold
from governance.promotion.retire import retire
from governance.retention.erase import (
    ErasedAlreadyError,
    EraserError,
    NameInUseError,
    OnHoldError,
    RetentionFloorError,
    erase_commitment,
)
from governance.retention.hold import (
    HoldStateError,
    HoldSubjectError,
    NotOnePersonError,
    lift_hold,
    place_hold,
    request_lift,
)
from registry.ledger import read
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.memory import Memory
from registry.ledger.policy import parse_policy
from registry.ledger.receipt import receipt
from registry.ledger.sequence import Sequencer
from registry.models import Actor, Commitment, Identity, Principal
from registry.register import create_project, grant_role
from tests.governance.api.world import API, build, with_token

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
TRUST = parse_policy(f"log {RING.verifiers[0]}\nquorum none\n".encode())
WHY = "its subject asked for it"


@pytest.fixture
def world(db, settings, tmp_path):
    settings.PROBITY_RETENTION_DAYS = 365
    return build(tmp_path)


@pytest.fixture
def said(world):
    """What somebody wrote two years ago when a version was retired, and the subject that cites it."""
    retire(world.version, reason="Ada Lovelace asked for it by telephone", actor=world.actor("officer"))
    commitment = world.version.retirement.reason
    aged(commitment, days=730)
    return commitment, f"model_version:{world.version.pk}"


def aged(commitment, days):
    Commitment.objects.filter(pk=commitment.pk).update(created_at=timezone.now() - timedelta(days=days))


def erase(world, commitment, who="administrator", auth="session"):
    actor = Actor(world.people[who], "", auth)
    return erase_commitment(commitment, reason=WHY, actor=actor)


def test_what_is_erased_is_gone_and_the_proof_of_it_holds(world, said, tmp_path):
    commitment, subject = said
    entry = next(read.entries(subject=subject, kind="model_version.retired"))
    assert commitment.pk in entry.body
    Sequencer(RING, Memory(tmp_path / "checkpoint")).step()
    erased = erase(world, commitment)
    assert (erased.text, erased.salt, erased.holds()) == ("", "", False)
    receipt(entry.number).verify(bytes.fromhex(entry.leaf_hash), TRUST)
    event = next(read.entries(kind="commitment.erased"))
    document = event.document()
    assert (document["subject_digest"], document["actor"]["role"]) == (commitment.pk, "administrator")
    for body in (entry.body, event.body):
        assert "Lovelace" not in body
        assert WHY not in body
    assert Commitment.objects.get(pk=document["data"]["reason"]).text == WHY
    with pytest.raises(ErasedAlreadyError):
        erase(world, commitment)


def test_the_whole_of_it_follows_from_the_events(world, monkeypatch):
    retire(world.version, reason="it is not needed any more", actor=world.actor("officer"))
    commitment, subject = world.version.retirement.reason, f"model_version:{world.version.pk}"
    hold = place_hold(subject, reason="a court asked for it", actor=world.actor("risk"))
    request_lift(hold, reason="the case is closed", actor=world.actor("officer"))
    lift_hold(hold, actor=world.actor("second"))
    later = timezone.now() + timedelta(days=366)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert erase(world, commitment).erased_at == later
    assert verify().faults == ()


def test_a_date_that_was_set_back_in_the_database_is_found_out(world, said):
    erase(world, said[0])
    [fault] = verify().faults
    assert fault.code == "replay_commitment_erased"
    assert "is said to be of" in fault.message


@pytest.mark.parametrize(
    ("setting", "floor"),
    [(365, 365), (1, 180), (179, 180), (1000, 1000)],
)
def test_no_setting_lowers_the_floor(world, said, settings, setting, floor):
    settings.PROBITY_RETENTION_DAYS = setting
    aged(said[0], days=floor - 1)
    with pytest.raises(RetentionFloorError, match=f"kept for {floor} days"):
        erase(world, said[0])
    aged(said[0], days=floor)
    assert erase(world, said[0]).erased_at is not None


@pytest.mark.parametrize(
    ("who", "auth", "error"),
    [
        ("officer", "session", RoleMissingError),
        ("auditor", "session", RoleMissingError),
        ("administrator", "command", EraserError),
        ("administrator", "task", EraserError),
    ],
)
def test_an_administrator_erases_in_person(world, said, who, auth, error):
    with pytest.raises(error):
        erase(world, said[0], who, auth)
    assert Commitment.objects.get(pk=said[0].pk).holds()


def test_a_name_that_is_in_use_is_not_erased(world):
    known = Identity.objects.filter(principal=world.people["requester"]).first()
    name = Commitment.objects.get(text=known.value)
    aged(name, days=730)
    with pytest.raises(NameInUseError):
        erase(world, name)


def test_a_hold_on_the_subject_or_its_project_keeps_it_until_two_have_lifted_it(world, said):
    commitment, subject = said
    for held in (subject, f"project:{world.project.pk}"):
        hold = place_hold(held, reason="a court asked for it", actor=world.actor("risk"))
        with pytest.raises(OnHoldError, match=str(hold.pk)):
            erase(world, commitment)
        with pytest.raises(HoldStateError, match="nobody has asked"):
            lift_hold(hold, actor=world.actor("officer"))
        request_lift(hold, reason="the case is closed", actor=world.actor("officer"))
        with pytest.raises(NotOnePersonError):
            lift_hold(hold, actor=world.actor("officer"))
        with pytest.raises(HoldStateError, match="already"):
            request_lift(hold, reason="the case is closed", actor=world.actor("second"))
        with pytest.raises(OnHoldError):
            erase(world, commitment)
        lift_hold(hold, actor=world.actor("second"))
        with pytest.raises(HoldStateError, match="was lifted"):
            lift_hold(hold, actor=world.actor("risk"))
    kinds = [entry.kind for entry in read.newest(6)][::-1]
    assert kinds == ["hold.placed", "hold.lift_requested", "hold.lifted"] * 2
    assert erase(world, commitment).erased_at is not None


def keeps_roles(queries):
    return any("registry_roleassignment" in one["sql"] and "FOR UPDATE" in one["sql"] for one in queries)


@pytest.mark.skipif(not connection.features.has_select_for_update, reason="SQLite locks the whole database")
def test_the_roles_by_which_somebody_keeps_or_erases_stay_until_it_is_recorded(world, said):
    commitment, subject = said
    hold = place_hold(subject, reason="a court asked for it", actor=world.actor("risk"))
    deeds = (
        lambda: place_hold(subject, reason="another court asked", actor=world.actor("officer")),
        lambda: request_lift(hold, reason="the case is closed", actor=world.actor("officer")),
        lambda: lift_hold(hold, actor=world.actor("second")),
    )
    for deed in deeds:
        with CaptureQueriesContext(connection) as queries:
            deed()
        assert keeps_roles(queries)
    with CaptureQueriesContext(connection) as queries, pytest.raises(OnHoldError):
        erase(world, commitment)
    assert keeps_roles(queries)


def test_a_hold_elsewhere_keeps_nothing_but_what_nobody_can_place(world, said):
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=world.system)
    LegalHold.objects.create(
        project=elsewhere,
        subject=f"project:{elsewhere.pk}",
        placed_by=world.people["risk"],
        reason=Commitment.of("a case there"),
    )
    adrift = Commitment.of("whose it is nobody knows")
    aged(adrift, days=730)
    with pytest.raises(OnHoldError):
        erase(world, adrift)
    assert erase(world, said[0]).erased_at is not None


@pytest.mark.parametrize("who", ["requester", "engineer", "auditor"])
def test_a_hold_takes_an_officer_and_something_of_a_project(world, who):
    with pytest.raises(RoleMissingError):
        place_hold(f"model:{world.model.pk}", reason="a court asked", actor=world.actor(who))
    spelt = (f"model:{str(world.model.pk).upper()}", f"model:{world.model.pk.hex}", f"project:{{{world.project.pk}}}")
    for subject in ("principal:x", f"model:{world.project.pk}", "everything", "", *spelt):
        with pytest.raises(HoldSubjectError):
            place_hold(subject, reason="a court asked", actor=world.actor("risk"))


def test_over_the_api_one_asks_for_the_end_of_a_hold_and_another_lifts_it(world, said):
    commitment, subject = said
    officer, risk, administrator = (world.client(who) for who in ("officer", "risk", "administrator"))
    placed = risk.post(f"{API}/holds", {"subject": subject, "reason": "a court asked for it"})
    assert placed.status_code == 201, placed.json()
    hold, address = placed.json(), f"{API}/commitments/{commitment.pk}/erase"
    refused = administrator.post(address, {"reason": WHY})
    assert (refused.status_code, refused.json()["code"]) == (409, "on_hold")
    asked = officer.post(f"{API}/holds/{hold['id']}/request-lift", {"reason": "the case is closed"})
    assert asked.json()["lift_asked_by"] == str(world.people["officer"].pk)
    assert officer.post(f"{API}/holds/{hold['id']}/lift").json()["code"] == "same_person"
    assert risk.post(f"{API}/holds/{hold['id']}/lift").json()["lifted_by"] == str(world.people["risk"].pk)
    [listed] = risk.get(f"{API}/holds", {"subject": subject}).json()["results"]
    assert listed["lifted_at"] is not None
    assert officer.post(address, {"reason": WHY}).json()["code"] == "not_permitted"
    assert administrator.post(address, {"reason": WHY}).status_code == 200


def test_a_token_of_another_project_reaches_nothing_here(world, said):
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=world.system)
    person: Principal = world.people["administrator"]
    grant_role(person, project=elsewhere, role="administrator", actor=world.system)
    client = with_token(world.token("administrator", "administer", project=elsewhere))
    assert client.post(f"{API}/commitments/{said[0].pk}/erase", {"reason": WHY}).status_code == 404
    held = client.post(f"{API}/holds", {"subject": said[1], "reason": "a court asked for it"})
    assert held.status_code == 404
    assert not LegalHold.objects.exists()
