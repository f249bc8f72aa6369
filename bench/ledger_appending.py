"""Appending beside a hash chain: 32 writers, one event a transaction, both in one database, the sequencer running.

On PostgreSQL the writers of both sides are clients that weigh little (``ledger_clients``), and again, in a row of
their own, threads of two Django processes, as those of the service's web server are; on SQLite the latter alone.
"""

import bisect
import hashlib
import multiprocessing
import os
import signal
import statistics
import sys
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import ledger_clients
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone
from ledger_approving import approvals
from measuring import Row, row

from registry.canonical import canonical
from registry.ledger import keyring, queue, rows
from registry.ledger.append import append as append_event
from registry.ledger.append import moment
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer
from registry.ledger.sequencing import Loop
from registry.models import Actor

PROCESSES, THREADS = 2, 16
WRITERS = PROCESSES * THREADS
READY_SECONDS = 60.0
DATA = {"kind": "assess", "status": "SUCCEEDED", "attempt": 1, "error_code": ""}
PEER = "hash chain in the same database"
STEADY, SECONDS = 1000, 5
APPROVALS = 20


def make_chain() -> None:
    """Make the peer's tables: the events, and the one row that every appender locks until its commit."""
    with connection.cursor() as cursor:
        postgres = connection.vendor == "postgresql"
        key, kind, nothing = ("bigserial", "bytea", "''") if postgres else ("integer", "blob", "x''")
        cursor.execute(f"CREATE TABLE chain_event (id {key} PRIMARY KEY, body text NOT NULL, hash {kind} NOT NULL)")
        cursor.execute(f"CREATE TABLE chain_head (one integer PRIMARY KEY, hash {kind} NOT NULL)")
        cursor.execute(f"INSERT INTO chain_head VALUES (1, {nothing})")  # noqa: S608


def document(subject: str, actor: Actor) -> dict[str, Any]:
    """Return what the chain keeps of an event, but for its ``prev``: what ``append`` keeps."""
    return {
        "format": 1,
        "schema": 1,
        "id": str(uuid.uuid4()),
        "kind": "run.ended",
        "at": moment(timezone.now()),
        "actor": actor.document(),
        "subject": subject,
        "subject_digest": None,
        "policy": None,
        "evidence": [],
        "data": DATA,
    }


def chain(subject: str, actor: Actor) -> None:
    """Append to the chain what ``append`` would keep: the same document, hashed with the hash before it."""
    with connection.cursor() as cursor:
        lock = (
            " FOR UPDATE" if connection.features.has_select_for_update else ""
        )  # SQLite: the whole database is locked
        cursor.execute(f"SELECT hash FROM chain_head WHERE one = 1{lock}")  # noqa: S608
        previous = bytes(cursor.fetchone()[0])
        body = canonical({**document(subject, actor), "prev": previous.hex() or None})
        found = hashlib.sha256(previous + body).digest()
        cursor.execute("INSERT INTO chain_event (body, hash) VALUES (%s, %s)", [body.decode(), found])
        cursor.execute("UPDATE chain_head SET hash = %s WHERE one = 1", [found])


def log(subject: str, actor: Actor) -> None:
    """Append to the ledger as every use case does."""
    append_event("run.ended", actor=actor, subject=subject, data=DATA)


def _write(one: Any, process: int, count: int, barrier: Any) -> None:
    actor, failed = Actor.system("bench"), []
    connections.close_all()

    def write(number: int) -> None:
        subject = f"run:{uuid.UUID(int=process * THREADS + number)}"
        try:
            _append_one(one, subject, actor)  # what a connection learns by its first event is not timed
            barrier.wait(READY_SECONDS)
            for _ in range(count):
                _append_one(one, subject, actor)
        except Exception as error:  # noqa: BLE001 - said here, and by the process's exit code
            sys.stderr.write(f"a writer failed: {error!r}\n")
            failed.append(error)
            barrier.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(bool(failed))


def _append_one(one: Any, subject: str, actor: Actor) -> None:
    """Append; on SQLite, whose writers wait for one another without a queue, again when it waited in vain."""
    while True:
        try:
            with transaction.atomic():
                return one(subject, actor)
        except OperationalError:
            if connection.vendor == "postgresql":
                raise


def rate(one: Any, count: int) -> float:
    """Return the events per second of 32 writers that write ``count`` each."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(WRITERS + 1)
    writers = [context.Process(target=_write, args=(one, number, count, barrier)) for number in range(PROCESSES)]
    for writer in writers:
        writer.start()
    barrier.wait(READY_SECONDS)
    began = time.perf_counter()
    for writer in writers:
        writer.join()
    seconds = time.perf_counter() - began
    if any(writer.exitcode for writer in writers):
        raise RuntimeError("a writer failed")
    return WRITERS * count / seconds


def start_sequencer(home: Path) -> int:
    """Fork the sequencer; it ends on SIGTERM."""
    connections.close_all()
    if pid := os.fork():
        return pid
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    Loop(Sequencer(keyring.load(home), Memory(home / "ledger" / "checkpoint")), [], stopping).run()
    os._exit(0)


def append(count: int, runs: int, home: Path, binaries: Path | None) -> tuple[list[Row], list[str]]:
    """Compare; ``count`` events a writer. ``binaries`` are PostgreSQL's. Returns the rows and what else was seen."""
    keyring.create(home, "bench/log")
    make_chain()
    sequencer = start_sequencer(home)
    by_django = partial(rate, count=count)
    sides = {"append-django" if binaries else "append-sqlite": (partial(by_django, log), partial(by_django, chain))}
    if binaries:
        by_clients = partial(ledger_clients.rate, binaries / "pgbench", clients=WRITERS, count=count)
        sides = {"append": tuple(partial(by_clients, script) for script in _scripts(home)), **sides}
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    try:
        for _ in range(runs):
            for name, (ours, peer) in sides.items():
                measured[name].append((ours(), peer()))
        written = runs * WRITERS * (count * len(sides) + 1)
        notes = [*_lag(), _whole(written), approvals(APPROVALS, home)]
    finally:
        os.kill(sequencer, signal.SIGTERM)
        os.waitpid(sequencer, 0)
    rows_found = [
        row(name, *map(list, zip(*pairs, strict=True)), unit="entries/s", same=None, peer_name=PEER)
        for name, pairs in measured.items()
    ]
    return rows_found, notes


def _scripts(home: Path) -> tuple[Path, Path]:
    actor = Actor.system("bench")
    ours, peer = home / "append.sql", home / "chain.sql"
    ours.write_text(ledger_clients.appending(lambda subject: log(subject, actor)))
    peer.write_text(ledger_clients.chaining(document(ledger_clients.SUBJECT, actor)))
    return ours, peer


def _whole(added: int) -> str:
    _wait_until_empty()
    size, kept = rows.last_checkpoint(rows.last_log()).head.size, _one("SELECT COUNT(*) FROM ledger_event")
    return (
        f"append: {added} written by the writers, {kept} kept, {size} signed: {'none lost' if kept == size else 'LOST'}"
    )


def _lag() -> list[str]:
    """Return the time from commit to checkpoint of events that one writer adds at 1,000 a second, as far as it can."""
    actor, committed = Actor.system("bench"), {}
    watching, found = os.pipe()
    connections.close_all()
    watcher = os.fork()
    if not watcher:
        _watch_checkpoints(found)
    os.close(found)
    began = time.perf_counter()
    for number in range(SECONDS * STEADY):
        pause = began + number / STEADY - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        with transaction.atomic():
            log(f"run:{uuid.UUID(int=number % 64)}", actor)
            event = _one(
                "SELECT lastval()" if connection.vendor == "postgresql" else "SELECT max(id) FROM ledger_event"
            )
        committed[event] = time.perf_counter()
    took = time.perf_counter() - began
    _wait_until_empty()
    os.kill(watcher, signal.SIGTERM)
    os.waitpid(watcher, 0)
    with os.fdopen(watching) as lines:
        signed = [(float(at), int(size)) for at, size in map(str.split, lines)]
    place = dict(_all("SELECT event_id, seq FROM ledger_leaf WHERE event_id >= %s", [min(committed)]))
    sizes = [size for _, size in signed]
    seen = sorted(signed[bisect.bisect_right(sizes, place[event])][0] - at for event, at in committed.items())
    p50, p99 = statistics.median(seen), seen[int(len(seen) * 0.99)]
    return [f"commit to checkpoint at {len(seen) / took:,.0f}/s: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"]


def _watch_checkpoints(found: int) -> None:
    """Write the time at which each size of the log is first seen, until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    last = -1
    with os.fdopen(found, "w") as lines:
        while not stopping.wait(0.002):
            size = _one("SELECT max(size) FROM ledger_checkpoint") or 0
            if size != last:
                lines.write(f"{time.perf_counter()} {size}\n")
                last = size
    os._exit(0)


def _all(sql: str, values: Any = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _one(sql: str) -> Any:
    return _all(sql)[0][0]


def _wait_until_empty() -> None:
    deadline = time.monotonic() + 120
    while queue.waits() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
