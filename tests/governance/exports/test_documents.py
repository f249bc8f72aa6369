"""What a replay elsewhere needs: the cited documents beside the events are enough, and hold no names."""

import pytest

from governance.exports.documents import DamagedDocumentError, NoDocumentError, cited_documents, document
from governance.exports.verify import verify
from governance.models import CheckRun, Evaluation
from governance.promotion.approve import approve
from governance.reconcile import judge_again
from governance.rules.replay.replaying import replay
from registry.artifacts import purge, store
from registry.canonical import digest, parse
from registry.ledger import read
from registry.models import Actor, Artifact
from registry.register import Member, link_identity, register_model_version

NAME = "Of@Example.org"


def events():
    return [(entry.number, entry.document()) for entry in read.entries()]


def test_events_and_the_documents_they_cite_are_enough_to_replay_everything(released):
    carried = {identity: parse(data) for identity, data in cited_documents(events())}
    assert len(carried) >= 7
    assert list(replay(events(), carried.__getitem__)) == []
    assert {identity for identity, found in carried.items() if digest(found) != identity} == set()


def test_every_document_that_is_carried_away_is_needed(released):
    carried = {identity: parse(data) for identity, data in cited_documents(events())}
    policy = released.policy_id
    left = {identity: found for identity, found in carried.items() if identity != policy}
    assert [fault.code for fault in replay(events(), left.__getitem__)][-1] == "document_missing"


def test_a_name_that_is_linked_to_a_person_later_is_followed_without_being_told(committed):
    version = register_model_version(
        model=committed.model,
        kind="tree",
        content=committed.version.content,
        details={"features": ["x"], "note": "by somebody"},
        people=[Member("author", None, "email", NAME), Member("committer", None, "email", NAME)],
        actor=committed.system,
    )
    promotion = committed.assessed(version)
    approve(
        promotion,
        actor=committed.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=promotion.evaluation_digest,
    )
    promotion.refresh_from_db()
    assert promotion.state == "AWAITING_DECISION"
    link_identity(committed.people["stranger"], kind="email", value=NAME.casefold(), actor=committed.system)
    assert judge_again() == 1
    promotion.refresh_from_db()
    assert promotion.state == "APPROVED"
    assert verify().faults == ()
    assert NAME.casefold() not in "".join(entry.body for entry in read.entries()).casefold()


def test_what_was_purged_is_no_document_and_no_fault(released):
    identity = CheckRun.objects.get(evidence__promotion=released).report_digest
    purge(Artifact.objects.get(pk=identity), actor=Actor.system(), reason="its time is over")
    store().purge(identity)
    with pytest.raises(NoDocumentError, match="were purged"):
        document(identity)
    assert verify().faults == ()


def test_what_is_gone_without_an_event_is_a_fault(released):
    identity = CheckRun.objects.get(evidence__promotion=released).report_digest
    store().purge(identity)
    [fault] = verify().faults
    assert (fault.code, identity in fault.message) == ("document_missing", True)


def test_what_is_no_digest_or_damaged_is_refused(released):
    with pytest.raises(NoDocumentError, match="is no digest"):
        document("../../etc/passwd")
    identity = CheckRun.objects.get(evidence__promotion=released).report_digest
    place = store().path(identity)
    place.chmod(0o600)
    place.write_bytes(b"{}")
    with pytest.raises(DamagedDocumentError):
        document(identity)
    assert "not_replayable" in [fault.code for fault in verify().faults]


def test_a_document_is_found_in_the_row_that_keeps_it(released):
    row = Evaluation.objects.filter(promotion=released).latest("created_at")
    assert document(row.digest) == row.document
    assert document(released.policy_id) == released.policy.document
    assert document(released.manifest_id) == released.manifest.document
