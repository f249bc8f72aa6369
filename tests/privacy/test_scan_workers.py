"""Several workers at once, under real commits: every chunk is scanned once, and the report is that of one worker."""

import threading
from typing import Any

from celery import current_app
from django.db import connections

from privacy import examine
from privacy.models import DatasetScan
from registry import run
from registry.artifacts import read_document
from registry.models import Run
from tests.privacy.scanning import SCHEMA, few, partitioned, registered, started

WORKERS = 3


def test_workers_that_come_and_go_scan_every_chunk_once(committed_db, settings, monkeypatch, tmp_path, engine):
    monkeypatch.setattr(current_app, "send_task", lambda *_arguments, **_options: None)
    monkeypatch.setattr(examine, "engine", lambda: engine)
    settings.PROBITY_HOME = tmp_path / "home"
    version = registered(partitioned(tmp_path / "rows", 1, 2, 3), rows=30)
    queued, scanned, errors = started(version), [], []
    real = examine.scan_chunk

    def counted(lease: Any, file: Any, used: Any) -> None:
        real(lease, file, used)
        scanned.append((threading.get_ident(), lease.chunk.pk))

    monkeypatch.setattr(examine, "scan_chunk", counted)

    def worker() -> None:
        try:
            while Run.objects.get(pk=queued.pk).status not in Run.ENDED:
                if run.perform(str(queued.pk), examine.scan) is None:
                    examine.help_along(queued)
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    ended = Run.objects.get(pk=queued.pk)
    assert (errors, ended.status, ended.error) == ([], "SUCCEEDED", "")
    assert len(scanned) == len({chunk for _thread, chunk in scanned}) == 6
    assert len({thread for thread, _chunk in scanned}) > 1
    report = read_document(DatasetScan.objects.get().report_id)
    assert report["rows"] == 30
    assert {one["name"] for one in report["columns"]} == set(few(1, 1).column_names) >= set(SCHEMA["ignore"])
