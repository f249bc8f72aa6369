"""How the log stands now: its queue, its newest checkpoint, who cosigned it, and whether it takes anything more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from registry.ledger import rows
from registry.ledger.queue import FROZEN
from registry.ledger.tree import TreeHead

OLDEST = "SELECT e.at FROM ledger_pending p JOIN ledger_event e ON e.id = p.event_id ORDER BY p.event_id LIMIT 1"
RECORDED = (
    "SELECT e.at FROM ledger_leaf l JOIN ledger_event e ON e.id = l.event_id "
    "JOIN ledger_log g ON g.id = l.log_id WHERE g.origin = %s AND l.seq = %s"
)
COSIGNED = "SELECT witness, MAX(size) FROM ledger_cosignature WHERE log_id = %s GROUP BY witness"


@dataclass(frozen=True, slots=True)
class LogState:
    """The state of the log that is written now; ``origin`` is "" and ``head`` None before the first checkpoint.

    ``covered_until`` is when the newest entry below the checkpoint was recorded; ``cosigned`` has the largest size that
    each witness (by its verifier key) cosigned; ``oldest_queued`` is when the first event of the queue was recorded.
    """

    origin: str
    head: TreeHead | None
    covered_until: datetime | None
    is_closed: bool
    cosigned: Mapping[str, int]
    queued: int
    oldest_queued: datetime | None


def state() -> LogState:
    """Return how the log stands, by a handful of look-ups whatever its size."""
    queued, oldest = _one("SELECT COUNT(*) FROM ledger_pending"), _one(OLDEST)
    log = rows.last_log()
    stored = rows.last_checkpoint(log) if log else None
    if log is None or stored is None:
        return LogState(log.origin if log else "", None, None, False, {}, queued or 0, _moment(oldest))
    last = stored.head.size - 1
    with connection.cursor() as cursor:
        cursor.execute(COSIGNED, [log.number])
        cosigned = dict(cursor.fetchall())
    return LogState(
        origin=log.origin,
        head=stored.head,
        covered_until=recorded_at(log.origin, last),
        is_closed=rows.kind_of_leaf(log, last) == FROZEN,
        cosigned=cosigned,
        queued=queued or 0,
        oldest_queued=_moment(oldest),
    )


def recorded_at(origin: str, seq: int) -> datetime | None:
    """Return when the entry at a place of a log was recorded; None where there is none."""
    return _moment(_one(RECORDED, origin, seq))


def _one(sql: str, *values: int | str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = cursor.fetchone()
    return found[0] if found else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
