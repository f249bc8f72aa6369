"""The page of a dataset version: what was found, masked; words of persons; progress; and no value anywhere."""

import contextlib
import logging
import zlib
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.db.models import BinaryField
from django.utils import timezone

from governance.exports.verify import verify
from privacy.models import ColumnVerdict, DatasetScan
from privacy.verdicts import judged_report
from registry.artifacts import keep_bytes, store
from registry.ledger.read import entries
from registry.models import DatasetVersion
from registry.run import cancel
from tests.governance.web.pages import Page
from tests.governance.web.scene import Scene
from tests.privacy.scanning import done, registered, started

REASON = "Looked at the rows with the owner of the data."
VALUES = {
    "contact": [f"marked.{name}@hidden-example.org" for name in ("astrid", "bertil", "cecilia", "dag")],
    "note": [f"Spoke with Marked-{n}, reply to marked{n}@hidden-example.org soon please." for n in range(4)],
    "ssn": ["123-45-6789", "234-56-7891", "345-67-8912", "456-78-9123"],
}
SECRETS = [value for values in VALUES.values() for value in values] + ["marked", "hidden-example", "Spoke with"]
SCHEMA = {"target": "y", "positive": "1", "features": [], "identifiers": [], "text": ["note"], "sensitive": []}


def rows(**more: list[str]) -> pa.Table:
    return pa.table({**VALUES, **more, "y": ["0", "1", "0", "1"], "amount": [1.5, 2.5, 3.5, 4.5]})


def version_of(table: pa.Table, name: str = "contacts") -> DatasetVersion:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content = keep_bytes(bytes(sink.getvalue()), "application/vnd.apache.parquet")
    return registered(content, name=name, rows=table.num_rows, **SCHEMA, ignore=["contact", "ssn"])


@pytest.fixture
def version(scene: Scene) -> DatasetVersion:
    found = version_of(rows())
    ended = done(started(found))
    assert ended.status == "SUCCEEDED", ended.error
    return found


def page_of(client, address: str, status: int = 200) -> Page:
    response = client.get(address)
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
    assert "unsafe" not in response["Content-Security-Policy"]
    page = Page(response.content.decode())
    assert page.faults() == []
    return page


@pytest.mark.parametrize("who", ["ada", "cleo", "aud"])
def test_the_page_shows_each_column_with_its_verdict_and_masked_examples(scene, version, who):
    page = page_of(scene.client(who), f"/datasets/{version.pk}/")
    assert "4 cells (100.0%), 4 different" in page.text
    for words in ("3 columns with personal data", "EMAIL_ADDRESS", "m***@***", "US_SSN", "***-**-****", "Rule:"):
        assert words in page.text, words
    assert "····· ···· ······-·" in page.text or "(PERSON)" in page.text, "the form of a free text"


def test_the_list_leads_to_each_version_and_says_whether_it_was_scanned(scene, version):
    other = version_of(rows(), name="unscanned")
    page = page_of(scene.client("aud"), "/datasets/")
    assert "Not scanned" in page.text
    assert page.text.count("Scanned") >= 1
    answer = scene.client("aud").get("/datasets/").content.decode()
    assert all(f"/datasets/{one.pk}/" in answer for one in (version, other))
    assert str(version.pk) not in scene.client("nemo").get("/datasets/").content.decode()


def test_before_a_scan_nothing_is_known_and_while_it_runs_the_page_follows_it(scene):
    found = version_of(rows())
    client = scene.client("eve")
    assert "Unknown is never a pass" in page_of(client, f"/datasets/{found.pk}/").text
    assert client.get(f"/datasets/{found.pk}/progress").status_code == 404
    assert client.post(f"/datasets/{found.pk}/scan/").status_code == 302
    assert "A scan goes on" in page_of(client, f"/datasets/{found.pk}/").text
    told = client.get(f"/datasets/{found.pk}/progress").json()
    assert told == {"state": "QUEUED", "percent": 0, "message": ""}
    assert client.post(f"/datasets/{found.pk}/cancel/").status_code == 302
    assert client.get(f"/datasets/{found.pk}/progress").json()["state"] == "CANCELLED"
    assert "No scan goes on" in client.post(f"/datasets/{found.pk}/cancel/").content.decode()


def test_what_one_may_not_see_is_not_there_and_what_one_may_not_do_is_refused(scene, version):
    assert scene.client("nemo").get(f"/datasets/{version.pk}/").status_code == 404
    auditor = scene.client("aud")
    assert "Scan with the present engine" not in page_of(auditor, f"/datasets/{version.pk}/").text
    assert auditor.post(f"/datasets/{version.pk}/scan/").status_code == 403
    assert auditor.post(f"/datasets/{version.pk}/word/", word("contact", "IS", "EMAIL_ADDRESS")).status_code == 403
    assert auditor.post(f"/datasets/{version.pk}/nothing/").status_code == 404


def word(column, verdict, label="", reason=REASON, **more):
    return {"column": column, "verdict": verdict, "label": label, "reason": reason, **more}


def test_a_lowering_takes_another_officer_and_counts_until_its_end(scene, version):
    address = f"/datasets/{version.pk}"
    until = (timezone.now() + timedelta(days=5)).date().isoformat()
    assert scene.client("eve").post(f"{address}/lower/", word("ssn", "CLEAN", until=until)).status_code == 302
    asked = ColumnVerdict.objects.get()
    assert "no second person has granted it" in page_of(scene.client("aud"), f"{address}/").text
    assert "Grant this lowering" not in page_of(scene.client("val"), f"{address}/").text
    officer = scene.client("rio")
    assert "Grant this lowering" in page_of(officer, f"{address}/").text
    assert officer.post(f"{address}/grant/", {"word": str(asked.pk)}).status_code == 302
    page = page_of(officer, f"{address}/")
    assert "2 columns with personal data" in page.text
    assert "the scan says: personal data" in page.text
    assert verify().faults == ()


def test_a_refused_word_is_told_and_keeps_what_was_written(scene, version):
    answer = scene.client("val").post(f"/datasets/{version.pk}/word/", word("ssn", "CLEAN"))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "is a waiver, which another person grants" in text
    assert REASON in text


def test_a_raised_column_is_shown_as_raised(scene, version):
    assert (
        scene.client("val").post(f"/datasets/{version.pk}/word/", word("amount", "IS", "US_BANK_NUMBER")).status_code
        == 302
    )
    text = page_of(scene.client("val"), f"/datasets/{version.pk}/").text
    assert "4 columns with personal data" in text
    assert "the scan says: clean" in text


def everything_kept(version: DatasetVersion) -> dict[str, str]:
    """Return all that the database and the store hold but the data itself, as text by its place."""
    found = {}
    for model in apps.get_models():
        for row in model._default_manager.all().values():
            for name, value in row.items():
                field = model._meta.get_field(name.removesuffix("_id") if name not in row else name)
                text = str(value)
                if isinstance(field, BinaryField) and value:
                    data = bytes(value)
                    with contextlib.suppress(zlib.error):  # salts and hashes are not packed
                        data = zlib.decompress(data)
                    text = data.decode("utf-8", "replace")
                found[f"{model.__name__}.{name} {row.get('id', '')}"] = text
    for place in Path(store().root).glob("??/*"):
        if place.name != version.content_id:
            found[f"artifact {place.name}"] = place.read_bytes().decode("utf-8", "replace")
    return found


def test_no_value_of_the_data_is_anywhere_but_in_the_data(scene, version, caplog):
    caplog.set_level(logging.DEBUG)
    broken = registered(keep_bytes(f"a,b\n1,2\n{VALUES['contact'][0]}\n".encode(), "text/csv"), name="broken", rows=1)
    headless = registered(
        keep_bytes(f"{VALUES['contact'][0]},x\n{VALUES['ssn'][0]},2\n".encode(), "text/csv"), name="headless", rows=1
    )
    pages = [scene.client("cleo").get(f"/datasets/{version.pk}/").content.decode()]
    for one, code in ((broken, "ragged_row"), (headless, "column_name_personal")):
        ended = done(started(one))
        assert (ended.status, ended.error_code) == ("FAILED", code)
        pages.append(scene.client("cleo").get(f"/datasets/{one.pk}/").content.decode())
    kept = everything_kept(version)
    for one in (broken, headless):
        kept.pop(f"artifact {one.content_id}")
    kept |= {f"page {number}": text for number, text in enumerate(pages)}
    kept["ledger"] = "".join(str(entry.document()) for entry in entries())
    kept["logs"] = caplog.text
    assert any("DatasetScan" in place for place in kept)
    leaks = [f"{secret} in {place}" for place, text in kept.items() for secret in SECRETS if secret in text]
    assert leaks == []


def test_lowered_verdicts_end_by_themselves(scene, version):
    scan = DatasetScan.objects.get(dataset_version=version)
    until = timezone.now() + timedelta(days=2)
    scene.client("eve").post(f"/datasets/{version.pk}/lower/", word("ssn", "CLEAN", until=until.date().isoformat()))
    scene.client("rio").post(f"/datasets/{version.pk}/grant/", {"word": str(ColumnVerdict.objects.get().pk)})
    verdicts = {one["name"]: one["verdict"] for one in judged_report(scan)["columns"]}
    later = {one["name"]: one["verdict"] for one in judged_report(scan, now=until + timedelta(days=2))["columns"]}
    assert (verdicts["ssn"], later["ssn"]) == ("CLEAN", "IS")


def test_a_cancelled_scan_can_be_asked_for_again(scene):
    found = version_of(rows(), name="again")
    cancel(started(found), actor=scene.actor("eve"))
    assert done(started(found)).status == "SUCCEEDED"
