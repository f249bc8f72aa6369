"""Attestations: made by the sequencer's follower of decisions in its log, once, by each of its keys."""

import json
from typing import Any

import pytest

from governance.exports import attesting
from governance.exports.attest import DECIDED, RESULTS, is_attested, statements
from governance.exports.attesting import NotAttestedError
from governance.exports.documents import NoDocumentError
from registry.ledger import envelopes, read
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from tests.governance.exports.pack.conftest import SIGNER, signing

NEXT = Ed25519Signer("example.org/log", b"\x02" * 32)


def decided():
    return [entry for entry in read.entries(kind=DECIDED) if is_attested(entry.document())]


def test_each_decision_is_attested_once_and_by_a_new_key_too(stage, tmp_path):
    stage.approved()
    one = signing(tmp_path)
    one.attesting.follow()
    [entry] = decided()
    assert envelopes.of_event(entry.number) == []  # it has no place in the log yet
    one.catch_up()
    one.catch_up()
    first = envelopes.of_event(entry.number)
    assert [signed.about for signed in first] == ["decision", "fairness", "performance", "requires"]
    signing(tmp_path, Keyring((NEXT, SIGNER))).catch_up()
    assert {signed.key for signed in envelopes.of_event(entry.number)} == {SIGNER.key, NEXT.key}
    assert len(envelopes.of_event(entry.number)) == 2 * len(first)


def test_a_decision_that_waits_is_not_attested(stage, tmp_path):
    promotion = stage.assessed()
    stage.approve(promotion, "validator")
    signing(tmp_path).catch_up()
    assert [one.document()["data"]["verdict"] for one in read.entries(kind=DECIDED)][-1] == "PENDING"
    assert decided() == []
    assert all(envelopes.of_event(one.number) == [] for one in read.entries(kind=DECIDED))


def test_what_cannot_be_attested_holds_up_nothing_else_and_is_tried_again(stage, tmp_path, monkeypatch):
    stage.approved()
    lost = decided()[0].document()["data"]["evaluation"]
    stage.approved()
    real = attesting.document

    def without(digest):
        if digest == lost:
            raise NoDocumentError("it is away")
        return real(digest)

    one = signing(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(attesting, "document", without)
        for _ in range(2):
            with pytest.raises(NotAttestedError, match="1 decisions are not attested"):
                one.catch_up()
    assert [bool(envelopes.of_event(each.number)) for each in decided()] == [False, True]
    one.catch_up()
    assert [bool(envelopes.of_event(each.number)) for each in decided()] == [True, True]


EVENT = {
    "kind": DECIDED,
    "subject": "promotion:p",
    "policy": "0" * 64,
    "data": {"manifest": "1", "evaluation": "2", "decision": "3", "verdict": "AUTHORISED", "judged_at": "t"},
}
MANIFEST = {"members": [{"version": "v", "role": "champion"}], "evaluation_set": None}
VERSION: dict[str, Any] = {"content": None, "datasets": []}
OUTCOMES = {
    ("PASS",): "PASSED",
    ("PASS", "NOT_APPLICABLE"): "PASSED",
    ("NOT_APPLICABLE",): "WARNED",
    ("PASS", "WARN"): "WARNED",
    ("PASS", "INDETERMINATE"): "WARNED",
    ("PASS", "FAIL waived"): "WARNED",
    ("PASS", "FAIL"): "FAILED",
    ("PASS", "ERROR"): "FAILED",
    ("PASS", "AGED"): "FAILED",
    ("PASS", "INSUFFICIENT_DATA"): "FAILED",
    ("PASS", "SOMETHING_NEW"): "FAILED",
}


@pytest.mark.parametrize("outcomes", OUTCOMES, ids="-".join)
def test_the_result_of_a_check_is_never_better_than_its_items(outcomes):
    items = [
        {"check": "c", "key": str(at), "report": None, "outcome": one.split()[0], "waiver": "w" if " " in one else None}
        for at, one in enumerate(outcomes)
    ]
    documents = {"1": MANIFEST, "2": {"items": items}, "v": VERSION}
    [summary, result] = statements(EVENT, "example.org/log", documents.__getitem__)
    assert json.loads(result.payload)["predicate"]["result"] == OUTCOMES[outcomes]
    assert json.loads(summary.payload)["predicate"]["verificationResult"] == "PASSED"


def test_only_what_is_decided_is_stated():
    refused = EVENT | {"data": EVENT["data"] | {"verdict": "REFUSED"}}
    documents = {"1": MANIFEST, "2": {"items": []}, "v": VERSION}
    [summary] = statements(refused, "example.org/log", documents.__getitem__)
    predicate = json.loads(summary.payload)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])
    assert statements(EVENT | {"data": {"verdict": "PENDING"}}, "o", documents.__getitem__) == []
    assert set(RESULTS) == {"AUTHORISED", "REFUSED"}
