"""Every append-only table, on both databases: rows can be added and read, and nothing else, whoever asks and how."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from governance.exports.verify import APPEND_ONLY, GUARDS
from registry.ledger.append import leaf_hash
from registry.ledger.guards import declared, problems

KEYS = {
    "ledger_leaf": "log_id, seq",
    "ledger_tile": "log_id, level, idx",
    "ledger_checkpoint": "log_id, size",
    "ledger_cosignature": "log_id, size, witness",
    "ledger_envelope": "digest, key",
    "registry_releasemanifest": "digest",
    "governance_policy": "digest",
}


def run(sql: str, parameters=()) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def refused(sql: str, parameters=()) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(sql, parameters)
    return str(caught.value)


def columns(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
        return [
            (column.name, connection.introspection.get_field_type(column.type_code, column)) for column in described
        ]


NUMBERS = (
    "IntegerField", "BigIntegerField", "PositiveIntegerField", "PositiveBigIntegerField", "SmallIntegerField",
    "PositiveSmallIntegerField", "BigAutoField", "AutoField",
)  # fmt: skip
TEXT = "1" * 8
SAMPLES: dict[str, object] = {
    "BinaryField": leaf_hash(TEXT.encode()),
    "UUIDField": "11111111-1111-4111-8111-111111111111",
    "DateTimeField": "2026-01-01 00:00:00+00:00",
    "BooleanField": True,
    "JSONField": "[]",
    "FloatField": 1.0,
    **dict.fromkeys(NUMBERS, 1),
}
OTHERS: dict[str, object] = {
    **SAMPLES,
    "UUIDField": "22222222-2222-4222-8222-222222222222",
    **dict.fromkeys(NUMBERS, 2),
}


@pytest.fixture
def filled(db) -> Callable[[str], None]:
    """Return a function that puts one row into a table; what it refers to need not exist (nothing is committed)."""

    def fill(table: str) -> None:
        described = columns(table)
        names = ", ".join(f'"{name}"' for name, _ in described)
        values = [SAMPLES.get(kind, TEXT) for _, kind in described]
        run(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(values))})", values)  # noqa: S608

    return fill


def first_key(table: str) -> str:
    return KEYS.get(table, "id").partition(",")[0]


def count(table: str) -> int:
    return run(f"SELECT COUNT(*) FROM {table}")[0][0]  # noqa: S608


@pytest.fixture(autouse=True)
def constraints(monkeypatch):
    """The rows of these tests refer to nothing: the constraints would only be looked at when they are committed."""
    monkeypatch.setattr(connection, "check_constraints", lambda *_: None)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_can_be_added_and_read_but_not_changed_or_removed(filled, table):
    filled(table)
    key = first_key(table)
    other = next(name for name, _ in columns(table) if name != key)
    for statement in (f'UPDATE {table} SET "{other}" = "{other}"', f"UPDATE {table} SET {key} = {key}"):  # noqa: S608
        assert f"{table} is append-only: UPDATE is refused" in refused(statement)
    assert f"{table} is append-only: DELETE is refused" in refused(f"DELETE FROM {table}")  # noqa: S608
    assert count(table) == 1


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_is_not_changed_by_the_conflict_of_an_insert(filled, table):
    filled(table)
    key, first = KEYS.get(table, "id"), first_key(table)
    again = f"INSERT INTO {table} SELECT * FROM {table} WHERE true"  # noqa: S608
    statement = f"{again} ON CONFLICT ({key}) DO UPDATE SET {first} = {table}.{first}"
    assert "is append-only" in refused(statement)
    assert count(table) == 1


def unique_columns(table: str) -> list[list[str]]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table).values()
    return [one["columns"] for one in constraints if one["unique"] and not one["primary_key"]]


def _twin(table: str, names: list[str]) -> tuple[str, list[object]]:
    """Return the statement that replaces the row by another one with equal values in these columns only."""
    described = columns(table)
    quoted = ", ".join(f'"{name}"' for name, _ in described)
    shown = ", ".join(f'"{name}"' if name in names else "%s" for name, _ in described)
    others = [OTHERS.get(kind, "2" * 8) for name, kind in described if name not in names]
    return f"REPLACE INTO {table} ({quoted}) SELECT {shown} FROM {table}", others  # noqa: S608


def _replacing(table: str) -> None:
    for recursive in (0, 1):
        run(f"PRAGMA recursive_triggers = {recursive}")
        for verb in ("REPLACE", "INSERT OR REPLACE"):
            assert "is append-only" in refused(f"{verb} INTO {table} SELECT * FROM {table}")  # noqa: S608
        for verb in ("UPDATE OR REPLACE", "UPDATE OR IGNORE"):
            key = first_key(table)
            assert "is append-only" in refused(f"{verb} {table} SET {key} = {key}")
        for names in unique_columns(table):
            assert "REPLACE is refused" in refused(*_twin(table, names))
    run("PRAGMA recursive_triggers = 0")


def _as_replica(table: str) -> None:
    run("SET LOCAL session_replication_role = replica")
    assert "DELETE is refused" in refused(f"DELETE FROM {table}")  # noqa: S608
    run("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_ways_around_the_triggers_that_a_database_has_are_closed(filled, table):
    filled(table)
    {"sqlite": _replacing, "postgresql": _as_replica}[connection.vendor](table)
    assert count(table) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_an_empty_table_cannot_even_be_truncated(table, role):
    if connection.vendor == "postgresql":
        run(f"SET LOCAL session_replication_role = {role}")
        assert "is append-only: TRUNCATE is refused" in refused(f"TRUNCATE {table} CASCADE")
    else:
        assert 'near "TRUNCATE": syntax error' in refused(f"TRUNCATE {table}")


@pytest.mark.django_db
@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_leaf_has_32_bytes(length):
    sql = "INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES ('{}', %s, 'a', 'b', 'c', 'd')"
    assert "leaf" in refused(sql, [b"\x00" * length])


@pytest.mark.django_db
def test_all_triggers_are_there_as_the_migrations_made_them_and_cover_each_table():
    assert problems() == problems(only_applied=True) == []
    verbs = {"sqlite": ("update", "delete", "replace"), "postgresql": ("row", "all")}[connection.vendor]
    names = {trigger.name for trigger in declared()}
    assert {f"{table}_{verb}" for table in APPEND_ONLY for verb in verbs} <= names
    assert all(any(name.startswith(guard) for name in names) for guard in GUARDS)
