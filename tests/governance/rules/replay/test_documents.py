"""Documents beside the events: missing, purged, differing, few in memory; and what an auditor looks at first."""

from typing import Any

import pytest

from governance.rules.replay.exceptional import exceptions
from governance.rules.replay.history import History
from governance.rules.replay.library import Library
from governance.rules.replay.replaying import replay
from registry.canonical import digest
from tests.governance.rules.build import KEY
from tests.governance.rules.replay.forge import Forgery, change
from tests.governance.rules.replay.record import story


def purged(identity: str) -> Forgery:
    return lambda record: record.add("artifact.purged", "admin", f"artifact:{identity}", data={"reason": ""})


def test_evidence_that_an_event_says_was_purged_is_missed_no_more_and_what_follows_is_still_judged():
    record = story()
    [identity] = record.only("report.recorded", check="fairness")["evidence"]
    del record.documents[identity]
    assert record.codes() == ["document_missing"]
    purged(identity)(record)
    assert record.replayed() == []
    change("decision.recorded", 1, verdict="AUTHORISED")(record)
    assert "replay_decision_recorded" in record.codes()


def test_a_policy_is_never_purged():
    record = story()
    del record.documents[record.rules]
    purged(record.rules)(record)
    assert "document_missing" in record.codes()


def test_few_documents_are_kept_in_memory_and_read_again_when_needed():
    record, read = story(), []

    def source(identity: str) -> Any:
        read.append(identity)
        return record.documents[identity]

    library = Library(source, kept=2)
    assert list(replay(enumerate(record.events, 1), source, History(library))) == []
    assert len(library._known) == 2
    assert len(read) > len(set(read))


def test_what_goes_wrong_with_the_source_is_no_fault_of_the_record():
    def broken(identity: str) -> Any:
        raise OSError(f"the disk that holds {identity} is away")

    with pytest.raises(OSError, match="is away"):
        list(replay(enumerate(story().events, 1), broken))


def test_a_document_of_another_digest_is_no_document():
    record = story()
    [identity] = record.only("report.recorded", check="fairness")["evidence"]
    record.documents[identity] = record.documents[identity] | {"findings": ["x"]}
    assert digest(record.documents[identity]) != identity
    assert "replay_report_recorded" in record.codes()


def test_an_auditor_sees_every_exception_of_the_record_in_its_order():
    record = story()
    found = list(exceptions(enumerate(record.events, 1), record.documents.__getitem__))
    assert [one.code for one in found] == [
        "declared",
        "one_person",
        "unconfined",
        "waiver",
        "accepted",
        "accepted",
        "overruled",
        "lowered",
        "revealed",
        "shredded",
        "erased",
    ]
    assert found[3].message.startswith(KEY)
    assert "is FAIL, waived by w0" in found[4].message
    assert (found[6].actor, found[6].subject) == ("officer", "deployment:d")


def test_what_was_accepted_is_listed_also_where_its_evaluation_is_gone():
    record = story()
    found = list(exceptions(enumerate(record.events, 1), {}.__getitem__))
    assert ["of unknown outcome" in one.message for one in found if one.code == "accepted"] == [True, True]
