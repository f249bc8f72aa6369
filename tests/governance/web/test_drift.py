"""The pages of a batch: every feature with its numbers, two distributions drawn, and nothing told of a person."""

import pyarrow as pa
import pytest
from django.urls import reverse

from monitoring.checks.drift import check
from monitoring.models import Batch
from monitoring.statistics.sketch import sketch_table
from registry.artifacts import keep_bytes, keep_document
from registry.canonical import canonical
from tests.governance.web.pages import Page
from tests.monitoring.checks.inputs import Collected, report

COLUMNS = {"bmi": "numeric", "ward": "categorical", "gone": "numeric"}


def _rows(n, shift=0.0, ward=("north", "south", "south"), **more):
    bmi = [20 + shift + (place * 37 % 100) / 10 for place in range(n)]
    return pa.table({"bmi": bmi, "ward": [ward[place % len(ward)] for place in range(n - 1)] + ["Ann Example"], **more})


@pytest.fixture
def batch(scene):
    deployment = scene.live()
    baseline = sketch_table(_rows(300, gone=[1.0] * 300), COLUMNS)
    current = sketch_table(_rows(200, 5.0, ("north", "new <b>")), COLUMNS, lenient=True)
    digest = keep_document(baseline).digest
    document = report(check, Collected(baseline=baseline, current=current)).document()
    document["inputs"] = {"baseline": digest, "current": keep_document(current).digest}
    item = {"check": "drift", "report": keep_document(document).digest, "outcome": "FAIL", "reason": "It drifts."}
    return Batch.objects.create(
        monitor=deployment.monitor,
        content=keep_bytes(b"rows"),
        rows=200,
        has_outcomes=False,
        posted_by=scene.people["eve"],
        verdict="BREACH",
        evaluation_text=canonical({"items": [item]}).decode(),
    )


def _page(client, batch, name="batch", *more):
    found = client.get(reverse(f"web:{name}", args=[batch.monitor.deployment_id, batch.pk, *more]))
    page = Page(found.content.decode())
    assert (found.status_code, page.faults()) == (200, [])
    return page


def test_the_page_of_a_batch_lists_what_drifted_first_and_draws_it(scene, batch):
    page = _page(scene.client("cleo"), batch)
    assert "It drifts." in page.text
    assert "3 of 3 features drifted" in page.text
    assert "Which features have moved?" in page.text
    assert "'gone' is not in the current rows" in page.text
    linked = scene.client("cleo").get(reverse("web:deployment", args=[batch.monitor.deployment_id])).content.decode()
    assert reverse("web:batch", args=[batch.monitor.deployment_id, batch.pk]) in linked


def test_numbers_are_drawn_as_two_outlines(scene, batch):
    page = _page(scene.client("cleo"), batch, "feature", 0)
    assert "Where the values of bmi lie" in page.text
    assert "wasserstein" in page.text


def test_frequent_categories_are_named_and_those_that_tell_of_a_person_or_are_new_are_not(scene, batch):
    page = _page(scene.client("cleo"), batch, "feature", 1)
    assert "How the categories of ward have changed" in page.text
    assert "north" in page.text
    assert "all others, together" in page.text
    assert "new ones, together" in page.text
    assert "Ann" not in page.text
    assert "<b>" not in page.text


def test_a_feature_that_is_gone_has_its_reason_and_no_picture(scene, batch):
    page = _page(scene.client("cleo"), batch, "feature", 2)
    assert "There are not two distributions to draw." in page.text
    assert "is not in the current rows" in page.text


@pytest.mark.parametrize("text", ["", canonical({"items": []}).decode()])
def test_a_batch_without_a_report_of_drift_says_so(scene, batch, text):
    Batch.objects.filter(pk=batch.pk).update(evaluation_text=text)
    assert "Drift was not measured on this batch." in _page(scene.client("cleo"), batch).text


def test_a_report_that_cannot_be_read_is_said_to_be_so(scene, batch):
    item = {"check": "drift", "report": keep_document({"measurements": 1}).digest, "outcome": "FAIL", "reason": "R."}
    Batch.objects.filter(pk=batch.pk).update(evaluation_text=canonical({"items": [item]}).decode())
    assert "The report cannot be read." in _page(scene.client("cleo"), batch).text


@pytest.mark.parametrize("place", [3, 10**6])
def test_a_feature_that_there_is_not_and_a_batch_of_another_deployment_are_not_found(scene, batch, place):
    client, deployment = scene.client("cleo"), batch.monitor.deployment_id
    assert client.get(reverse("web:feature", args=[deployment, batch.pk, place])).status_code == 404
    assert client.get(reverse("web:batch", args=[deployment, deployment])).status_code == 404
    assert client.get(reverse("web:batch", args=[batch.pk, batch.pk])).status_code == 404
