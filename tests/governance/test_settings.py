"""Settings as processes see them: database, cookies, Celery, what is loaded, what is logged."""

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from governance import logs

HEAVY = ("pandas", "shap", "fairlearn", "mlflow", "presidio_analyzer", "spacy", "sklearn", "pyarrow", "numpy", "scipy")
IN_A_WEB_WORKER = f"""
import sys, django
django.setup()
import governance.urls, governance.wsgi, governance.celery
from django.urls import get_resolver
get_resolver().url_patterns
from django.core.management import call_command
call_command("check")
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def _python(program, **variables):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "governance.settings", **variables}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _settings(names, **variables):
    program = (
        f"import json; from governance import settings as s; print(json.dumps([getattr(s, n) for n in {names!r}]))"
    )
    done = _python(program, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_web_worker_loads_no_heavy_library():
    done = _python(IN_A_WEB_WORKER)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.django_db
def test_sqlite_keeps_what_was_committed_and_its_triggers():
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    found = {}
    with connection.cursor() as cursor:
        for pragma in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout"):
            cursor.execute(f"PRAGMA {pragma}")
            found[pragma] = cursor.fetchone()[0]
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "busy_timeout": 20000,
    }  # fmt: skip
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_cookies_are_secure_exactly_where_the_site_speaks_tls():
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "CSRF_TRUSTED_ORIGINS"]
    assert _settings(names, PROBITY_PUBLIC_URL="https://audit.example") == [
        True, True, 31536000, ["https://audit.example"],
    ]  # fmt: skip
    assert _settings(names, PROBITY_PUBLIC_URL="http://127.0.0.1:8000")[:3] == [False, False, 0]


def test_the_public_host_is_allowed_and_strangers_are_not():
    (hosts,) = _settings(["ALLOWED_HOSTS"], PROBITY_PUBLIC_URL="https://audit.example:8443")
    assert "audit.example" in hosts
    assert "*" not in hosts


def test_a_wrong_variable_stops_the_start_with_its_name():
    done = _python("import django; django.setup()", PROBITY_DEBUG="perhaps")
    assert done.returncode == 1
    assert "PROBITY_DEBUG is 'perhaps', which is neither true nor false" in done.stderr


def test_tasks_are_json_acknowledged_late_and_never_run_inside_a_request():
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert not getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False)


def test_every_periodic_task_exists_and_goes_to_a_queue_that_the_embedded_worker_serves():
    from governance.celery import app

    app.loader.import_default_modules()
    schedule: Any = settings.CELERY_BEAT_SCHEDULE
    for entry in schedule.values():
        assert entry["task"] in app.tasks
        queue = app.amqp.router.route({}, entry["task"]).get("queue")
        assert getattr(queue, "name", "default") in settings.PROBITY_QUEUES
        assert entry["options"]["expires"] <= entry["schedule"]


def test_every_registered_task_of_ours_is_routed_to_a_served_queue():
    from governance.celery import app

    app.loader.import_default_modules()
    ours = [name for name in app.tasks if name.split(".")[0] in {"registry", "privacy", "monitoring", "governance"}]
    assert ours
    for name in ours:
        queue = app.amqp.router.route({}, name).get("queue")
        assert getattr(queue, "name", "default") in settings.PROBITY_QUEUES


SECRETS = [
    ({"password": "hunter2"}, {"password": "[redacted]"}),
    ({"headers": {"Authorization": "hunter2", "A": "a"}}, {"headers": {"Authorization": "[redacted]", "A": "a"}}),
    ({"api_key": "hunter2", "n": 3}, {"api_key": "[redacted]", "n": 3}),
    ({"event": "to redis://:hunter2@h:1/0"}, {"event": "to redis://:[redacted]@h:1/0"}),
    ({"event": "to postgres://u:hunter2@h/x"}, {"event": "to postgres://u:[redacted]@h/x"}),
    ({"event": "sent Bearer hunter2hunter2"}, {"event": "sent Bearer [redacted]"}),
    ({"list": [{"csrftoken": "hunter2"}]}, {"list": [{"csrftoken": "[redacted]"}]}),
    ({"event": "at 10:30 a@b.example"}, {"event": "at 10:30 a@b.example"}),
]  # fmt: skip


@pytest.mark.parametrize(("event", "expected"), SECRETS)
def test_secrets_are_blanked_by_name_and_by_shape(event, expected):
    assert logs.redact_event(None, "info", event) == expected


def test_logs_are_one_json_object_per_line_without_secrets():
    program = """
import django, logging
django.setup()
import structlog
logging.getLogger("a").warning("to %s", "redis://:hunter2@h/0", extra={"data": {"token": "hunter2"}})
structlog.get_logger("b").warning("saved", password="hunter2", number=3)
try: raise ValueError("amqp://u:hunter2@h//")
except ValueError: logging.getLogger("c").exception("failed")
"""
    done = _python(program, PROBITY_LOG_LEVEL="INFO")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["logger"], line["level"], line["event"]) for line in lines] == [
        ("a", "warning", "to redis://:[redacted]@h/0"), ("b", "warning", "saved"), ("c", "error", "failed"),
    ]  # fmt: skip
    assert "ValueError" in lines[2]["exception"]
    assert all("timestamp" in line for line in lines)
    assert "hunter2" not in done.stdout + done.stderr


def test_a_broken_message_does_not_silence_the_log(caplog):
    assert logging.getLogger().handlers
    assert logs.redact({"deep": [[[[[[["hunter2"]]]]]]]}) == {"deep": [[[[["[redacted]"]]]]]}
