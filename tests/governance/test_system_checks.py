"""System checks: each wrong combination by its id, and silence where nothing is wrong."""

from typing import Any

import pytest

from governance import system_checks
from governance.env import write_private


def _ids():
    return sorted(message.id for message in system_checks.check_settings(app_configs=None))


@pytest.fixture(autouse=True)
def ordinary(settings, monkeypatch):
    """An ordinary installation, on a database of its own."""
    monkeypatch.setattr(system_checks, "shared_database", lambda: False)
    monkeypatch.setattr(system_checks, "unavailable", lambda: "")
    settings.PROBITY_PUBLIC_URL = "http://127.0.0.1:8000"
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    settings.DEBUG = False


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("probity.E002", {"PROBITY_PUBLIC_URL": "https://audit.example"}),
    ("probity.E002", {"PROBITY_PUBLIC_URL": "http://localhost:8000", "ALLOWED_HOSTS": ["127.0.0.1"]}),
    ("probity.E003", {"DEBUG": True, "PROBITY_PUBLIC_URL": "https://a.example", "ALLOWED_HOSTS": [".example"]}),
    ("probity.W002", {"PROBITY_PUBLIC_URL": "http://audit.example", "ALLOWED_HOSTS": [".example"]}),
    ("probity.E004", {"CELERY_BROKER_URL": "memory://"}),
    ("probity.E005", {"CELERY_TASK_ALWAYS_EAGER": True}),
    ("probity.E006", {"PROBITY_CHECKS": {"pii": "privacy.checks.nothing.check"}}),
    ("probity.E006", {"PROBITY_SOURCES": {"x": "nowhere.at.all"}}),
    ("probity.E006", {"PROBITY_TRAINING_BACKENDS": {"x": ""}}),
    ("probity.E006", {"PROBITY_NEEDS": {"x": ".relative"}}),
    ("probity.E007", {"PROBITY_NER_MODEL": "no_such_model"}),
    ("probity.E007", {"PROBITY_NER_MODEL": "/no/such/path"}),
    ("probity.E007", {"PROBITY_NER_MODEL": "../escape.x"}),
    ("probity.E007", {"PROBITY_NER_MODEL": "json"}),
    ("probity.E007", {"PROBITY_NER_MODEL": "/"}),
    ("probity.E009", {"PROBITY_RECOGNIZERS": "/no/such/file.yaml"}),
    ("probity.E010", {"PROBITY_SCAN_LANGUAGES": ("en", "qq")}),
    ("probity.E010", {"PROBITY_SCAN_LANGUAGES": ("../lang/de",)}),
    ("probity.E008", {"PROBITY_ENTRY_POINTS": {"x": "/no/such/file.py"}}),
    ("probity.W003", {"PROBITY_SANDBOX": "none"}),
]  # fmt: skip
RIGHT: list[dict[str, Any]] = [
    {},
    {"PROBITY_PUBLIC_URL": "https://audit.example", "ALLOWED_HOSTS": ["audit.example"]},
    {"PROBITY_PUBLIC_URL": "https://a.audit.example:8443", "ALLOWED_HOSTS": [".audit.example"]},
    {"PROBITY_PUBLIC_URL": "http://[::1]:8000", "ALLOWED_HOSTS": ["[::1]"]},
    {"DEBUG": True},
    {"PROBITY_SANDBOX": "none", "PROBITY_DEMO": True},
    {"PROBITY_SCAN_LANGUAGES": ("en", "de")},
]


@pytest.mark.parametrize(("expected", "wrong"), WRONG)
def test_a_wrong_combination_is_named(settings, expected, wrong):
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert _ids() == [expected]


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_combination_is_silent(settings, right, tmp_path):
    settings.PROBITY_HOME = tmp_path
    for name, value in right.items():
        setattr(settings, name, value)
    assert _ids() == []


def test_a_readable_secret_key_is_an_error(settings, tmp_path):
    settings.PROBITY_HOME = tmp_path
    write_private(tmp_path / "secret_key", settings.SECRET_KEY, replace=True)
    assert _ids() == []
    (tmp_path / "secret_key").chmod(0o640)
    assert _ids() == ["probity.E001"]


def test_a_shared_database_wants_a_shared_key(settings, monkeypatch, tmp_path):
    settings.PROBITY_HOME = tmp_path
    monkeypatch.setattr(system_checks, "shared_database", lambda: True)
    write_private(tmp_path / "secret_key", settings.SECRET_KEY, replace=True)
    assert _ids() == ["probity.W001"]
    write_private(tmp_path / "secret_key", "another key than the one that is used", replace=True)
    assert _ids() == []


@pytest.mark.parametrize(
    ("sandbox", "expected"), [("landlock+seccomp", "W004"), ("container", "W004"), ("none", "W003")]
)
def test_a_machine_that_cannot_isolate_a_process_is_named_with_the_reason(settings, monkeypatch, sandbox, expected):
    monkeypatch.setattr(system_checks, "unavailable", lambda: "the kernel offers no Landlock")
    monkeypatch.setenv("PATH", "/nonexistent")
    settings.PROBITY_SANDBOX = sandbox
    assert _ids() == [f"probity.{expected}"]
    [message] = system_checks.sandbox()
    why = {"container": "neither docker nor podman", "landlock+seccomp": "the kernel offers no Landlock"}
    assert why.get(sandbox, "") in message.msg


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recognizers: [", ["probity.E009"]),
        (
            "recognizers: [{name: x, supported_entity: X, patterns: [{name: x, regex: '(', score: 1}]}]",
            ["probity.E009"],
        ),
        ("recognizers: [{name: x, supported_entity: X, deny_list: [x]}]", []),
        ("recognizers: [{name: x, supported_entity: X, deny_list: [x], supported_language: de}]", ["probity.W005"]),
    ],
)
def test_a_file_of_recognisers_is_judged_before_anything_starts(settings, tmp_path, text, expected):
    place = tmp_path / "recognizers.yaml"
    place.write_text(text)
    settings.PROBITY_HOME, settings.PROBITY_RECOGNIZERS = tmp_path, str(place)
    assert _ids() == expected


def test_every_message_says_what_to_do(settings):
    for expected, wrong in WRONG:
        for name, value in wrong.items():
            setattr(settings, name, value)
        for message in system_checks.check_settings(app_configs=None):
            assert message.hint, expected
