"""A scan is a run over chunks that any worker may take: it can be killed, cancelled, helped, and does nothing twice."""

import gzip
import io
import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from celery import current_app
from django.utils import timezone
from pyarrow.csv import write_csv

from privacy import chunk_work, examine, tasks
from privacy.chunk_work import MOST_ATTEMPTS, claim, open_chunks
from privacy.how_far import how_far
from privacy.models import DatasetScan, PartitionScan, ScanChunk
from privacy.scan.scan import scan as scan_whole
from registry import run
from registry.artifacts import read_document, store
from registry.checks import Cancelled
from registry.models import Actor, Run
from tests.privacy.patients import patients
from tests.privacy.scanning import SCHEMA, done, events, few, kept, partitioned, registered, started

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=1)


@pytest.fixture
def sent(settings, monkeypatch, tmp_path, engine) -> list[tuple[str, tuple[str, ...]]]:
    """The messages that would leave; one engine serves every test."""
    messages = []
    settings.PROBITY_HOME = tmp_path / "home"
    monkeypatch.setattr(
        current_app, "send_task", lambda task, args=(), **_options: messages.append((task, tuple(args)))
    )
    monkeypatch.setattr("privacy.examine.engine", lambda: engine)
    monkeypatch.setattr("registry.lease.HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr(chunk_work, "BEAT_SECONDS", 0)
    return messages


@pytest.fixture
def source(sent, tmp_path):
    return registered(partitioned(tmp_path / "rows", 1, 2), rows=20)


@pytest.fixture
def scanned(monkeypatch):
    """The numbers of the chunks that were scanned, in their order."""
    seen, real = [], examine.scan_chunk

    def counted(lease, file, engine):
        seen.append((lease.chunk.partition.content_id, lease.chunk.number))
        real(lease, file, engine)

    monkeypatch.setattr(examine, "scan_chunk", counted)
    return seen


def test_partitions_in_chunks_give_the_report_of_the_whole(source, scanned, engine):
    ended = done(started(source))
    assert ended.status == "SUCCEEDED", ended.error
    report = read_document(ended.result["report"])
    whole = scan_whole(pa.concat_tables([few(1, 10), few(2, 10)]), SCHEMA, engine=engine, dataset=source.digest)
    shown = [one.pop("highlights", None) for one in report["columns"]]
    spread = {one["name"]: one.pop("distribution") for one in report["columns"]}
    assert report == whole
    assert any(shown)
    assert {name: one["kind"] for name, one in spread.items()} == {
        "age": "numbers",
        "email": "frequencies",
        "note": "frequencies",
        "ssn": "frequencies",
        "progression": "numbers",
    }
    assert spread["email"]["rows"] == 5, "the first rows"
    assert len(scanned) == 4
    scan = DatasetScan.objects.get()
    assert (scan.run, scan.complete, str(scan.pk)) == (ended, True, ended.result["scan"])
    assert [one["report"] for one in events("dataset.scanned")] == [scan.report_id]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_text_gives_the_verdicts_of_the_same_rows_in_parquet(sent, kind, packed, engine):
    rows = patients(1, 20).select(["email", "note", "ssn"]).to_pylist()
    if kind == "csv":
        sink = io.BytesIO()
        write_csv(pa.Table.from_pylist(rows), sink)
        data = sink.getvalue()
    else:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    media = {"csv": "text/csv", "jsonl": "application/x-ndjson"}[kind]
    ended = done(started(registered(kept(gzip.compress(data) if packed else data, media))))
    found = {one["name"]: (one["verdict"], one["label"]) for one in read_document(ended.result["report"])["columns"]}
    assert found == {
        "email": ("IS", "EMAIL_ADDRESS"),
        "note": ("CONTAINS", found["note"][1]),
        "ssn": ("IS", "US_SSN"),
    }


def test_other_workers_are_asked_for_every_chunk_but_one(source, sent, django_capture_on_commit_callbacks):
    queued = started(source)
    with django_capture_on_commit_callbacks(execute=True):
        done(queued)
    asked = [arguments for task, arguments in sent if task == examine.HELP]
    assert len(asked) == 3
    assert {one for one, _chunk in asked} == {str(queued.pk)}


def test_what_helpers_have_scanned_is_not_scanned_again(source, scanned, monkeypatch):
    queued = started(source)
    real = examine._ask_for_help

    def helped(rows, run_):
        real(rows, run_)
        for chunk in list(open_chunks(rows))[1:]:
            tasks.scan_chunk(str(run_.pk), str(chunk.pk))
            tasks.scan_chunk(str(run_.pk), str(chunk.pk))

    monkeypatch.setattr(examine, "_ask_for_help", helped)
    ended = done(queued)
    assert ended.status == "SUCCEEDED", ended.error
    assert len(scanned) == len(set(scanned)) == 4


def test_an_unchanged_partition_is_not_scanned_again_in_another_version(source, scanned, tmp_path):
    done(started(source))
    scanned.clear()
    other = registered(partitioned(tmp_path / "more", 1, 2, 3), rows=30)
    ended = done(started(other))
    assert len(scanned) == 2, "the row groups of the one new file"
    assert read_document(ended.result["report"])["rows"] == 30
    scanned.clear()
    relabelled = registered(other.content, ignore=[*SCHEMA["ignore"], "age"], rows=30)
    assert done(started(relabelled)).status == "SUCCEEDED"
    assert scanned == []


def test_the_same_version_by_the_same_engine_is_scanned_once(source, scanned):
    first = done(started(source))
    scanned.clear()
    assert done(started(source)).result == first.result
    assert scanned == []
    assert len(events("dataset.scanned")) == 1
    assert examine.examine(source, actor=Actor.system()).pk == DatasetScan.objects.get().pk


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def test_a_killed_worker_loses_its_chunk_only_and_the_next_one_goes_on(source, scanned, monkeypatch):
    queued = started(source)
    real = chunk_work.gather
    with monkeypatch.context() as patched:
        calls = []

        def dies(*given, **named):
            calls.append(1)
            if len(calls) == 3:
                raise Killed
            return real(*given, **named)

        patched.setattr(chunk_work, "gather", dies)
        patched.setattr(chunk_work.ChunkLease, "give_back", lambda _lease: None)
        with pytest.raises(Killed):
            done(queued)
    assert DatasetScan.objects.count() == 0
    assert ScanChunk.objects.filter(done_at__isnull=False).count() == 2
    past = timezone.now() - LATER
    Run.objects.filter(pk=queued.pk).update(lease_until=past)
    ScanChunk.objects.filter(lease__isnull=False).update(lease_until=past)
    assert run.sweep() == 1
    scanned.clear()
    ended = done(queued)
    assert (ended.status, ended.attempt) == ("SUCCEEDED", 2)
    assert len(scanned) == 2
    assert len(events("dataset.scanned")) == 1


def test_helpers_say_how_far_it_is_while_nobody_has_taken_over_from_a_dead_worker(source, monkeypatch):
    queued = started(source)

    def dies(*_given):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(examine, "_scan_all", dies)
        with pytest.raises(Killed):
            done(queued)
    first, second = open_chunks(PartitionScan.objects.all())[:2]
    tasks.scan_chunk(str(queued.pk), str(first.pk))
    assert Run.objects.get(pk=queued.pk).progress == 0, "who is not silent tells it himself"
    Run.objects.filter(pk=queued.pk).update(lease_until=timezone.now() - LATER)
    tasks.scan_chunk(str(queued.pk), str(second.pk))
    told = Run.objects.get(pk=queued.pk)
    assert 0.4 < told.progress < 0.6
    assert "2 of 4 chunks" in told.message


def test_a_chunk_at_which_every_worker_dies_ends_the_scan_with_its_place(source, monkeypatch):
    queued = started(source)
    real = examine._ask_for_help

    def deadly(rows, run_):
        real(rows, run_)
        ScanChunk.objects.filter(pk=open_chunks(rows)[1].pk).update(attempt=MOST_ATTEMPTS)

    monkeypatch.setattr(examine, "_ask_for_help", deadly)
    ended = done(queued)
    assert (ended.status, ended.error_code) == ("FAILED", "gave_up")
    assert "part-0.parquet: chunk 2" in ended.error
    assert DatasetScan.objects.count() == 0


def test_a_chunk_is_taken_by_one_worker_until_it_falls_silent(source, sent):
    examine_rows = open_chunks(PartitionScan.objects.all())
    queued = started(source)
    claimed = []

    def never(*_given):
        claimed.append(claim(open_chunks(PartitionScan.objects.all()), lambda: None))
        claimed.append(claim(ScanChunk.objects.filter(pk=claimed[0].chunk.pk), lambda: None))
        ScanChunk.objects.filter(pk=claimed[0].chunk.pk).update(lease_until=timezone.now() - LATER)
        claimed.append(claim(ScanChunk.objects.filter(pk=claimed[0].chunk.pk), lambda: None))
        raise Cancelled("enough")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(examine, "_scan_all", never)
        assert done(queued).status == "CANCELLED"
    first, second, third = claimed
    assert first is not None
    assert second is None
    assert third is not None
    with pytest.raises(chunk_work.LeaseLostError):
        first.beat()
    assert examine_rows.count() == 4


def test_a_cancelled_scan_stops_at_its_next_sign_of_life_and_its_helpers_too(source, monkeypatch, scanned):
    queued = started(source)
    real = chunk_work.gather

    def cancelled(*given, **named):
        run.cancel(queued, actor=Actor.system("session"))
        return real(*given, **named)

    monkeypatch.setattr(chunk_work, "gather", cancelled)
    assert done(queued).status == "CANCELLED"
    assert DatasetScan.objects.count() == 0
    scanned.clear()
    tasks.scan_chunk(str(queued.pk), str(ScanChunk.objects.first().pk))
    assert scanned == []


def test_what_cannot_be_read_ends_the_scan_with_its_place_and_keeps_nothing(sent, monkeypatch):
    monkeypatch.setattr("privacy.chunks.cut.SMALLEST", 100)
    monkeypatch.setattr("privacy.chunks.cut.LARGEST", 100)
    version = registered(kept(b"a,b\n" + b"1,2\n" * 200 + b"jane@example.org\n"))
    for _again in range(2):
        ended = done(started(version))
        assert (ended.status, ended.error_code) == ("FAILED", "ragged_row")
        assert "line 202" in ended.error
        assert "jane" not in ended.error
    assert DatasetScan.objects.count() == 0
    with pytest.raises(examine.ScanFailedError, match="line 202"):
        examine.examine(version, actor=Actor.system())


def test_a_header_alone_is_no_scan(sent):
    ended = done(started(registered(kept(b"a,b\n"))))
    assert (ended.status, ended.error_code) == ("FAILED", "no_rows")


def test_bytes_that_are_not_those_of_their_digest_are_refused(source):
    first = read_document(source.content_id)[1]
    place = store().path(first["sha256"])
    place.chmod(0o600)
    place.write_bytes(place.read_bytes() + b"x")
    ended = done(started(source))
    assert DatasetScan.objects.count() == 0
    assert ended.status in {"QUEUED", "FAILED"}, "a store may be put right, so it is tried again"
    assert "not the bytes of that digest" in ended.error


def test_an_assessment_helps_the_scan_that_goes_on_and_takes_its_result(source, scanned, monkeypatch):
    queued = started(source)
    claimed = run.claim(str(queued.pk))
    assert claimed is not None
    turns = []

    def other_worker(_seconds):
        turns.append(1)
        examine.run._work(*claimed, examine.scan, lambda _run: None)

    monkeypatch.setattr(examine.time, "sleep", other_worker)
    scan = examine.examine(source, actor=Actor.system())
    assert scan.run == queued
    assert turns == [1]


def test_whoever_asks_and_is_cancelled_stops_the_scan_it_does(source):
    def cancelled(_share, _message):
        raise Cancelled("the assessment was cancelled")

    with pytest.raises(Cancelled):
        examine.examine(source, actor=Actor.system(), progress=cancelled)
    assert Run.objects.get().status == "CANCELLED"


def test_how_far_it_is_is_told_in_rows_findings_and_time_left(source, monkeypatch):
    told = []
    queued = started(source)
    real = examine._say_how_far

    def noted(rows, run_, beat):
        told.append(how_far(rows, since=run_.started_at - timedelta(seconds=10)))
        real(rows, run_, beat)

    monkeypatch.setattr(examine, "_say_how_far", noted)
    done(queued)
    starts = {(one.chunks_done, one.rows) for one in told}
    assert {(0, 0), (1, 5), (2, 10), (3, 15)} <= starts
    assert told[0].seconds_left is None
    assert told[-1].seconds_left is not None
    assert told[-1].found > 0
    assert "15 rows" in told[-1].sentence()


def test_memory_is_that_of_one_chunk(sent, monkeypatch):
    """Whatever the size, no more than a batch is handed to the scanner, and no more than a chunk is read."""
    sizes = []
    real = chunk_work.gather

    def noted(tables, **named):
        def each():
            for table in tables:
                sizes.append(table.num_rows)
                yield table

        return real(each(), **named)

    monkeypatch.setattr(chunk_work, "gather", noted)
    monkeypatch.setattr("privacy.chunks.parquet.ROWS", 100)
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": ["x"] * 1000}), sink)
    done(started(registered(kept(sink.getvalue(), "application/vnd.apache.parquet"))))
    assert sizes == [100] * 10


def wide(columns: int) -> bytes:
    return (",".join(f"c{n}" for n in range(columns)) + "\n" + ",".join(["some text 12"] * columns) + "\n").encode()


HEAVY = {
    "dots": (b"a,b\n" + b"." * 4000 + b",jane@example.org\n", "text/csv", {"b"}),
    "nested": (b'{"a": 1, "b": {"c": [{"mail": "jane@example.org"}]}}\n', "application/x-ndjson", {"b"}),
    "200 columns": (wide(200), "text/csv", set()),
    "one long cell": (b"a\n" + b"word " * 60_000 + b"jane@example.org\n", "text/csv", {"a"}),
}


@pytest.mark.parametrize("heavy", HEAVY.values(), ids=list(HEAVY))
def test_what_is_heavy_to_read_is_scanned_to_its_end(sent, heavy, monkeypatch):
    monkeypatch.setattr(chunk_work, "BEAT_SECONDS", 1.0)
    data, media, personal = heavy
    ended = done(started(registered(kept(data, media), text=[], ignore=[], features=[])))
    assert ended.status == "SUCCEEDED", ended.error
    report = read_document(ended.result["report"])
    assert report["complete"] is True
    assert {one["name"] for one in report["columns"] if one["verdict"] != "CLEAN"} == personal


@pytest.mark.long
def test_ten_thousand_columns_are_scanned_to_their_end(sent, monkeypatch):
    monkeypatch.setattr(chunk_work, "BEAT_SECONDS", 1.0)
    ended = done(started(registered(kept(wide(10_000)), text=[], ignore=[], features=[])))
    report = read_document(ended.result["report"])
    assert (report["complete"], len(report["columns"])) == (True, 10_000)
