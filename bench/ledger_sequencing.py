"""Sequencing a backlog beside COPY: the same leaf rows, into a table of the same columns, keys and triggers."""

import hashlib
import io
from pathlib import Path

from django.db import connection
from measuring import Row, row, wall

from registry.ledger import keyring, rows
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer

BODY = '{{"actor":{{"auth":"bench","role":"system"}},"data":{{"n":{}}},"kind":"bench.happened","pad":"{}"}}'
PAD = "x" * 300
BLOCK = 50_000


def fill(count: int) -> None:
    """Put events into the table, and by its trigger into the queue."""
    with connection.cursor() as cursor:
        for start in range(0, count, BLOCK):
            text = io.StringIO()
            for number in range(start, min(start + BLOCK, count)):
                body = BODY.format(number, PAD)
                leaf = hashlib.sha256(b"\x00" + body.encode()).hexdigest()
                text.write(f"{body}\t\\\\x{leaf}\tbench.happened\tbench:{number % 1000}\tx\tnow\n")
            text.seek(0)
            cursor.copy_expert("COPY ledger_event (body, leaf_hash, kind, subject, actor, at) FROM STDIN", text)


def _sequenced(home: Path) -> int:
    sequencer = Sequencer(keyring.load(home), Memory(home / "ledger" / "checkpoint"))
    added = 0
    while signed := sequencer.step():
        added += signed.added
    return added


def _copied(log: int, size: int, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, event_id FROM ledger_leaf WHERE seq >= %s ORDER BY seq", [size - count])
        text = io.StringIO("".join(f"{log}\t{seq}\t{event}\n" for seq, event in cursor.fetchall()))
        seconds, _ = wall(lambda: cursor.copy_expert("COPY bench_leaf (log_id, seq, event_id) FROM STDIN", text))
        return seconds


def _make_copy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_leaf (LIKE ledger_leaf INCLUDING ALL)")
        cursor.execute("ALTER TABLE bench_leaf ADD FOREIGN KEY (event_id) REFERENCES ledger_event (id)")


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
    return row("sequence", ours, peer, unit="entries/s", same=same, peer_name="COPY of the same leaf rows")


def _equal(start: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT log_id, seq, event_id FROM ledger_leaf WHERE seq >= %s "
            "EXCEPT SELECT log_id, seq, event_id FROM bench_leaf) AS differing",
            [start],
        )
        return cursor.fetchone()[0] == 0
