"""A trigger that is gone, emptied or switched off is named; it is put back when asked to or after migrations."""

import io

import pytest
from django.core.management import call_command
from django.db import connection

from governance.exports.verify import verify
from governance.management.migrate import bring_up_to_date
from registry.ledger import read
from registry.ledger.guards import problems, reinstall
from tests.governance.exports.tamper import drop_trigger, run

pytestmark = pytest.mark.django_db
TABLE, GUARD = "governance_decision", "governance_promotion_is_decided"
NAME = {"sqlite": f"{TABLE}_update", "postgresql": f"{TABLE}_row"}[connection.vendor]
DROPPED = f"DROP TRIGGER {NAME}" + (f" ON {TABLE}" if connection.vendor == "postgresql" else "")
ALWAYS = f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {NAME}"
REFUSES = f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only: UPDATE is refused'); END"
FUNCTION = "probity_append_only() RETURNS trigger"
CALLS = "EXECUTE FUNCTION probity_append_only()"
WAYS = {
    "sqlite": {
        "no body": [DROPPED, f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} BEGIN SELECT 1; END"],
        "never": [DROPPED, f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} WHEN 0 {REFUSES}"],
        "one column": [DROPPED, f"CREATE TRIGGER {NAME} BEFORE UPDATE OF id ON {TABLE} {REFUSES}"],
        "afterwards": [DROPPED, f"CREATE TRIGGER {NAME} AFTER UPDATE ON {TABLE} {REFUSES}"],
    },
    "postgresql": {
        "never": [
            DROPPED,
            f"CREATE TRIGGER {NAME} BEFORE DELETE OR UPDATE ON {TABLE} FOR EACH ROW WHEN (false) {CALLS}",
            ALWAYS,
        ],
        "one column": [
            DROPPED,
            f"CREATE TRIGGER {NAME} BEFORE DELETE OR UPDATE OF id ON {TABLE} FOR EACH ROW {CALLS}",
            ALWAYS,
        ],
        "no deletion": [DROPPED, f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} FOR EACH ROW {CALLS}", ALWAYS],
        "disabled": [f"ALTER TABLE {TABLE} DISABLE TRIGGER {NAME}"],
        "not in replicas": [f"ALTER TABLE {TABLE} ENABLE TRIGGER {NAME}"],
        "only in replicas": [f"ALTER TABLE {TABLE} ENABLE REPLICA TRIGGER {NAME}"],
        "the rights of the function": ["ALTER FUNCTION probity_append_only() SECURITY DEFINER"],
        "an empty function": [
            f"CREATE OR REPLACE FUNCTION {FUNCTION} LANGUAGE plpgsql AS $$ BEGIN RETURN COALESCE(NEW, OLD); END $$",
        ],
    },
}[connection.vendor]


def found() -> list[tuple[str, str]]:
    return [(one.trigger.name, one.code) for one in problems()]


@pytest.mark.parametrize("way", WAYS)
def test_a_trigger_that_keeps_its_name_but_not_its_body_is_named_and_can_be_put_back(way):
    for statement in WAYS[way]:
        run(statement)
    assert (NAME, "trigger_changed") in found()
    assert {code for _, code in found()} == {"trigger_changed"}
    faults = [fault.message for fault in verify().faults]
    assert [one.message() for one in reinstall()] == faults
    assert any(NAME in message for message in faults)
    assert found() == []


def test_what_is_missing_is_put_back_by_the_command_alone_and_recorded():
    run(DROPPED)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("triggers", stdout=out)
    assert ended.value.code == 1
    assert f"the trigger {NAME} on {TABLE} is missing" in out.getvalue()
    assert found() == [(NAME, "trigger_missing")]
    call_command("triggers", install=True, stdout=out)
    assert found() == []
    [entry] = read.entries(kind="triggers.reinstalled")
    assert entry.document()["data"] == {"missing": [NAME], "changed": [], "before_migrations": []}
    assert verify().faults == ()
    call_command("triggers", stdout=out)
    assert "triggers are there, as the migrations made them" in out.getvalue()


def test_migrations_put_back_what_they_dropped_and_keep_what_was_wrong_before(monkeypatch):
    other = GUARD if connection.vendor == "postgresql" else f"{GUARD}_insert"
    run(DROPPED)
    said: list[str] = []
    bring_up_to_date(tell=said.append)
    assert found() == [(NAME, "trigger_missing")]  # nothing to migrate: it is told, and stays as it is
    assert len(said) == 1
    monkeypatch.setattr("governance.management.migrate.MigrationExecutor.migration_plan", lambda *_: ["one"])
    monkeypatch.setattr(
        "governance.management.migrate.call_command",
        lambda *_arguments, **_named: drop_trigger("governance_promotionrequest", other),
    )
    bring_up_to_date(tell=said.append)
    assert found() == []
    [entry] = read.entries(kind="triggers.reinstalled")
    assert sorted(entry.document()["data"]["missing"]) == sorted([NAME, other])
    assert entry.document()["data"]["before_migrations"] == [NAME]
