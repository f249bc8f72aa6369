"""Receipts: a decision's answer names its entry; the file proves it to who has nothing but the log's public key."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import IdempotencyRecord
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.memory import Memory
from registry.ledger.policy import parse_policy
from registry.ledger.proof import Proof
from registry.ledger.sequence import Sequencer
from registry.ledger.tree import leaf_hash
from registry.register import create_project, grant_role
from tests.governance.api.world import API, match, policy_text, with_token

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
TRUST = parse_policy(f"log {RING.verifiers[0]}\nquorum none\n".encode())
REASON = {"reason": "it meets every limit"}


@pytest.fixture
def sequence(tmp_path):
    """What gives all queued events their places and signs."""
    sequencer = Sequencer(RING, Memory(tmp_path / "checkpoint"))
    return sequencer.step


def approved(world, **headers):
    promotion = world.assessed()
    client, address = world.client("officer"), f"{API}/promotions/{promotion.pk}"
    sent = {**match(client.get(address)), **headers}
    return client.post(f"{address}/approve", REASON, headers=sent)


def test_an_approval_without_a_checkpoint_is_accepted_and_its_receipt_follows(world, sequence):
    given = approved(world)
    receipt = given.json()["receipt"]
    assert (given.status_code, given.json()["state"], receipt["ready"]) == (202, "APPROVED", False)
    client = world.client("officer")
    waiting = client.get(receipt["url"])
    assert (waiting.status_code, waiting.json()["code"]) == (404, "receipt_not_ready")
    assert int(waiting["Retry-After"]) >= 1
    sequence()
    file = client.get(receipt["url"], headers={"Accept": "text/html"})
    assert (file.status_code, file["Content-Type"]) == (200, "application/octet-stream")
    assert file["Content-Disposition"].endswith('.tlog-proof"')
    proof = Proof.parse(file.content)
    assert leaf_hash(proof.extra).hex() == receipt["entry"]
    assert b'"kind":"approval.given"' in proof.extra
    signed = proof.verify(leaf_hash(proof.extra), TRUST)
    assert signed.head.size > proof.index


def test_a_decision_waits_for_its_receipt_behind_its_commit(world, sequence, settings, monkeypatch):
    settings.PROBITY_RECEIPT_SECONDS = 5
    kept = []

    def signs_meanwhile(_seconds):
        kept.append(IdempotencyRecord.objects.get().status)
        sequence()

    monkeypatch.setattr("registry.ledger.receipt.time.sleep", signs_meanwhile)
    given = approved(world, **{"Idempotency-Key": "once"})
    assert (given.status_code, given.json()["receipt"]["ready"]) == (201, True)
    assert kept == [201]  # what was decided, and the answer, were recorded before anybody waited


def test_the_same_answer_given_again_says_what_has_come_since(world, sequence):
    promotion = world.assessed()
    client, address = world.client("officer"), f"{API}/promotions/{promotion.pk}"
    sent = {**match(client.get(address)), "Idempotency-Key": "once"}
    first = client.post(f"{address}/reject", REASON, headers=sent)
    assert (first.status_code, first.json()["receipt"]["ready"]) == (202, False)
    sequence()
    again = client.post(f"{address}/reject", REASON, headers=sent)
    assert (again.status_code, again.json()["receipt"]) == (200, {**first.json()["receipt"], "ready": True})
    assert again["Idempotency-Replayed"] == "true"


def test_a_waiver_and_a_release_have_receipts_too(bare, sequence):
    bare.assign(policy_text(value="0.4", lower="0.3", upper="0.45"))
    promotion = bare.assessed()
    address, officer = f"{API}/promotions/{promotion.pk}", bare.client("officer")
    key = officer.get(f"{address}/evaluation").json()["document"]["items"][0]["key"]
    body = {"key": key, "ends_at": (timezone.now() + timedelta(days=5)).isoformat(), "reason": "it is fixed next week"}
    waiver = bare.client("requester").post(f"{address}/waivers", body).json()["id"]
    granted = bare.client("risk").post(f"{API}/waivers/{waiver}/grant")
    officer.post(f"{address}/approve", {**REASON, "acknowledge": [key]}, headers=match(officer.get(address)))
    begun = bare.client("engineer").post(f"{address}/release")
    assert [granted.status_code, begun.status_code] == [202, 202]
    sequence()
    for answer, kind in ((granted, "waiver.granted"), (begun, "promotion.advanced")):
        proof = Proof.parse(officer.get(answer.json()["receipt"]["url"]).content)
        assert f'"kind":"{kind}"'.encode() in proof.extra
        proof.verify(bytes.fromhex(answer.json()["receipt"]["entry"]), TRUST)


def test_what_cannot_be_read_makes_a_receipt_late_and_no_decision_wrong(world, sequence, settings, tmp_path):
    policy = tmp_path / "policy"
    settings.PROBITY_LEDGER_POLICY = str(policy)
    given = approved(world)  # the file of the policy is not there
    assert (given.status_code, given.json()["state"]) == (202, "APPROVED")
    sequence()
    witness = Ed25519Signer("witness.example", b"\x03" * 32, SignatureKind.COSIGNATURE).key
    policy.write_text(f"log {RING.verifiers[0]}\nwitness w {witness}\nquorum w\n")
    url, client = given.json()["receipt"]["url"], world.client("officer")
    assert client.get(url).json()["code"] == "receipt_not_ready"  # no witness has cosigned
    policy.write_text("no policy\n")
    assert client.get(url).status_code == 503
    policy.write_text(f"log {RING.verifiers[0]}\nquorum none\n")
    assert client.get(url).status_code == 200


def test_a_receipt_is_for_who_may_read_the_entry(world, sequence):
    url = approved(world).json()["receipt"]["url"]
    sequence()
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=world.system)
    grant_role(world.people["stranger"], project=elsewhere, role="auditor", actor=world.system)
    stranger = with_token(world.token("stranger", "read", project=elsewhere))
    assert [world.client(who).get(url).status_code for who in ("auditor", "requester")] == [200, 200]
    assert stranger.get(url).status_code == 404
    assert world.client("auditor").get(f"{API}/ledger/entries/{'0' * 64}/receipt").status_code == 404
    assert world.client("auditor").get(f"{API}/ledger/entries/{'0' * 63}/receipt").status_code == 404
