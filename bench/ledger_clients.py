"""Appending by clients that weigh little: PostgreSQL's pgbench sends what ``append`` sends, and what a chain would.

What is compared is the server's work, as where writers run on other machines: beside it, on the same processors, Django
takes as much again, on both sides (the row ``append-django`` has it). What a client sends is recorded from ``append``
itself; only the event's id and its subject change from event to event.
"""

import os
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from registry.canonical import canonical

LARGEST_SECONDS = 600
SUBJECT = f"run:{uuid.UUID(int=0)}"
EVENT_ID = re.compile(r'(?<="format":1,"id":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)[0-9a-f]{12}')
RATE = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)$", re.MULTILINE)
VARIABLES = r"""\set event random(100000000000, 999999999999)
\set writer 10 + :client_id
"""
CHAIN = r"""BEGIN;
SELECT encode(hash, 'hex') AS previous FROM chain_head WHERE one = 1 FOR UPDATE \gset
INSERT INTO chain_event (body, hash)
    SELECT body, sha256(decode(':previous', 'hex') || convert_to(body, 'UTF8')) FROM (SELECT '{body}' AS body) AS made
    RETURNING encode(hash, 'hex') AS found \gset
UPDATE chain_head SET hash = decode(':found', 'hex') WHERE one = 1;
COMMIT;
"""


def appending(append: Callable[[str], object]) -> str:
    """Return the script of a client that sends what ``append(subject)`` sends, recorded while it is asked to."""
    sent: list[str] = []

    def record(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        sent.append(context["cursor"].mogrify(sql, values).decode())
        return execute(sql, values, many, context)

    with transaction.atomic(), connection.execute_wrapper(record):
        append(SUBJECT)
        transaction.set_rollback(True)
    return "\n".join([f"{VARIABLES}BEGIN;", *(f"{_varied(one)};" for one in sent), "COMMIT;"])


def chaining(document: dict[str, Any]) -> str:
    """Return the script of a client that adds such a document to the chain; its head stays locked until the commit."""
    return VARIABLES + CHAIN.replace("{body}", _varied(canonical({**document, "prev": ":previous"}).decode()))


def _varied(text: str) -> str:
    return EVENT_ID.sub(":event", text).replace(SUBJECT, f"{SUBJECT[:-2]}:writer")


def rate(pgbench: Path, script: Path, *, clients: int, count: int) -> float:
    """Return the transactions per second of clients that run the script ``count`` times each; all have to succeed."""
    known = connection.settings_dict
    environment = {
        **os.environ,
        "PGHOST": known["HOST"], "PGPORT": str(known["PORT"]), "PGDATABASE": known["NAME"],
        "PGUSER": known["USER"], "PGPASSWORD": known["PASSWORD"],
    }  # fmt: skip
    connection.close()
    command: list[str | Path] = [pgbench, "-n", "-c", str(clients), "-j", "2", "-t", str(count), "-f", script]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=LARGEST_SECONDS
    )
    found = RATE.search(done.stdout)
    if done.returncode or not found or f"processed: {clients * count}/{clients * count}" not in done.stdout:
        raise RuntimeError(f"pgbench ended with {done.returncode}: {done.stdout}{done.stderr}")
    return float(found[1])
