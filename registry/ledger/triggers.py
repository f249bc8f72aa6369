"""The triggers that keep tables append-only and states decided, as SQL for both databases; made by migrations.

A migration lists them, and what it lists is what the database must have from then on (see ``guards``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.migrations import RunPython


@dataclass(frozen=True, slots=True)
class Function:
    """What a trigger of PostgreSQL calls, in PL/pgSQL; as ``definer`` it runs with the rights of the tables' owner."""

    name: str
    source: str
    definer: bool = False

    def statement(self) -> str:
        """Return the SQL that makes it or replaces it."""
        rights = "SECURITY DEFINER SET search_path = pg_catalog" if self.definer else ""
        what = f"{self.name}() RETURNS trigger LANGUAGE plpgsql {rights}"
        return f"CREATE OR REPLACE FUNCTION {what} AS $${self.source}$$"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger. ``create`` is written as the database itself prints it, so that the two can be compared."""

    table: str
    name: str
    create: str
    function: Function | None = None

    def statements(self) -> list[str]:
        """Return the SQL that makes it.

        On PostgreSQL it fires ALWAYS: a plain one is skipped under session_replication_role = replica.
        """
        if self.function is None:
            return [self.create]
        always = f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}"
        return [self.function.statement(), self.create, always]

    def drop(self) -> str:
        """Return the SQL that removes it, if it is there."""
        return f"DROP TRIGGER IF EXISTS {self.name}{f' ON {self.table}' if self.function else ''}"


class Triggers(RunPython):
    """The migration that makes triggers, and ``more`` SQL that belongs to them."""

    def __init__(self, triggers: Callable[[], list[Trigger]], more: Callable[[], list[str]] = list) -> None:
        """Take what to make, asked for when it is made: it depends on the database and its tables."""
        self.triggers, self.more = triggers, more
        super().__init__(self._make)

    def _make(self, _apps: Any, schema_editor: Any) -> None:
        for trigger in self.triggers():
            for statement in (trigger.drop(), *trigger.statements()):
                schema_editor.execute(statement, params=None)
        for statement in self.more():
            schema_editor.execute(statement, params=None)


def _calling(table: str, name: str, when: str, function: Function, each: str = "ROW") -> Trigger:
    create = f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function.name}()"
    return Trigger(table, name, create, function)


def _chosen(postgres: Callable[[], list[Trigger]], sqlite: Callable[[], list[Trigger]]) -> Callable[[], list[Trigger]]:
    def chosen() -> list[Trigger]:
        return {"postgresql": postgres, "sqlite": sqlite}[connection.vendor]()

    return chosen


_REFUSE = Function(
    "probity_append_only",
    """
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END """,
)


def _postgres_append_only(table: str) -> list[Trigger]:
    return [
        _calling(table, f"{table}_row", "BEFORE DELETE OR UPDATE", _REFUSE),
        _calling(table, f"{table}_all", "BEFORE TRUNCATE", _REFUSE, each="STATEMENT"),
    ]


def _unique_columns(table: str, key: str) -> list[tuple[str, ...]]:
    """Return the columns of every unique index of a SQLite table: REPLACE removes the row that any of them finds.

    An integer primary key has no index: it is named by ``key``; "" stands for a key of several columns, which has one.
    """
    found = {(key,)} if key else set()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM pragma_index_list('{table}') WHERE \"unique\"")  # noqa: S608 - as below
        for (index,) in cursor.fetchall():
            cursor.execute(f"SELECT name FROM pragma_index_info('{index}') ORDER BY seqno")  # noqa: S608 - as below
            found.add(tuple(row[0] for row in cursor.fetchall()))
    return sorted(found)


def _sqlite_append_only(table: str, key: str) -> list[Trigger]:
    same = " OR ".join(
        "(" + " AND ".join(f'"{name}" = NEW."{name}"' for name in names) + ")" for names in _unique_columns(table, key)
    )
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names from migrations

    def refuse(verb: str, when: str) -> Trigger:
        name = f"{table}_{verb.lower()}"
        raises = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END"
        return Trigger(table, name, f"CREATE TRIGGER {name} {when} {raises}")

    return [
        refuse("UPDATE", f"BEFORE UPDATE ON {table}"),
        refuse("DELETE", f"BEFORE DELETE ON {table}"),
        refuse("REPLACE", f"BEFORE INSERT ON {table} WHEN {taken}"),
    ]


def append_only(table: str, key: str = "id") -> Triggers:
    """Return the migration that lets rows of a table be added and read, and nothing else."""
    return Triggers(_chosen(lambda: _postgres_append_only(table), lambda: _sqlite_append_only(table, key)))


def guarded(table: str, *, name: str, when: str, message: str) -> Triggers:
    """Return the migration that refuses rows of a table for which ``when`` (SQL over NEW) is true."""
    raises = f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'"
    function = Function(name, f"BEGIN IF {when} THEN {raises}; END IF; RETURN NEW; END ")

    def refuse(event: str) -> Trigger:
        raises = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        own = f"{name}_{event.lower()}"
        return Trigger(table, own, f"CREATE TRIGGER {own} BEFORE {event} ON {table} WHEN {when} {raises}")

    return Triggers(
        _chosen(
            lambda: [_calling(table, name, "BEFORE INSERT OR UPDATE", function)],
            lambda: [refuse("INSERT"), refuse("UPDATE")],
        )
    )


_ENQUEUE = """
BEGIN
    INSERT INTO SCHEMA.ledger_pending (event_id) VALUES (NEW.id);
    RETURN NULL;
END """
_ENQUEUE_LEAF = """
BEGIN
    IF NEW.leaf_hash <> sha256('\\x00'::bytea || convert_to(NEW.body, 'UTF8')) THEN
        RAISE EXCEPTION 'the leaf hash of a ledger event is not that of its text'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO SCHEMA.ledger_pending (event_id, leaf_hash) VALUES (NEW.id, NEW.leaf_hash);
    RETURN NULL;
END """


def _enqueue(source: str) -> Function:
    """Name the schema in the statement: PL/pgSQL then plans it once a session, which it cannot do for a text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
    return Function("ledger_enqueue", source.replace("SCHEMA", schema), definer=True)


def _postgres_queue(source: str) -> Callable[[], list[Trigger]]:
    return lambda: [_calling("ledger_event", "ledger_event_queue", "AFTER INSERT", _enqueue(source))]


def _sqlite_queue(insert: str) -> Trigger:
    create = f"CREATE TRIGGER ledger_event_queue AFTER INSERT ON ledger_event BEGIN {insert}; END"
    return Trigger("ledger_event", "ledger_event_queue", create)


_SQLITE_LENGTH = Trigger(
    "ledger_event",
    "ledger_event_leaf_length",
    "CREATE TRIGGER ledger_event_leaf_length BEFORE INSERT ON ledger_event WHEN length(NEW.leaf_hash) <> 32 "
    "BEGIN SELECT RAISE(ABORT, 'a leaf hash has 32 bytes'); END",
)
_POSTGRES_LEAF = "ALTER TABLE ledger_event ADD CONSTRAINT ledger_event_leaf_length CHECK (octet_length(leaf_hash) = 32)"


def queue_events() -> Triggers:
    """Return the migration that queues every ledger event for the sequencer, whoever inserts it."""
    insert = "INSERT INTO ledger_pending (event_id) VALUES (NEW.id)"
    return Triggers(
        _chosen(_postgres_queue(_ENQUEUE), lambda: [_sqlite_queue(insert), _SQLITE_LENGTH]),
        more=lambda: [_POSTGRES_LEAF] if connection.vendor == "postgresql" else [],
    )


def queue_leaves() -> Triggers:
    """Return the migration that queues every event with its leaf hash, as it was when it was inserted.

    PostgreSQL refuses an event whose leaf hash is not that of its text; SQLite cannot hash, and the sequencer does it.
    """
    insert = "INSERT INTO ledger_pending (event_id, leaf_hash) VALUES (NEW.id, NEW.leaf_hash)"
    return Triggers(_chosen(_postgres_queue(_ENQUEUE_LEAF), lambda: [_sqlite_queue(insert)]))
