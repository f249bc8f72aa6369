"""Typed readers of environment variables: absent means the default, anything else is valid or refused by name."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "amqp", "amqps", "sentinel", "memory")
POSTGRES_SCHEMES = ("postgres", "postgresql")
POSTGRES_OPTIONS = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options", "host"}
)
LARGEST_PORT = 65535
NO_BROKER = "redis://127.0.0.1:0/0"
SECRET_BYTES = 48
SHORTEST_SECRET = 32


class EnvironmentVariableError(ImproperlyConfigured):
    """An environment variable holds something that it may not; the message names it, the value and what is allowed."""

    code = "environment_variable"


def _refuse(name: str, problem: str) -> NoReturn:
    raise EnvironmentVariableError(f"{name} {problem}")


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks; an empty one counts as absent."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    """Return a truth value, written 1/0, true/false, yes/no or on/off."""
    value = text(name)
    if not value:
        return default
    if value.lower() not in TRUE | FALSE:
        _refuse(name, f"is {value!r}, which is neither true nor false; write 1 or 0.")
    return value.lower() in TRUE


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number between two limits, both allowed."""
    value = text(name)
    if not value:
        return default
    if not value.isascii() or not value.removeprefix("-").isdigit():
        _refuse(name, f"is {value!r}, which is not a whole number.")
    number = int(value)
    if not least <= number <= most:
        _refuse(name, f"is {number}, which is not between {least} and {most}.")
    return number


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a list written with commas."""
    value = text(name)
    return [word for part in value.split(",") if (word := part.strip())] if value else list(default)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words."""
    value = text(name, default)
    if value not in allowed:
        _refuse(name, f"is {value!r}, which is none of {', '.join(allowed)}.")
    return value


def folder(name: str, default: Path) -> Path:
    """Return an absolute folder; it need not exist yet, but what exists there must be a folder."""
    place = Path(text(name, str(default))).expanduser().resolve()
    if place.exists() and not place.is_dir():
        _refuse(name, f"is {str(place)!r}, which is not a folder.")
    return place


def web_address(name: str, default: str) -> str:
    """Return an http or https address of a site: scheme, host and perhaps a port, nothing behind."""
    value = text(name, default).rstrip("/")
    parts = _split(name, value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        _refuse(name, f"is {value!r}, which is not of the form https://host or http://host:port.")
    return value


def broker(name: str, *, home: Path) -> str:
    """Return the broker's address: the variable, else that of the broker embedded in ``home``, else one that refuses.

    The last is no mistake: what is queued while no broker runs stays in the database; the sweeper sends it later.
    """
    value = text(name)
    if not value:
        with contextlib.suppress(FileNotFoundError):
            value = broker_file(home).read_text().strip()
        return value or NO_BROKER
    parts = _split(name, value)
    if parts.scheme not in BROKER_SCHEMES:
        _refuse(name, f"has the scheme {parts.scheme!r}, which is none of {', '.join(BROKER_SCHEMES)}.")
    if parts.scheme != "memory" and not (parts.hostname or parts.path):
        _refuse(name, "names no host.")
    return value


def broker_file(home: Path) -> Path:
    """Return the file in which a running embedded broker leaves its address for other commands (mode 0600)."""
    return home / "run" / "broker"


def _split(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        message = f"{name} is not a well-formed address, or its port is not between 0 and {LARGEST_PORT}."
        raise EnvironmentVariableError(message) from error
    return parts


def database(name: str, *, sqlite: Path) -> dict[str, Any]:
    """Return Django's settings of the database: PostgreSQL by the variable, else SQLite in the given file."""
    value = text(name)
    if not value:
        return sqlite_settings(sqlite)
    parts = _split(name, value)
    if parts.scheme in POSTGRES_SCHEMES:
        return _postgres_settings(name, parts)
    if parts.scheme == "sqlite":
        path = unquote(parts.path)
        if parts.netloc or len(path) <= 1:
            _refuse(name, "is not of the form sqlite:////absolute/path or sqlite:///relative/path.")
        return sqlite_settings(Path(path[1:]).resolve())
    return _refuse(name, f"has the scheme {parts.scheme!r}; it may be postgres, postgresql or sqlite.")


def sqlite_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a SQLite database that several processes share and that survives a loss of power."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON"
            ),
        },
    }


def _postgres_settings(name: str, parts: SplitResult) -> dict[str, Any]:
    options = _postgres_options(name, parts.query)
    host = options.pop("host", None) or unquote(parts.hostname or "")
    database_name = unquote(parts.path.removeprefix("/"))
    if not host:
        _refuse(name, "names no host; write postgres://user:password@host:port/database.")
    if not database_name or "/" in parts.path.removeprefix("/"):
        _refuse(name, "names no database; write postgres://user:password@host:port/database.")
    if parts.fragment:
        _refuse(name, "holds a '#'; write it as %23 when it belongs to the password.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": parts.port or "",
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _postgres_options(name: str, query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in POSTGRES_OPTIONS:
            _refuse(name, f"has the option {key!r}, which is none of {', '.join(sorted(POSTGRES_OPTIONS))}.")
        if key in options:
            _refuse(name, f"has the option {key!r} twice.")
        options[key] = value
    return options


def secret_key(name: str, *, home: Path) -> str:
    """Return the variable, else the key kept in ``home`` (made once, readable by its owner alone)."""
    value = text(name)
    if value:
        if len(value) < SHORTEST_SECRET:
            _refuse(name, f"has {len(value)} characters; a key needs {SHORTEST_SECRET} or more.")
        return value
    place = home / "secret_key"
    with contextlib.suppress(FileNotFoundError):
        return _kept_secret(place)
    write_private(place, secrets.token_urlsafe(SECRET_BYTES), replace=False)
    return _kept_secret(place)


def _kept_secret(place: Path) -> str:
    value = place.read_text().strip()
    if len(value) < SHORTEST_SECRET:
        raise EnvironmentVariableError(f"{place} holds {len(value)} characters; a key needs {SHORTEST_SECRET} or more.")
    return value


def write_private(place: Path, value: str, *, replace: bool) -> None:
    """Write a file of mode 0600, whole or not at all; without ``replace`` the one who comes first wins."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(place)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, place)
    finally:
        Path(temporary).unlink(missing_ok=True)


def broker_options(url: str) -> Mapping[str, Any]:
    """Return the transport's options: how soon a Redis gives back what a dead worker had taken, and that who queues a
    task does not wait for a broker that is away.
    """
    at_once = {"max_retries": 1, "interval_start": 0.1}
    if url.partition(":")[0] not in {"redis", "rediss", "redis+socket", "sentinel"}:
        return {**at_once, "confirm_publish": True} if url.startswith("amqp") else {}
    return {
        **at_once,
        "visibility_timeout": 900,
        "unacked_restore_interval": 3,
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": 100,
        "socket_connect_timeout": 3,
    }
