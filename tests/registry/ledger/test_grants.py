import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from governance.exports.documents import tables
from registry.ledger.grants import GrantError, apply, excesses, statements

ROLES = {"app": "grants_app", "sequencer": "grants_sequencer", "owner": "grants_owner"}
BODY = "'{}', sha256('\\x00'::bytea || '{}'::bytea), 'a.b', 'a:1', 'x', 'now'"
ADD = f"INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES ({BODY})"  # noqa: S608 - fixed text
CHOOSE = ADD.replace("(body", "(id, body").replace("VALUES (", "OVERRIDING SYSTEM VALUE VALUES (99, ")

postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles")


@pytest.fixture
def _granted(db):
    apply(statements(**ROLES, documents=tables()))
    with connection.cursor() as cursor:
        cursor.execute(ADD.replace("'a:1'", "'a:0'"))
        cursor.execute("INSERT INTO ledger_log (id, origin) VALUES (1, 'one')")
        cursor.execute("GRANT USAGE ON SCHEMA public TO grants_app, grants_sequencer")


def run_as(role, statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)
        cursor.execute("RESET ROLE")


ALLOWED = {
    "app": (ADD, "SELECT body FROM ledger_event", "SELECT note FROM ledger_checkpoint"),
    "sequencer": (
        "SELECT event_id FROM ledger_pending",
        "INSERT INTO ledger_log (id, origin) VALUES (2, 'another')",
        "INSERT INTO ledger_leaf (log_id, seq, event_id) SELECT 1, 0, min(id) FROM ledger_event",
        "INSERT INTO ledger_checkpoint (log_id, size, root, note) VALUES (1, 1, 'r', 'n')",
        "INSERT INTO ledger_tile (log_id, level, idx, hashes) VALUES (1, 0, 0, 'h')",
        "DELETE FROM ledger_pending",
        "INSERT INTO ledger_envelope (digest, key, event_id, about, payload, signature) VALUES ('', '', 1, '', '', '')",
        *(f"SELECT 1 FROM {table}" for table in tables()),  # noqa: S608 - our own tables
    ),
}
REFUSED = {
    "app": (
        CHOOSE,
        "UPDATE ledger_event SET body = '[]'",
        "DELETE FROM ledger_event",
        "TRUNCATE ledger_event CASCADE",
        "DELETE FROM ledger_pending",
        "INSERT INTO ledger_leaf (log_id, seq, event_id) SELECT 1, 0, min(id) FROM ledger_event",
        "INSERT INTO ledger_checkpoint (log_id, size, root, note) VALUES (1, 1, 'r', 'n')",
        "INSERT INTO ledger_envelope (digest, key, event_id, about, payload, signature) VALUES ('', '', 1, '', '', '')",
        "ALTER TABLE ledger_event DISABLE TRIGGER ALL",
    ),
    "sequencer": (ADD, "UPDATE ledger_checkpoint SET note = ''", "DELETE FROM ledger_leaf", "SELECT 1 FROM auth_user"),
}


@postgres
@pytest.mark.usefixtures("_granted")
@pytest.mark.parametrize(("role", "statement"), [(role, one) for role, all_ in ALLOWED.items() for one in all_])
def test_a_role_can_do_what_it_needs(role, statement):
    run_as(ROLES[role], statement)


@postgres
@pytest.mark.usefixtures("_granted")
@pytest.mark.parametrize(("role", "statement"), [(role, one) for role, all_ in REFUSED.items() for one in all_])
def test_a_role_can_do_no_more(role, statement):
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner|cannot insert"):
        run_as(ROLES[role], statement)


@postgres
@pytest.mark.usefixtures("_granted")
def test_the_look_at_the_connected_role_names_what_is_too_much():
    assert any("superuser" in line for line in excesses())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE grants_app")
        assert list(excesses()) == []
        cursor.execute("RESET ROLE")
        cursor.execute("GRANT DELETE ON ledger_event TO grants_app")
        cursor.execute("SET LOCAL ROLE grants_app")
        assert list(excesses()) == ["grants_app holds DELETE on ledger_event."]
        cursor.execute("SET LOCAL ROLE grants_owner")
        assert any("switch its triggers off" in line for line in excesses())


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a database without roles")
def test_a_database_without_roles_is_told_so():
    with pytest.raises(CommandError, match="whoever owns its file can change it"):
        call_command("ledger_grants", "--apply", stdout=io.StringIO())
    assert list(excesses()) == []


@pytest.mark.parametrize("name", ['x"; DROP', "", "Probity", "ä"])
def test_a_name_that_would_need_care_is_refused(name):
    with pytest.raises(GrantError, match="no name for a role"):
        statements(app=name, sequencer="b", owner="c")


def test_two_roles_cannot_be_one():
    with pytest.raises(GrantError, match="three roles"):
        statements(app="a", sequencer="a", owner="c")
