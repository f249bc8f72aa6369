"""Scans, verdicts and words by the API: who may, what is refused with which code, and what is printed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from privacy.models import ColumnVerdict, DatasetScan
from registry.artifacts import keep_document
from registry.ledger.read import entries
from registry.models import DatasetVersion
from tests.governance.api.world import API

REASON = "Checked with the owner of the data."
COLUMN = {
    "declared": "feature",
    "type": "string",
    "cells": 9,
    "entities": {"US_SSN": {"cells": 9, "distinct": 9, "validated": 0, "score": "0.85"}},
    "dismissed": {},
    "previews": ["***-**-****"],
    "rule": "US_SSN is the whole value in 9 of 9 cells",
}


@pytest.fixture
def version(world, monkeypatch) -> DatasetVersion:
    """A version with a scan that found a column of numbers; kept by hand, for no engine is needed here."""
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_options: None)
    found = DatasetVersion.objects.get()
    report = {
        "engine": {"ner": "none", "fingerprint": "f" * 64},
        "dataset": found.digest,
        "rows": 9,
        "complete": True,
        "columns": [
            COLUMN | {"name": "x", "verdict": "IS", "label": "US_SSN"},
            COLUMN | {"name": "clean", "verdict": "CLEAN", "label": "", "entities": {}},
        ],
        "problems": [],
    }
    DatasetScan.objects.create(
        dataset_version=found, engine_fingerprint="f" * 64, report=keep_document(report), complete=True
    )
    return found


def sent(verdict="IS", label="US_SSN", **more):
    return {"column": "x", "verdict": verdict, "label": label, "reason": REASON, **more}


def soon(days=3):
    return (timezone.now() + timedelta(days=days)).isoformat()


def test_a_scan_is_a_run_to_poll_and_to_cancel(world, version):
    client = world.client("engineer")
    told = client.post(f"{API}/dataset-versions/{version.pk}/scans").json()
    assert (told["kind"], told["state"]) == ("scan", "QUEUED")
    assert client.post(f"{API}/dataset-versions/{version.pk}/scans").json()["id"] == told["id"]
    assert client.post(f"{API}/runs/{told['id']}/cancel").json()["state"] == "CANCELLED"
    [scan] = client.get(f"{API}/dataset-versions/{version.pk}/scans").json()["results"]
    assert scan["complete"] is True


def test_a_word_changes_the_verdict_and_is_on_the_record(world, version):
    officer = world.client("officer")
    raised = officer.post(f"{API}/dataset-versions/{version.pk}/words", sent(label="US_ITIN"))
    assert raised.status_code == 201, raised.json()
    assert raised.json()["action"] == "raise"
    told = officer.get(f"{API}/dataset-versions/{version.pk}/verdicts").json()
    assert told["columns"][0]["label"] == "US_ITIN"
    assert told["valid_until"] is None
    [event] = [entry.document()["data"] for entry in entries(kind="column_verdict.given")]
    assert (event["action"], event["column"], event["label"]) == ("raise", 0, "US_ITIN")
    assert REASON not in str(event)


def test_a_verdict_is_confirmed_without_naming_its_entity(world, version):
    given = world.client("officer").post(f"{API}/dataset-versions/{version.pk}/words", sent(label=""))
    assert (given.json()["action"], given.json()["label"]) == ("confirm", "US_SSN")


def test_a_lowering_counts_from_the_second_persons_word_until_its_end(world, version):
    asked = world.client("engineer").post(
        f"{API}/dataset-versions/{version.pk}/words", sent("CLEAN", "", ends_at=soon())
    )
    assert asked.status_code == 201, asked.json()
    address = f"{API}/dataset-versions/{version.pk}/verdicts"
    officer = world.client("officer")
    assert officer.get(address).json()["columns"][0]["verdict"] == "IS"
    granted = officer.post(f"{API}/column-verdicts/{asked.json()['id']}/grant")
    assert granted.status_code == 200, granted.json()
    told = officer.get(address).json()
    assert told["columns"][0]["verdict"] == "CLEAN"
    assert told["columns"][0]["found"] == {"verdict": "IS", "label": "US_SSN"}
    assert told["valid_until"] == granted.json()["ends_at"].replace("Z", "+00:00")
    again = officer.post(f"{API}/column-verdicts/{asked.json()['id']}/grant")
    assert (again.status_code, again.json()["code"]) == (422, "verdict_refused")
    kinds = [entry.kind for entry in entries(subject=f"dataset_version:{version.pk}")]
    assert kinds[-2:] == ["column_verdict.lowering_requested", "column_verdict.lowering_granted"]


REFUSED = {
    "a short reason": ("officer", sent(reason="no"), (422, "reason_missing")),
    "an unknown column": ("officer", sent(column="z"), (422, "column_unknown")),
    "raised to nothing": ("officer", sent("IS", "", column="clean"), (422, "verdict_refused")),
    "an unknown entity": ("officer", sent(label="MOOD"), (422, "verdict_refused")),
    "an unknown verdict": ("officer", sent("PERHAPS"), (422, "invalid")),
    "lower without a waiver": ("officer", sent("CLEAN", ""), (422, "verdict_refused")),
    "an engineer confirms": ("engineer", sent(), (403, "not_permitted")),
    "an auditor asks": ("auditor", sent("CLEAN", "", ends_at="2999-01-01T00:00:00Z"), (403, "not_permitted")),
    "an end too far": ("engineer", sent("CLEAN", "", ends_at="2999-01-01T00:00:00Z"), (422, "waiver_refused")),
    "an end that passed": ("engineer", sent("CLEAN", "", ends_at="2001-01-01T00:00:00Z"), (422, "waiver_refused")),
    "an end without offset": ("engineer", sent("CLEAN", "", ends_at="2001-01-01T00:00:00"), (422, "invalid")),
    "lowered to what it is": ("engineer", sent("IS", ends_at="2999-01-01T00:00:00Z"), (422, "verdict_refused")),
}


@pytest.mark.parametrize(("who", "body", "refusal"), REFUSED.values(), ids=list(REFUSED))
def test_what_may_not_be_is_refused_with_its_code(world, version, who, body, refusal):
    answer = world.client(who).post(f"{API}/dataset-versions/{version.pk}/words", body)
    assert (answer.status_code, answer.json()["code"]) == refusal
    assert ColumnVerdict.objects.count() == 0


def test_nobody_grants_what_they_asked_for(world, version):
    officer = world.client("officer")
    asked = officer.post(f"{API}/dataset-versions/{version.pk}/words", sent("CLEAN", "", ends_at=soon())).json()
    answer = officer.post(f"{API}/column-verdicts/{asked['id']}/grant")
    assert (answer.status_code, answer.json()["code"]) == (403, "own_request")


def test_without_a_scan_there_are_no_verdicts(world):
    answer = world.client("auditor").get(f"{API}/dataset-versions/{DatasetVersion.objects.get().pk}/verdicts")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_scanned")
