"""Do to a database what its administrator could: drop triggers, and change what they kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


def run(sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def unguarded(*tables: str) -> Iterator[None]:
    """Take the triggers of tables away for a moment; afterwards they are there as before."""
    if connection.vendor == "postgresql":
        for table in tables:
            run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            for (name,) in run(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
            ):
                run(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        return
    of_table = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    kept = [row for table in tables for row in run(of_table, [table])]
    for name, _ in kept:
        run(f"DROP TRIGGER {name}")
    yield
    for _, statement in kept:
        run(statement.replace("%", "%%"))


def drop_trigger(table: str, name: str) -> None:
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    run(f"DROP TRIGGER {name}{on}")


def copy_row(table: str, where: str, **changes: str) -> None:
    """Insert a copy of a row with other values (SQL text) in some columns."""
    with connection.cursor() as cursor:
        names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    shown = ", ".join(changes.get(name, f'"{name}"') for name in names)
    run(f"INSERT INTO {table} ({', '.join(names)}) SELECT {shown} FROM {table} WHERE {where}")  # noqa: S608
