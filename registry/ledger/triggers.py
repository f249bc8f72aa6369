"""The triggers that keep tables append-only and states decided, as SQL for both databases; used by migrations."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.migrations import RunPython

# On PostgreSQL the triggers fire ALWAYS: a plain one is skipped under session_replication_role = replica.
_POSTGRES_REFUSE = """
CREATE OR REPLACE FUNCTION probity_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def _postgres_append_only(table: str) -> list[str]:
    refuse = "EXECUTE FUNCTION probity_append_only();"
    return [
        _POSTGRES_REFUSE,
        f"CREATE TRIGGER {table}_row BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_row;",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_all;",
    ]


def _unique_columns(table: str, key: str) -> list[tuple[str, ...]]:
    """Return the columns of every unique index of a SQLite table: REPLACE removes the row that any of them finds."""
    found = {(key,)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM pragma_index_list('{table}') WHERE \"unique\"")  # noqa: S608 - as below
        for (index,) in cursor.fetchall():
            cursor.execute(f"SELECT name FROM pragma_index_info('{index}') ORDER BY seqno")  # noqa: S608 - as below
            found.add(tuple(row[0] for row in cursor.fetchall()))
    return sorted(found)


def _sqlite_append_only(table: str, key: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {{}} is refused'); END;"
    same = " OR ".join(
        "(" + " AND ".join(f'"{name}" = NEW."{name}"' for name in names) + ")" for names in _unique_columns(table, key)
    )
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names from migrations
    return [
        f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} " + refuse.format("UPDATE"),
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} " + refuse.format("DELETE"),
        f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} WHEN {taken} " + refuse.format("REPLACE"),
    ]


def append_only(table: str, key: str = "id") -> RunPython:
    """Return the migration that lets rows of a table be added and read, and nothing else."""
    return _both(lambda: _postgres_append_only(table), lambda: _sqlite_append_only(table, key))


def guarded(table: str, *, name: str, when: str, message: str) -> RunPython:
    """Return the migration that refuses rows of a table for which ``when`` (SQL over NEW) is true."""
    raises = f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'"
    postgres = [
        f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF {when} THEN {raises}; END IF; RETURN NEW; END $$;""",
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};",
    ]
    sqlite = [
        f"CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END;"
        for event in ("INSERT", "UPDATE")
    ]
    return _both(lambda: postgres, lambda: sqlite)


def queue_events() -> RunPython:
    """Return the migration that queues every ledger event for the sequencer, whoever inserts it."""
    postgres = [
        """CREATE FUNCTION ledger_enqueue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
           SET search_path = pg_catalog AS $$
           BEGIN
               EXECUTE format('INSERT INTO %I.ledger_pending (event_id) VALUES ($1)', TG_TABLE_SCHEMA) USING NEW.id;
               RETURN NULL;
           END $$;""",
        """CREATE TRIGGER ledger_event_queue AFTER INSERT ON ledger_event
           FOR EACH ROW EXECUTE FUNCTION ledger_enqueue();""",
        "ALTER TABLE ledger_event ENABLE ALWAYS TRIGGER ledger_event_queue;",
        "ALTER TABLE ledger_event ADD CONSTRAINT ledger_event_leaf_length CHECK (octet_length(leaf_hash) = 32);",
    ]
    sqlite = [
        """CREATE TRIGGER ledger_event_queue AFTER INSERT ON ledger_event
           BEGIN INSERT INTO ledger_pending (event_id) VALUES (NEW.id); END;""",
        """CREATE TRIGGER ledger_event_leaf_length BEFORE INSERT ON ledger_event WHEN length(NEW.leaf_hash) <> 32
           BEGIN SELECT RAISE(ABORT, 'a leaf hash has 32 bytes'); END;""",
    ]
    return _both(lambda: postgres, lambda: sqlite)


def _both(postgres: Callable[[], list[str]], sqlite: Callable[[], list[str]]) -> RunPython:
    def apply(_apps: Any, schema_editor: Any) -> None:
        vendor = schema_editor.connection.vendor
        for statement in {"postgresql": postgres, "sqlite": sqlite}[vendor]():
            schema_editor.execute(statement, params=None)

    return RunPython(apply)


def installed() -> frozenset[str]:
    """Return the names of the triggers that the database has now."""
    queries = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor])
        return frozenset(row[0] for row in cursor.fetchall())


def expected(tables: Sequence[str], guards: Sequence[str]) -> frozenset[str]:
    """Return the names of the triggers that the database must have."""
    if connection.vendor == "postgresql":
        names = {f"{table}_{suffix}" for table in tables for suffix in ("row", "all")} | set(guards)
    else:
        names = {f"{table}_{suffix}" for table in tables for suffix in ("update", "delete", "replace")}
        names |= {f"{guard}_{event}" for guard in guards for event in ("insert", "update")}
        names |= {"ledger_event_leaf_length"}
    return frozenset(names | {"ledger_event_queue"})
