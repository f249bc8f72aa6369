"""Sequencing a backlog beside COPY: the same leaf rows alone, into a table of the same columns and keys."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction
from measuring import Row, row, wall

from registry.ledger import keyring, rows
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer

BODY = '{{"actor":{{"auth":"bench","role":"system"}},"data":{{"n":{}}},"kind":"bench.happened","pad":"{}"}}'
PAD = "x" * 300
BLOCK = 50_000
NAMES = {
    "postgresql": ("sequence", "COPY of the same leaf rows"),
    "sqlite": ("sequence-sqlite", "INSERT of the same leaf rows"),
}


def _events(start: int, end: int) -> Iterator[tuple[str, bytes, str]]:
    for number in range(start, end):
        body = BODY.format(number, PAD)
        yield body, hashlib.sha256(b"\x00" + body.encode()).digest(), f"bench:{number % 1000}"


def fill(count: int) -> None:
    """Put events into the table, and by its trigger into the queue."""
    columns = "(body, leaf_hash, kind, subject, actor, at)"
    for start in range(0, count, BLOCK):
        events = _events(start, min(start + BLOCK, count))
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                lines = (
                    f"{body}\t\\\\x{leaf.hex()}\tbench.happened\t{subject}\tx\tnow\n" for body, leaf, subject in events
                )
                cursor.copy_expert(f"COPY ledger_event {columns} FROM STDIN", io.StringIO("".join(lines)))
            else:
                values = "VALUES (%s, %s, 'bench.happened', %s, 'x', 'now')"
                cursor.executemany(f"INSERT INTO ledger_event {columns} {values}", events)


def _sequenced(home: Path) -> int:
    sequencer = Sequencer(keyring.load(home), Memory(home / "ledger" / "checkpoint"))
    added = 0
    while signed := sequencer.step():
        added += signed.added
    return added


def _copied(log: int, size: int, count: int) -> float:
    """Put the same leaf rows into the other table, and return the seconds that this took."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT seq, event_id FROM ledger_leaf WHERE seq >= %s ORDER BY seq", [size - count])
        leaves = cursor.fetchall()
        if connection.vendor == "postgresql":
            text = io.StringIO("".join(f"{log}\t{seq}\t{event}\n" for seq, event in leaves))
            return wall(lambda: cursor.copy_expert("COPY bench_leaf (log_id, seq, event_id) FROM STDIN", text))[0]
        values = [(log, seq, event) for seq, event in leaves]
        return wall(lambda: cursor.executemany("INSERT INTO bench_leaf VALUES (%s, %s, %s)", values))[0]


def _make_copy() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE bench_leaf (LIKE ledger_leaf INCLUDING ALL)")
        else:
            keys = "UNIQUE (event_id), PRIMARY KEY (log_id, seq)"
            cursor.execute(f"CREATE TABLE bench_leaf (log_id integer, seq bigint, event_id bigint, {keys})")


def sequence(count: int, runs: int, home: Path) -> Row:
    """Compare; ``count`` entries a run."""
    if not keyring.place(home).exists():
        keyring.create(home, "bench/log")
    _sequenced(home)
    _make_copy()
    ours, peer, same = [], [], True
    for _ in range(runs):
        fill(count)
        seconds, added = wall(lambda: _sequenced(home))
        log = rows.last_log()
        size = rows.last_checkpoint(log).head.size
        ours.append(count / seconds)
        peer.append(count / _copied(log.number, size, count))
        same = same and added == count and _equal(size - count)
    name, peer_name = NAMES[connection.vendor]
    return row(name, ours, peer, unit="entries/s", same=same, peer_name=peer_name)


def _equal(start: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT log_id, seq, event_id FROM ledger_leaf WHERE seq >= %s "
            "EXCEPT SELECT log_id, seq, event_id FROM bench_leaf) AS differing",
            [start],
        )
        return cursor.fetchone()[0] == 0
