"""A dataset version is registered from files where they lie: read to their end first, kept as they are, and scanned."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from celery import current_app

from governance.promotion.needs.rows import names_of, rows_of
from privacy.models import DatasetScan
from privacy.take_in import start_taking_in, take_in
from registry import run
from registry.artifacts import read_document
from registry.models import Actor, DatasetVersion, Project
from registry.sources.folders import SourceError
from tests.privacy.scanning import done, started

pytestmark = pytest.mark.django_db
SCHEMA = {
    "target": "y",
    "positive": "1",
    "features": [{"name": "age", "kind": "numeric"}],
    "identifiers": ["email"],
    "text": [],
    "sensitive": [],
    "ignore": [],
}


def rows(start, count=4):
    return [{"email": f"reader{n}@example.org", "age": str(n), "y": str(n % 2)} for n in range(start, start + count)]


def as_csv(found):
    return "".join(",".join(one) + "\n" for one in [list(found[0]), *(list(row.values()) for row in found)]).encode()


def as_parquet(found):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(found), sink)
    return bytes(sink.getvalue())


def as_jsonl(found):
    return "".join(json.dumps(row) + "\n" for row in found).encode()


@pytest.fixture
def folder(settings, monkeypatch, tmp_path, engine):
    settings.PROBITY_HOME = tmp_path / "home"
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    monkeypatch.setattr("privacy.examine.engine", lambda: engine)
    place = tmp_path / "rows"
    place.mkdir()
    settings.PROBITY_DATA_FOLDERS = [str(place)]
    return place


def taken_in(folder, schema=SCHEMA):
    queued = start_taking_in(
        project=Project.default(),
        name="there",
        schema=schema,
        place={"folder": str(folder)},
        actor=Actor.system("command"),
    )
    return run.perform(str(queued.pk), take_in)


MAKERS = {"csv": as_csv, "csv.gz": lambda found: gzip.compress(as_csv(found)), "parquet": as_parquet, "jsonl": as_jsonl}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_folder_of_partitions_becomes_a_version_that_is_scanned_and_read(folder, kind):
    for number in range(2):
        (folder / f"part-{number}.{kind}").write_bytes(MAKERS[kind](rows(4 * number)))
    ended = taken_in(folder)
    assert ended.status == "SUCCEEDED", ended.error
    version = DatasetVersion.objects.get(pk=ended.result["dataset_version"])
    assert (version.rows, version.content.kind) == (8, "tree")
    assert version.source == {"kind": "folder", "path": str(folder)}
    assert [one["path"] for one in read_document(version.content_id)] == [f"part-0.{kind}", f"part-1.{kind}"]
    assert done(started(version)).status == "SUCCEEDED"
    report = read_document(DatasetScan.objects.get().report_id)
    assert report["rows"] == 8
    assert {one["name"]: one["verdict"] for one in report["columns"]}["email"] == "IS"
    assert names_of(version) == ["email", "age", "y"]
    table = rows_of(version, ["age", "email"])
    assert [int(age) for age in table["age"].to_pylist()] == list(range(8))


def test_one_file_is_kept_as_it_is_and_the_same_one_is_the_version_there_is(folder):
    (folder / "one.csv").write_bytes(as_csv(rows(0)))
    first, second = taken_in(folder / "one.csv"), taken_in(folder / "one.csv")
    assert first.result == second.result
    version = DatasetVersion.objects.get()
    assert (version.content.kind, version.content.media_type, version.rows) == ("blob", "text/csv", 4)


BROKEN = {
    "ragged": ({"a.csv": b"email,age,y\nx,1,0\nx,2,1\nx@example.org,3\n"}, "ragged_row", "line 4"),
    "encoding": ({"a.csv": b"email,age,y\nx,1,0\n\xe9,2,1\n"}, "encoding", "line 3"),
    "empty": ({"a.csv": b""}, "empty_file", "a.csv"),
    "no rows": ({"a.csv": b"email,age,y\n"}, "dataset_empty", "no rows"),
    "cut": ({"a.parquet": as_parquet(rows(0))[:-9]}, "truncated", "a.parquet"),
    "differ": ({"a.csv": as_csv(rows(0)), "b.csv": b"email,y\nx,1\n"}, "columns_differ", "'age'"),
    "schema": ({"a.csv": b"email,y\nx,0\nx,1\n"}, "dataset_schema", "'age'"),
    "one label": ({"a.csv": b"email,age,y\nx,1,1\n"}, "dataset_schema", "one value"),
    "other label": ({"a.csv": b"email,age,y\nx,1,0\nx,1,2\n"}, "dataset_schema", "positive label"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_what_cannot_be_read_or_does_not_fit_makes_no_version(folder, broken):
    files, code, words = broken
    for name, data in files.items():
        (folder / name).write_bytes(data)
    ended = taken_in(folder)
    assert (ended.status, ended.error_code) == ("FAILED", code)
    assert words in ended.error
    assert "example.org" not in ended.error
    assert not DatasetVersion.objects.exists()


def test_a_file_that_changes_while_it_is_taken_in_makes_no_version(folder, monkeypatch):
    place = folder / "a.csv"
    place.write_bytes(as_csv(rows(0)))
    real = take_in.__globals__["_kept"]

    def late(*given):
        kept = real(*given)
        place.write_bytes(as_csv(rows(9)))
        return kept

    monkeypatch.setitem(take_in.__globals__, "_kept", late)
    ended = taken_in(folder)
    assert (ended.status, ended.error_code) == ("FAILED", "changed")
    assert not DatasetVersion.objects.exists()


def test_bytes_without_the_md5_that_dvc_gave_them_are_refused(folder, monkeypatch):
    from registry.sources.folders import Located

    place = folder / "a.csv"
    place.write_bytes(as_csv(rows(0)))
    located = Located({"a.csv": place}, {"kind": "dvc"}, tree=False, md5={"a.csv": "0" * 32})
    monkeypatch.setitem(take_in.__globals__, "locate", lambda _place: located)
    ended = taken_in(folder)
    assert (ended.status, ended.error_code) == ("FAILED", "source_damaged")


def test_a_place_that_may_not_be_read_is_refused_before_anything_is_queued(folder):
    with pytest.raises(SourceError):
        taken_in(folder.parent)
