"""How the record stands: verified when due and not within a request, stuck queues and unread policies are said."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.exports import standing as standings
from governance.exports.standing import OVERDUE, VERIFY_EVERY, standing, verify_when_due
from governance.exports.verify import Verification
from governance.metrics import exposition
from governance.models import LedgerVerification
from registry.ledger.append import append
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer
from registry.ledger.verify.entries import Fault
from registry.models import Actor

pytestmark = pytest.mark.django_db
RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
NOW = timezone.now() + timedelta(seconds=1)


@pytest.fixture
def found(monkeypatch):
    """What a verification finds, in place of verifying."""
    faults: list[Fault] = []
    monkeypatch.setattr(standings, "verify", lambda: Verification(entries=7, faults=tuple(faults)))
    return faults


def record(subject="log:example.org/log", kind="log.key_added", data=None):
    append(kind, actor=Actor.system(), subject=subject, data=data or {"key": "k"})


def sequenced(tmp_path):
    while Sequencer(RING, Memory(tmp_path / "checkpoint")).step():
        pass


def codes(now=NOW):
    return [alarm.code for alarm in standing(now).alarms]


def metric(name):
    text = exposition([]).decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"probity_ledger_{name} "))


def test_what_was_never_verified_is_not_verified(tmp_path):
    record()
    sequenced(tmp_path)
    assert codes() == ["verification_missing"]
    assert metric("verified") == 0


def test_a_verification_is_kept_and_made_again_when_it_is_due(found):
    assert verify_when_due(NOW).outcome == "valid"
    assert standing(NOW).verified
    assert verify_when_due(NOW + VERIFY_EVERY / 2) is None
    assert verify_when_due(NOW + VERIFY_EVERY).entries == 7
    assert LedgerVerification.objects.count() == 2
    assert not standing(NOW + VERIFY_EVERY + OVERDUE + timedelta(seconds=1)).verified
    assert "verification_overdue" in codes(NOW + VERIFY_EVERY + OVERDUE + timedelta(seconds=1))


def test_a_fault_is_an_alarm_that_names_the_first_bad_entry(found):
    found += [Fault(4, "leaf", "entry 4 is not what was hashed"), Fault(0, "row_state", "a row differs")] * 20
    run = verify_when_due(NOW)
    assert (run.outcome, run.faults, len(run.first)) == ("faulty", 40, 20)
    [alarm] = standing(NOW).alarms
    assert alarm.code == "verification_faulty"
    assert alarm.is_grave
    assert "entry 4" in alarm.sentence
    assert metric("verified") == 0


def test_a_verification_that_fails_is_no_pass_and_tells_no_more_than_its_kind(monkeypatch):
    def broken():
        raise OSError("/a/path of nobody's business")

    monkeypatch.setattr(standings, "verify", broken)
    monkeypatch.setattr(standings.logger, "exception", lambda *_arguments: None)
    run = verify_when_due(NOW)
    assert (run.outcome, run.first[0]["code"]) == ("error", "OSError")
    assert "business" not in str(run.first)
    assert not standing(NOW).verified
    assert codes() == ["verification_error"]


def test_one_that_never_ended_leaves_the_last_word_to_the_one_before(found):
    verify_when_due(NOW)
    LedgerVerification.objects.create(created_at=NOW + VERIFY_EVERY)
    assert standing(NOW + VERIFY_EVERY).verified
    assert not standing(NOW + OVERDUE + timedelta(seconds=1)).verified


def test_a_queue_that_does_not_move_is_an_alarm_after_the_limit(found, settings, tmp_path):
    settings.PROBITY_LEDGER_ALARM_SECONDS = 60
    verify_when_due(NOW)
    record()
    sequenced(tmp_path)
    assert standing(NOW).log.oldest_queued is None
    record(subject="log:other")
    waiting = standing(NOW).log
    assert (waiting.queued, waiting.head.size) == (1, waiting.head.size)
    assert codes(waiting.oldest_queued + timedelta(seconds=60)) == []
    assert codes(waiting.oldest_queued + timedelta(seconds=61)) == ["queue_stuck"]
    assert metric("pending_age_seconds") > 0
    assert metric("size") == waiting.head.size
    assert metric("last_checkpoint_timestamp") == pytest.approx(waiting.covered_until.timestamp())


def test_a_frozen_log_is_an_alarm(found, tmp_path):
    verify_when_due(NOW)
    record()
    sequenced(tmp_path)
    record(kind="log.frozen", data={"reason": "the key may be known"})
    sequenced(tmp_path)
    assert codes() == ["closed"]


def test_a_witness_that_is_behind_and_a_policy_that_cannot_be_read_are_said(found, settings, tmp_path):
    verify_when_due(NOW)
    record()
    sequenced(tmp_path)
    witness = Ed25519Signer("witness.example", b"\x03" * 32, SignatureKind.COSIGNATURE).key
    policy = tmp_path / "policy"
    settings.PROBITY_LEDGER_POLICY = str(policy)
    assert codes() == ["policy"]
    policy.write_text(f"log {RING.verifiers[0]}\nwitness outside {witness}\nquorum outside\n")
    late = timezone.now() + timedelta(seconds=settings.PROBITY_LEDGER_ALARM_SECONDS + 2)
    assert codes(late) == ["witness_behind"]
    assert [(one.name, one.cosigned) for one in standing().witnesses] == [("outside", 0)]
