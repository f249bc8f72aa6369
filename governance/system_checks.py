"""System checks: a wrong combination of settings is an error with an id and a hint before anything starts."""

import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's own name
from django.db import connection
from django.http.request import validate_host

from privacy.scan.custom import ENGLISH, is_known
from privacy.scan.name_files import library_of
from privacy.scan.nlp import EngineError
from privacy.scan.recognizer_file import LANGUAGE, listed
from registry.backends.isolation import container
from registry.backends.sandbox import available as unavailable

PLUG_INS = (
    "PROBITY_CHECKS",
    "PROBITY_TRAINING_BACKENDS",
    "PROBITY_SERVING_BACKENDS",
    "PROBITY_SOURCES",
    "PROBITY_NEEDS",
)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@register("probity")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Run every check below."""
    return [*secrets(), *address(), *broker(), *plug_ins(), *sandbox(), *names(), *recognizers()]


def secrets() -> Iterator[CheckMessage]:
    """Whether the key that signs sessions is private, and the same on every machine."""
    kept = Path(settings.PROBITY_HOME) / "secret_key"
    if kept.exists() and kept.read_text().strip() == settings.SECRET_KEY:
        if stat.S_IMODE(kept.stat().st_mode) & 0o077:
            yield Error(f"The secret key {kept} can be read by others.", hint=f"chmod 600 {kept}", id="probity.E001")
        if shared_database():
            yield Warning(
                "The database is a server, which several machines may share, but each makes a secret key of its own.",
                hint="Set PROBITY_SECRET_KEY to the same value on every machine.",
                id="probity.W001",
            )


def shared_database() -> bool:
    """Say whether several machines may use the database."""
    return connection.vendor == "postgresql"


def address() -> Iterator[CheckMessage]:
    """Whether the site's address, the hosts that it answers to and the debug mode agree."""
    parts = urlsplit(settings.PROBITY_PUBLIC_URL)
    host = parts.hostname or ""
    if not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        yield Error(
            f"PROBITY_PUBLIC_URL names the host {host!r}, which PROBITY_ALLOWED_HOSTS does not allow.",
            hint="Add the host to PROBITY_ALLOWED_HOSTS, or leave that variable away.",
            id="probity.E002",
        )
    if settings.DEBUG and host not in LOOPBACK:
        yield Error(
            f"PROBITY_DEBUG is on for {settings.PROBITY_PUBLIC_URL}, where pages of errors would show internals.",
            hint="Unset PROBITY_DEBUG.",
            id="probity.E003",
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        yield Warning(
            f"PROBITY_PUBLIC_URL is {settings.PROBITY_PUBLIC_URL}: passwords and sessions travel unencrypted.",
            hint="Put a proxy that speaks TLS in front, set an https address, and PROBITY_BEHIND_PROXY=1.",
            id="probity.W002",
        )


def broker() -> Iterator[CheckMessage]:
    """Whether tasks leave this process."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        yield Error(
            "BROKER_URL is memory:, which no other process can reach: queued work would never be done.",
            hint="Unset BROKER_URL for the embedded broker, or name a Redis or RabbitMQ.",
            id="probity.E004",
        )
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        yield Error(
            "CELERY_TASK_ALWAYS_EAGER is on: tasks would run inside of requests.",
            hint="It is for tests alone.",
            id="probity.E005",
        )


def plug_ins() -> Iterator[CheckMessage]:
    """Whether every listed plug-in exists (it is not loaded: that may be slow)."""
    for setting in PLUG_INS:
        for name, path in getattr(settings, setting).items():
            if not _exists(path):
                yield Error(
                    f"{setting} lists {name!r} as {path!r}, but there is no such module.",
                    hint="Correct the dotted path, or remove the line.",
                    id="probity.E006",
                )
    for name, file in settings.PROBITY_ENTRY_POINTS.items():
        if not Path(file).is_file():
            yield Error(
                f"PROBITY_ENTRY_POINTS lists {name!r} as {file!r}, but there is no such file.",
                hint="Correct the path, or remove the line.",
                id="probity.E008",
            )


def _exists(path: str) -> bool:
    """Say whether the dotted path is a module, or a name in one."""
    for candidate in (path, path.rpartition(".")[0]):
        try:
            if candidate and find_spec(candidate):
                return True
        except (ImportError, ValueError):
            continue
    return False


def _not_isolated() -> str:
    return container.unavailable() if settings.PROBITY_SANDBOX == "container" else unavailable()


def sandbox() -> Iterator[CheckMessage]:
    """Whether model files are loaded in isolation."""
    if settings.PROBITY_SANDBOX == "none" and not settings.PROBITY_DEMO:
        yield Warning(
            "PROBITY_SANDBOX is none: model files run with the rights of the worker, and every report says so.",
            hint="Unset PROBITY_SANDBOX. Only the policy of the demo accepts reports that were made without isolation.",
            id="probity.W003",
        )
    elif settings.PROBITY_SANDBOX != "none" and (why := _not_isolated()):
        yield Warning(
            f"PROBITY_SANDBOX is {settings.PROBITY_SANDBOX}, but this machine cannot isolate a process: {why}.",
            hint="Run the workers on Linux with Landlock and seccomp, or with docker or podman beside them and "
            "PROBITY_SANDBOX=container; without one of them no model is trained or served.",
            id="probity.W004",
        )


def names() -> Iterator[CheckMessage]:
    """Whether the model that finds names is there, and is one."""
    if model := settings.PROBITY_NER_MODEL:
        try:
            library_of(model)
        except EngineError as error:
            yield Error(
                f"PROBITY_NER_MODEL is {model!r}: {error}",
                hint="Install the model, correct the name, or unset the variable.",
                id="probity.E007",
            )


def recognizers() -> Iterator[CheckMessage]:
    """Whether the recognisers of the installation's own can be read, and their languages are."""
    own: list[dict[str, Any]] = []
    if file := settings.PROBITY_RECOGNIZERS:
        try:
            own = listed(file)
        except EngineError as error:
            yield Error(
                f"PROBITY_RECOGNIZERS is {file!r}: {error}",
                hint="Correct the file or the path, or unset the variable.",
                id="probity.E009",
            )
    languages = {ENGLISH, *settings.PROBITY_SCAN_LANGUAGES}
    for language in sorted(one for one in languages if not is_known(one)):
        yield Error(
            f"PROBITY_SCAN_LANGUAGES names {language!r}, for which there is no tokenizer.",
            hint="Use codes of two letters (en, de, fr), separated by commas.",
            id="probity.E010",
        )
    if unread := sorted({one.get(LANGUAGE, ENGLISH) for one in own} - languages):
        yield Warning(
            f"PROBITY_RECOGNIZERS has recognisers for {', '.join(unread)}, which PROBITY_SCAN_LANGUAGES does not name: "
            "they look at nothing.",
            hint="Add the language to PROBITY_SCAN_LANGUAGES, or take the recognisers out.",
            id="probity.W005",
        )
