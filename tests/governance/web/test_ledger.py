"""The ledger's pages: found by what is known of an entry, the proof that is drawn holds, alarms are plain."""

import re

import pytest
from django.utils import timezone

from governance.models import LedgerVerification
from governance.web.proof import picture
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.memory import Memory
from registry.ledger.paths import InclusionError, Prover
from registry.ledger.policy import parse_policy
from registry.ledger.proof import Proof
from registry.ledger.read import entries, newest, size
from registry.ledger.sequence import Sequencer
from registry.ledger.tree import TreeHead, leaf_hash, node_hash, root_of
from tests.governance.web.pages import Page

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
TRUST = parse_policy(f"log {RING.verifiers[0]}\nquorum none\n".encode())


@pytest.fixture
def signed(scene, tmp_path):
    """A scene whose every entry has its place."""
    scene.approved()
    Sequencer(RING, Memory(tmp_path / "checkpoint")).step()
    return scene


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status
    found = Page(response.content.decode())
    assert found.faults() == []
    return found


def test_entries_are_found_by_what_is_known_of_them(signed):
    client, entry = signed.client("aud"), next(entries(kind="approval.given"))
    document = entry.document()
    for query in (
        "kind=approval.given",
        f"subject={entry.subject}&kind=approval.given",
        f"actor={entry.actor}&text={document['data']['approval']}",
        f"text={document['data']['reason']}",
        f"kind=approval.given&since={entry.at[:16]}",
    ):
        text = page(client, f"/ledger/?{query}").text
        assert entry.leaf_hash[:12] in text, query
        assert text.count("model.registered") == 1  # the choice of kinds
    for query in ("since=2999-01-01T00:00", "until=2020-01-01T00:00", "actor=nobody", "text=%25", "kind=no.such"):
        assert "There are no entries." in page(client, f"/ledger/?{query}").text, query
    assert "is no time" in page(client, "/ledger/?since=yesterday", 400).text


def test_a_number_or_a_leaf_hash_leads_to_the_entry(signed):
    client, [entry] = signed.client("aud"), newest(1)
    for text in (str(entry.number), entry.leaf_hash):
        assert client.get(f"/ledger/?text={text}")["Location"] == f"/ledger/{entry.number}/"


def test_the_page_after_keeps_what_was_asked(signed, monkeypatch):
    monkeypatch.setattr("governance.web.ledger.PAGE", 1)
    answer = signed.client("aud").get("/ledger/?kind=approval.given").content.decode()
    [older] = (found.replace("&amp;", "&") for found in re.findall(r'href="\?([^"]+)" rel="next"', answer))
    assert "kind=approval.given" in older
    [first, _] = entries(kind="approval.given")
    assert first.leaf_hash[:12] in page(signed.client("aud"), f"/ledger/?{older}").text


def test_an_entry_shows_its_proof_and_gives_its_receipt(signed):
    client, entry = signed.client("aud"), next(entries(kind="approval.given"))
    answer = client.get(f"/ledger/{entry.number}/").content.decode()
    assert Page(answer).faults() == []
    file = client.get(f"/ledger/{entry.number}/receipt")
    proof = Proof.parse(file.content)
    head = proof.verify(bytes.fromhex(entry.leaf_hash), TRUST).head
    for value in (*proof.path, head.root, bytes.fromhex(entry.leaf_hash)):
        assert value.hex() in answer
    assert f'href="/ledger/{entry.number}/receipt"' in answer
    promotion = signed.client("cleo").get(f"/promotions/{entry.subject.partition(':')[2]}/").content.decode()
    assert f'href="/ledger/{entry.number}/receipt"' in promotion


def test_before_it_is_signed_the_receipt_is_said_to_be_on_its_way(scene):
    promotion = scene.approved()
    entry = next(entries(kind="approval.given"))
    assert "It waits for its place" in page(scene.client("aud"), f"/ledger/{entry.number}/").text
    assert "its receipt is on its way" in page(scene.client("cleo"), f"/promotions/{promotion.pk}/").text
    assert scene.client("aud").get(f"/ledger/{entry.number}/receipt").status_code == 404


def test_an_entry_that_is_not_what_was_signed_is_an_alarm(signed, monkeypatch):
    entry = next(entries(kind="approval.given"))
    monkeypatch.setattr("governance.web.ledger.leaf_hash", lambda body: leaf_hash(body + b" "))
    text = page(signed.client("aud"), f"/ledger/{entry.number}/").text
    assert "NOT what the signed tree holds" in text


def test_the_ledger_says_how_it_stands_and_what_is_wrong(signed):
    client = signed.client("aud")
    stands = page(client, "/ledger/").text
    assert "empty: every entry has its place" in stands
    assert "has not been verified yet" in stands
    at = timezone.now()
    run = LedgerVerification.objects.create(created_at=at)
    fault = {"entry": 3, "code": "leaf", "message": "<script>it is another one</script>"}
    run.end("faulty", entries=size(), faults=1, first=[fault])
    answer = client.get("/ledger/").content.decode()
    assert 'class="notice bad alarm" role="alert" data-code="verification_faulty"' in answer
    assert "&lt;script&gt;it is another one" in answer
    run = LedgerVerification.objects.create(created_at=at + (timezone.now() - at))
    run.end("valid", entries=size(), first=[])
    assert "alarm" not in client.get("/ledger/").content.decode()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 11])
def test_every_proof_is_drawn_within_its_frame_and_leads_to_the_root(count):
    leaves = [leaf_hash(bytes([at])) for at in range(count)]
    prover = Prover(count, lambda _level, _index, _width: b"".join(leaves))
    for index, leaf in enumerate(leaves):
        drawn = picture(TreeHead(count, root_of(leaves)), index, leaf, prover.inclusion(index))
        assert drawn.root.hash == root_of(leaves).hex()
        nodes = [drawn.root, *(node for step in drawn.steps for node in (step.node, step.sibling))]
        assert all(one.left > 0 and one.left + drawn.box_width < drawn.width for one in nodes)
        assert all(one.top > 0 and one.bottom < drawn.height for one in nodes)
        assert all((step.sibling.x < step.node.x) == step.sibling_is_left for step in drawn.steps)
        above = [*(step.node.hash for step in drawn.steps), drawn.root.hash][1:]
        for step, expected in zip(drawn.steps, above, strict=True):
            pair = [bytes.fromhex(one.hash) for one in (step.sibling, step.node)]
            left, right = pair if step.sibling_is_left else pair[::-1]
            assert node_hash(left, right).hex() == expected
    with pytest.raises(InclusionError):
        picture(TreeHead(count, b"\0" * 32), 0, leaves[0], prover.inclusion(0))


def test_what_was_live_at_a_moment_has_a_page(signed):
    signed.live(next(iter(type(signed.requested()).objects.filter(state="APPROVED"))))
    client = signed.client("aud")
    assert "What was live at a moment?" in page(client, "/ledger/as-of/").text
    now = timezone.now().isoformat().replace("+00:00", "Z")
    text = page(client, f"/ledger/as-of/?environment={signed.environment.pk}&at={now}").text
    for part in ("credit-scoring", "version 1", "Val", "Cleo", "nobody had looked"):
        assert part in text
    assert (
        "no offset" in page(client, f"/ledger/as-of/?environment={signed.environment.pk}&at=2026-03-03T12:00", 400).text
    )
    stranger = signed.client("nemo").get(f"/ledger/as-of/?environment={signed.environment.pk}&at={now}")
    assert "credit-scoring" not in stranger.content.decode()
