"""Several workers at one anonymisation, under real commits: each chunk once, and the rows are those of one worker."""

import threading
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from celery import current_app
from django.db import connections

from privacy import anonymize, anonymous_work, examine, tasks
from privacy.models import ScanChunk
from registry import run
from registry.artifacts import read_document, store
from registry.models import Actor, DatasetVersion, Run
from tests.privacy.scanning import partitioned, registered

WORKERS = 3


def rows_of(version: DatasetVersion) -> Any:
    return pa.concat_tables(
        [pq.read_table(store().path(entry["sha256"])) for entry in read_document(version.content_id)]
    )


def work_at(queued: Run, errors: list[Exception]) -> None:
    """Work as one of several workers until the run has ended."""
    try:
        while Run.objects.get(pk=queued.pk).status not in Run.ENDED:
            if run.perform(str(queued.pk), anonymize.anonymize, stop=anonymous_work.forget) is None:
                for chunk in ScanChunk.objects.filter(done_at__isnull=True).values_list("pk", flat=True):
                    tasks.anonymize_chunk(str(queued.pk), str(chunk))
    except Exception as error:  # noqa: BLE001 - told to the test
        errors.append(error)
    finally:
        connections.close_all()


def test_workers_that_come_and_go_make_the_rows_of_one_worker(committed_db, settings, monkeypatch, tmp_path, engine):
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, args=(), **_options: sent.append((task, *args)))
    for module in (examine, anonymize):
        monkeypatch.setattr(module, "engine", lambda: engine)
    settings.PROBITY_HOME = tmp_path / "home"
    version = registered(partitioned(tmp_path / "rows", 1, 2, 3), rows=30)
    examine.examine(version, actor=Actor.system("command"))
    treated: list[int] = []
    errors: list[Exception] = []
    real = anonymous_work.treat

    def counted(tables: Any, target: Any, *given: Any, **named: Any) -> None:
        real(tables, target, *given, **named)
        treated.append(threading.get_ident())

    monkeypatch.setattr(anonymous_work, "treat", counted)
    made = []
    for workers in (WORKERS, 1):
        recipe = {"columns": [{"name": "ssn", "operator": "drop" if workers == 1 else "redact"}]}
        queued = anonymize.start_anonymizing(version, actor=Actor.system("command"), recipe=recipe)
        treated.clear()
        threads = [threading.Thread(target=work_at, args=(queued, errors)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        ended = Run.objects.get(pk=queued.pk)
        assert (errors, ended.status, ended.error) == ([], "SUCCEEDED", "")
        assert len(treated) == 6
        assert (len(set(treated)) > 1) == (workers > 1)
        made.append(rows_of(DatasetVersion.objects.get(pk=ended.result["dataset_version"])))
    assert made[0].drop(["ssn"]).equals(made[1])
    assert len([one for one in sent if one[0] == anonymous_work.HELP]) == 2 * 5
