"""Whether the database still has the triggers that the migrations made, each with its own body; and put them back."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from registry.ledger.append import append
from registry.ledger.triggers import Trigger, Triggers
from registry.models.principal import Actor

SUBJECT = "installation:triggers"
_INSTALLED = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    # one text of everything that says what a trigger does; what is not as it always is spoils the comparison
    "postgresql": """
        SELECT c.relname, t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid, true), t.tgenabled, p.proname, l.lanname,
               p.prosecdef, p.proconfig, p.prosrc)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        JOIN pg_language l ON l.oid = p.prolang
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace""",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A trigger that is missing, or is not what the migrations made; ``code`` says which."""

    trigger: Trigger
    code: str

    def message(self) -> str:
        """Return the sentence that names it."""
        what = {"trigger_missing": "is missing", "trigger_changed": "does something else, or is switched off"}
        return (
            f"the trigger {self.trigger.name} on {self.trigger.table} {what[self.code]}: "
            "rows can be changed behind the record's back"
        )


def _plain(text: str) -> str:
    return " ".join(text.split()).removesuffix(";")


def _text_of(trigger: Trigger) -> str:
    """Return what the database must say of a trigger; see _INSTALLED."""
    if trigger.function is None:
        return _plain(trigger.create)
    one = trigger.function
    rights = "t {search_path=pg_catalog}" if one.definer else "f"
    return _plain(f"{trigger.create} A {one.name} plpgsql {rights} {one.source}")


def declared(*, only_applied: bool = False) -> list[Trigger]:
    """Return the triggers that the migrations make: those of this program, or only those applied to this database."""
    loader = MigrationLoader(connection if only_applied else None)
    order = dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf))
    found: dict[tuple[str, str], Trigger] = {}
    for key in order:
        if only_applied and key not in loader.applied_migrations:
            continue
        for operation in loader.graph.nodes[key].operations:
            if isinstance(operation, Triggers):
                found |= {(one.table, one.name): one for one in operation.triggers()}
    return list(found.values())


def installed() -> dict[tuple[str, str], str]:
    """Return what the database says of each trigger that it has, by table and name."""
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLED[connection.vendor])
        return {(table, name): _plain(text) for table, name, text in cursor.fetchall()}


def problems(*, only_applied: bool = False) -> list[Problem]:
    """Return the triggers that are missing or changed, in the order of the migrations."""
    there, found = installed(), []
    for trigger in declared(only_applied=only_applied):
        text = there.get((trigger.table, trigger.name))
        if text is None:
            found.append(Problem(trigger, "trigger_missing"))
        elif text != _text_of(trigger):
            found.append(Problem(trigger, "trigger_changed"))
    return found


@transaction.atomic
def reinstall(*, wrong_before: Iterable[Problem] = ()) -> list[Problem]:
    """Put back what is missing or changed and record it; return what that was.

    ``wrong_before`` is what was wrong before the migrations that have just run: it was not they who did that.
    """
    found, earlier = problems(), [one.trigger.name for one in wrong_before]
    with connection.cursor() as cursor:
        for one in found:
            for statement in (one.trigger.drop(), *one.trigger.statements()):
                cursor.execute(statement)
    if found or earlier:
        named = {code: [one.trigger.name for one in found if one.code == f"trigger_{code}"] for code in _CODES}
        append(
            "triggers.reinstalled",
            actor=Actor.system("command"),
            subject=SUBJECT,
            data={**named, "before_migrations": earlier},
        )
    return found


_CODES = ("missing", "changed")
