"""The tables of the tree, in plain SQL: what the sequencer reads and writes, thousands of rows at a time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from registry.ledger import note as notes
from registry.ledger.paths import Prover
from registry.ledger.tree import Tile, TileReader, TreeHead, with_partials

LOCK = 0x50524F42  # "PROB": this product's number among the advisory locks of a PostgreSQL database


@dataclass(frozen=True, slots=True)
class Log:
    """One log of this database: its number, from 1 on, and its origin."""

    number: int
    origin: str

    @property
    def subject(self) -> str:
        """What events about the log itself are about."""
        return f"log:{self.origin}"


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as it is kept: size and root as columns, and the signed note."""

    head: TreeHead
    note: str

    @property
    def text(self) -> bytes:
        """What the note's signatures are about."""
        return notes.parse(self.note.encode()).text


def _rows(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _many(sql: str, values: Iterable[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(values))


def try_lock() -> bool:
    """Take the sequencer's lock until the transaction ends; on SQLite the transaction itself is that lock."""
    return connection.vendor == "sqlite" or bool(_rows("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])[0][0])


def last_log() -> Log | None:
    """Return the log that is written now, None before the first step."""
    found = _rows("SELECT id, origin FROM ledger_log ORDER BY id DESC LIMIT 1")
    return Log(*found[0]) if found else None


def logs() -> list[Log]:
    """Return all logs, in their order."""
    return [Log(*row) for row in _rows("SELECT id, origin FROM ledger_log ORDER BY id")]


def add_log(log: Log) -> Log:
    """Begin a log."""
    _many("INSERT INTO ledger_log (id, origin) VALUES (%s, %s)", [(log.number, log.origin)])
    return log


def add_tiles(log: Log, tiles: Sequence[Tile]) -> None:
    """Keep full tiles, in one statement."""
    if tiles:
        places = ", ".join(["(%s, %s, %s, %s)"] * len(tiles))
        values = [value for tile in tiles for value in (log.number, tile.level, tile.index, tile.hashes)]
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO ledger_tile (log_id, level, idx, hashes) VALUES {places}", values)  # noqa: S608


def add_checkpoint(log: Log, head: TreeHead, note: str) -> None:
    """Keep a signed checkpoint."""
    sql = "INSERT INTO ledger_checkpoint (log_id, size, root, note) VALUES (%s, %s, %s, %s)"
    _many(sql, [(log.number, head.size, head.root, note)])


def last_checkpoint(log: Log, *, upto: int | None = None) -> StoredCheckpoint | None:
    """Return the newest checkpoint of a log (of at most ``upto`` leaves), None before the first."""
    return _checkpoint("size <= %s ORDER BY size DESC", [log.number, upto if upto is not None else 2**62])


def last_cosigned_checkpoint(log: Log) -> StoredCheckpoint | None:
    """Return the newest checkpoint that any witness has cosigned."""
    has_one = "SELECT size FROM ledger_cosignature c WHERE c.log_id = %s ORDER BY size DESC LIMIT 1"
    return _checkpoint(f"size = ({has_one})", [log.number, log.number])


def first_checkpoint(log: Log, seq: int) -> StoredCheckpoint | None:
    """Return the oldest checkpoint whose tree holds the leaf ``seq``, None if there is none yet."""
    return _checkpoint("size > %s ORDER BY size", [log.number, seq])


def _checkpoint(where: str, values: Sequence[Any]) -> StoredCheckpoint | None:
    where = where if "LIMIT" in where else f"{where} LIMIT 1"
    found = _rows(f"SELECT size, root, note FROM ledger_checkpoint WHERE log_id = %s AND {where}", values)  # noqa: S608
    return StoredCheckpoint(TreeHead(found[0][0], bytes(found[0][1])), found[0][2]) if found else None


def cosignatures(log: Log, size: int) -> list[str]:
    """Return the signature lines of the witnesses of a checkpoint, by witness."""
    sql = "SELECT line FROM ledger_cosignature WHERE log_id = %s AND size = %s ORDER BY witness"
    return [row[0] for row in _rows(sql, [log.number, size])]


def missing_cosignatures(log: Log, size: int, witnesses: Sequence[str]) -> frozenset[str]:
    """Return those of the witnesses that have not cosigned the checkpoint of a size."""
    sql = "SELECT witness FROM ledger_cosignature WHERE log_id = %s AND size = %s"
    return frozenset(witnesses) - {row[0] for row in _rows(sql, [log.number, size])}


def add_cosignature(log: Log, size: int, witness: str, line: str) -> None:
    """Keep what a witness signed."""
    sql = "INSERT INTO ledger_cosignature (log_id, size, witness, line) VALUES (%s, %s, %s, %s)"
    _many(sql, [(log.number, size, witness, line)])


def place_of(number: int) -> tuple[Log, int] | None:
    """Return the log and the place of an event, None while it waits for one."""
    sql = "SELECT g.id, g.origin, l.seq FROM ledger_leaf l JOIN ledger_log g ON g.id = l.log_id WHERE l.event_id = %s"
    found = _rows(sql, [number])
    return (Log(found[0][0], found[0][1]), found[0][2]) if found else None


def kind_of_leaf(log: Log, seq: int) -> str:
    """Return the kind of the event at a place of a log."""
    sql = "SELECT e.kind FROM ledger_leaf l JOIN ledger_event e ON e.id = l.event_id WHERE l.log_id = %s AND l.seq = %s"
    return str(_rows(sql, [log.number, seq])[0][0])


class EntryGoneError(RuntimeError):
    """A place in the tree whose event is not in the database any more: somebody removed it behind the record's back."""

    code = "entry_gone"


def bodies(log: Log, start: int, count: int) -> list[bytes]:
    """Return the texts of ``count`` entries of a log from ``start`` on; raises EntryGoneError when one is not there."""
    sql = (
        "SELECT l.seq, e.body FROM ledger_leaf l JOIN ledger_event e ON e.id = l.event_id "
        "WHERE l.log_id = %s AND l.seq >= %s AND l.seq < %s ORDER BY l.seq"
    )
    found = _rows(sql, [log.number, start, start + count])
    if len(found) != count:
        there = {row[0] for row in found}
        gone = next(seq for seq in range(start, start + count) if seq not in there)
        raise EntryGoneError(f"The event of entry {gone} of {log.origin} is not in the database any more.")
    return [row[1].encode() for row in found]


def leaf_reader(log: Log) -> Callable[[int, int], list[bytes]]:
    """Return a reader of leaf hashes: (start, count) → hashes in order."""

    def read(start: int, count: int) -> list[bytes]:
        sql = (
            "SELECT e.leaf_hash FROM ledger_leaf l JOIN ledger_event e ON e.id = l.event_id "
            "WHERE l.log_id = %s AND l.seq >= %s AND l.seq < %s ORDER BY l.seq"
        )
        return [bytes(row[0]) for row in _rows(sql, [log.number, start, start + count])]

    return read


def tile_reader(log: Log) -> Callable[[int, int], bytes]:
    """Return a reader of full tiles: (level, index) → 8192 bytes, or nothing where there is none."""

    def read(level: int, index: int) -> bytes:
        sql = "SELECT hashes FROM ledger_tile WHERE log_id = %s AND level = %s AND idx = %s"
        found = _rows(sql, [log.number, level, index])
        return bytes(found[0][0]) if found else b""

    return read


def any_tile_reader(log: Log) -> TileReader:
    """Return a reader of full and partial tiles."""
    return with_partials(tile_reader(log), leaf_reader(log))


def prover(log: Log, size: int) -> Prover:
    """Return what proves things of the log's tree as it was at a size."""
    return Prover(size, any_tile_reader(log))
