"""Structured logs: one JSON object per line on standard output, with secrets blanked out."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from gunicorn.config import Config
from gunicorn.glogging import Logger

REDACTED = "[redacted]"
SECRET_NAMES = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|api_?key|private_?key|credential|database_url|broker_url",
    re.IGNORECASE,
)
SECRETS_IN_TEXT = (
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]+@", re.IGNORECASE), rf"\1:{REDACTED}@"),
    (re.compile(r"(PRIVATE\+KEY\+)\S+"), rf"\1{REDACTED}"),
    (re.compile(r"\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {REDACTED}"),
)
DEEPEST = 6


def redact(value: Any, depth: int = 0) -> Any:
    """Return the value without passwords, tokens and the like, by the names of keys and by their shape in text."""
    if isinstance(value, str):
        for pattern, replacement in SECRETS_IN_TEXT:
            value = pattern.sub(replacement, value)
        return value
    if depth >= DEEPEST:
        return REDACTED
    if isinstance(value, dict):
        return {
            key: REDACTED if SECRET_NAMES.search(str(key)) else redact(item, depth + 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item, depth + 1) for item in value]
    return value


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the secrets of one event; a processor of structlog."""
    return {  # what begins with "_" is structlog's own and is taken out before the event is printed
        key: item if key.startswith("_") else REDACTED if SECRET_NAMES.search(key) else redact(item)
        for key, item in event.items()
    }


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


class WorthSaying(logging.Filter):
    """Drops what Presidio says of each recogniser of a language that is not scanned for; its other warnings count."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is printed."""
        return not (record.name == "presidio-analyzer" and str(record.msg).startswith("Recognizer not added"))


def configuration(level: str = "INFO", stream: str = "stdout") -> dict[str, Any]:
    """Return the ``logging`` configuration: every logger, whoever made it, prints JSON to one stream."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_shared(), structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact_event,
                    structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
                ],
            },
        },
        "filters": {"worth_saying": {"()": WorthSaying}},
        "handlers": {
            "json": {
                "class": "logging.StreamHandler",
                "stream": f"ext://sys.{stream}",
                "formatter": "json",
                "filters": ["worth_saying"],
            },
        },
        "root": {"handlers": ["json"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "mlflow": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
            "django.server": {"level": level, "handlers": [], "propagate": True},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Set up ``logging`` and structlog; Django calls it with LOGGING, Celery and Gunicorn when they start."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class GunicornLogger(Logger):  # type: ignore[misc,unused-ignore]
    """Gunicorn's messages, by way of the same root logger as everybody's."""

    def setup(self, cfg: Config) -> None:
        """Leave handlers to the root logger."""
        configure(configuration())
        self.cfg = cfg
        for logger in (self.error_log, self.access_log):
            logger.handlers = []
            logger.propagate = True
            logger.setLevel(logging.INFO)
