"""The recipe editor: proposed by the findings, checked in place, previewed masked, started, followed; its result."""

import logging

import pyarrow.parquet as pq
import pytest

from governance.web import recipe_form
from privacy.anonymize import anonymize
from privacy.anonymous_work import forget
from privacy.models import Anonymization
from registry import run
from registry.artifacts import store
from registry.ledger.read import entries
from registry.models import Run
from tests.governance.web.scene import Scene
from tests.governance.web.test_datasets import SECRETS, VALUES, everything_kept, page_of, rows, version_of
from tests.privacy.scanning import done, started

# what is personal: the words around it stay in an anonymised text
VALUES_ALONE = [*VALUES["contact"], *VALUES["ssn"], "hidden-example"]


@pytest.fixture
def version(scene: Scene):
    found = version_of(rows())
    assert done(started(found)).status == "SUCCEEDED"
    return found


def address(version):
    return f"/datasets/{version.pk}/recipe/"


def sent(client, version, status=200, **form):
    response = client.post(address(version), form)
    assert response.status_code == status, response.content.decode()[:4000]
    return response.content.decode()


def test_before_a_scan_there_is_nothing_to_propose_from(scene):
    found = version_of(rows())
    assert "There is no scan yet" in page_of(scene.client("eve"), address(found), 409).text
    assert scene.client("nemo").get(address(found)).status_code == 404


def test_the_findings_propose_and_the_types_say_what_can_be_chosen(scene, version):
    html = scene.client("eve").get(address(version)).content.decode()
    page = page_of(scene.client("eve"), address(version))
    assert f'href="{address(version)}"' in scene.client("eve").get(f"/datasets/{version.pk}/").content.decode()
    assert "The result is PSEUDONYMISED" in page.text
    assert '<option value="pseudonym" selected>' in html
    assert '<option value="redact_text" selected>' in html
    amount = html[html.index('name="c4-operator"') :]
    amount = amount[: amount.index("</select>")]
    assert 'value="bin"' in amount
    assert 'value="mask"' not in amount, "an amount is no text"
    assert [secret for secret in SECRETS if secret in html] == []


def test_a_preview_shows_before_and_after_side_by_side_without_a_value(scene, version):
    html = sent(scene.client("eve"), version, deed="preview", **{"c0-operator": "mask", "c2-operator": "drop"})
    assert "m***@***" in html, "the address before"
    assert "******.******@******-*******.***" in html, "and after"
    assert "the scanner finds nothing any more" in html
    assert "The result is PSEUDONYMISED" not in html
    assert [secret for secret in SECRETS if secret in html] == []


def test_what_does_not_fit_is_told_at_its_column_and_what_was_chosen_stays(scene, version):
    form = {"c4-operator": "bin", "c4-width": "wide", "c2-operator": "replace", "c2-value": "a number"}
    for deed, status in (("preview", 200), ("start", 409)):
        html = sent(scene.client("eve"), version, status, deed=deed, **form)
        assert "the width &#x27;wide&#x27; is not a number above 0" in html
        assert 'aria-describedby="c4-error"' in html
        assert 'value="a number"' in html
    assert not Run.objects.filter(kind="anonymize").exists()


def test_a_rule_that_is_none_is_told_at_its_entity_and_what_was_chosen_stays(scene, version):
    form = {"c2-operator": "drop", "eEMAIL_ADDRESS-operator": "mask", "eEMAIL_ADDRESS-keep_last": "-1"}
    html = sent(scene.client("eve"), version, 409, deed="start", **form)
    assert 'aria-describedby="eEMAIL_ADDRESS-error"' in html
    assert "keep_last is a count of characters" in html
    assert '<option value="drop" selected>' in html


def test_a_choice_counts_also_for_a_column_beyond_those_that_the_page_shows_first(scene, version, monkeypatch):
    monkeypatch.setattr(recipe_form, "MOST", 1)
    html = sent(scene.client("eve"), version, deed="preview", **{"c4-operator": "redact", "c1-operator": "redact_text"})
    assert "operator: redact\n" in html
    assert "known: []" in html, "the box was not checked"
    monkeypatch.setattr(recipe_form, "MOST", 60)
    form = {"c1-operator": "redact_text", "deed": "preview"}
    assert "c1-known" in sent(scene.client("eve"), version, **form), "and can be checked again"


def test_a_draft_in_yaml_is_taken_over_and_one_that_is_none_is_refused(scene, version):
    draft = "columns: [{name: ssn, operator: drop}]\nentities: {EMAIL_ADDRESS: {operator: mask}}"
    html = sent(scene.client("eve"), version, deed="take", yaml=draft)
    assert '<option value="drop" selected>' in html
    assert "columns: [{name: ssn" in html
    html = sent(scene.client("eve"), version, 409, deed="take", yaml="columns: [")
    assert "cannot be read at line 1" in html
    assert '<option value="pseudonym" selected>' in html, "the proposal is still there"


@pytest.mark.parametrize("deed", ["preview", "start"])
def test_who_may_not_register_may_look_and_not_apply(scene, version, deed):
    assert "you can look and not apply" in page_of(scene.client("aud"), address(version)).text
    sent(scene.client("aud"), version, 403, deed=deed)


def test_a_run_is_started_followed_and_its_result_shown(scene, version):
    client = scene.client("eve")
    answer = client.post(address(version), {"deed": "start", "model": "yes", "e-operator": ""})
    assert answer.status_code == 302
    queued = Run.objects.get(kind="anonymize")
    assert answer["Location"] == f"/anonymizations/{queued.pk}/"
    assert "It goes on" in page_of(client, answer["Location"]).text
    told = client.get(f"{answer['Location']}progress").json()
    assert told == {"state": "QUEUED", "percent": 0, "message": ""}
    ended = run.perform(str(queued.pk), anonymize, stop=forget)
    assert ended.status == "SUCCEEDED", ended.error
    page = page_of(client, answer["Location"])
    for words in ("contacts v2", "columns, all clean", "the same blind spots", "Distance", "No baseline model"):
        assert words in page.text, words
    html = client.get(answer["Location"]).content.decode()
    assert [secret for secret in SECRETS if secret in html] == []
    assert f"/anonymizations/{queued.pk}/" in client.get(address(version)).content.decode()
    assert Anonymization.objects.get().result.parent == version


def test_no_value_of_the_data_is_kept_or_told_by_anonymising_it(scene, version, caplog):
    caplog.set_level(logging.DEBUG)
    client, pages = scene.client("eve"), []
    rules: tuple[dict[str, str], ...] = (
        {},  # as proposed: pseudonyms, and texts in which what is found is replaced
        {"c0-operator": "shift", "c0-subject": "ssn", "c0-days": "30"},  # addresses are no dates: they are lost
        {"c0-operator": "keep", "c1-operator": "keep", "c2-operator": "drop"},  # what is left fails it
    )
    for rule in rules:
        pages.append(client.post(address(version), {"deed": "preview", **rule}).content.decode())
        answer = client.post(address(version), {"deed": "start", "model": "yes", **rule})
        pages.append(answer.content.decode())
    for queued in Run.objects.filter(kind="anonymize"):
        ended = run.perform(str(queued.pk), anonymize, stop=forget)
        pages += [client.get(f"/anonymizations/{queued.pk}/").content.decode(), ended.error]
    assert {one.status for one in Run.objects.filter(kind="anonymize")} == {"SUCCEEDED", "FAILED"}
    kept = everything_kept(version)
    for made in Anonymization.objects.all():
        place = made.result.content_id
        kept[f"artifact {place}"] = str(pq.read_table(store().path(place)).to_pydict())
    kept |= {f"page {number}": text for number, text in enumerate(pages)} | {"logs": caplog.text}
    kept["ledger"] = "".join(str(entry.document()) for entry in entries())
    assert [f"{secret} in {place}" for place, text in kept.items() for secret in VALUES_ALONE if secret in text] == []


def test_a_run_is_cancelled_by_who_may_and_then_says_that_nothing_was_made(scene, version):
    client = scene.client("eve")
    place = client.post(address(version), {"deed": "start"})["Location"]
    assert scene.client("aud").post(f"{place}cancel/").status_code == 403
    assert client.post(f"{place}cancel/").status_code == 302
    assert "No version was made" in page_of(client, place).text
    assert scene.client("nemo").get(place).status_code == 404
