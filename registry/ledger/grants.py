"""What each PostgreSQL role may do with the ledger's tables: as SQL to run, and as a look at what holds now."""

import re
from collections.abc import Iterator, Sequence

from django.db import connection, transaction

APPENDED = ("body", "leaf_hash", "kind", "subject", "actor", "at")
TREE = (
    *("ledger_log", "ledger_leaf", "ledger_tile", "ledger_checkpoint", "ledger_cosignature"),
    "ledger_envelope",
)
TABLES = ("ledger_event", "ledger_head", "ledger_pending", *TREE)
FUNCTIONS = ("ledger_enqueue()", "probity_append_only()")
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
CHANGES = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")


class GrantError(ValueError):
    """The grants cannot be made: the database knows no roles, or a role's name is none that we would quote."""

    code = "ledger_grants"


def _named(role: str) -> str:
    if not NAME.fullmatch(role):
        raise GrantError(f"{role!r} is no name for a role here: lower-case letters, digits and _, 63 at most")
    return f'"{role}"'


def statements(*, app: str, sequencer: str, owner: str, documents: Sequence[str] = ()) -> list[str]:
    """Return the SQL that gives the tables to ``owner`` (who cannot log in) and each role the least that it needs.

    The application adds events, column by column (with the table's INSERT it could choose their numbers) and keeps
    heads; the sequencer alone writes the tree, and reads the tables of ``documents``, which it publishes and attests.
    Run as a superuser or the present owner. Raises GrantError.
    """
    app, sequencer, owner = _named(app), _named(sequencer), _named(owner)
    if len({app, sequencer, owner}) != 3:  # noqa: PLR2004 - the three roles
        raise GrantError("the application, the sequencer and the owner are three roles; two have one name")
    both = f"{app}, {sequencer}"
    columns = ", ".join(f'"{name}"' for name in APPENDED)
    return [
        *(_role(name, login=name != owner) for name in (owner, app, sequencer)),
        *(f"ALTER TABLE {table} OWNER TO {owner};" for table in TABLES),
        *(f"ALTER FUNCTION {function} OWNER TO {owner};" for function in FUNCTIONS),
        *(f"REVOKE ALL ON {table} FROM PUBLIC, {both};" for table in TABLES),
        *(f"GRANT SELECT ON {table} TO {both};" for table in TABLES),
        f"GRANT INSERT ({columns}) ON ledger_event TO {app};",
        f"GRANT INSERT, UPDATE ON ledger_head TO {app};",
        f"GRANT DELETE ON ledger_pending TO {sequencer};",
        *(f"GRANT INSERT ON {table} TO {sequencer};" for table in TREE),
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {sequencer};",
        *(f"GRANT SELECT ON {_named(table)} TO {sequencer};" for table in documents),
    ]


def _role(name: str, *, login: bool) -> str:
    """Return SQL that makes a role unless there is one; whoever may log in is given a password elsewhere."""
    plain = name.strip('"')
    kind = "LOGIN" if login else "NOLOGIN"
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{plain}') "
        f"THEN CREATE ROLE {name} {kind}; END IF; END $$;"
    )


def apply(lines: Sequence[str]) -> None:
    """Run the statements in one transaction; raises GrantError on SQLite, which has no roles."""
    if connection.vendor != "postgresql":
        raise GrantError("this database is SQLite, which has no roles: whoever owns its file can change it")
    with transaction.atomic(), connection.cursor() as cursor:
        for line in lines:
            cursor.execute(line)


def excesses() -> Iterator[str]:
    """Yield a sentence for each thing that the connected role can do with the ledger's tables, but should not."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")
        user, is_superuser = cursor.fetchone()
        if is_superuser:
            yield f"{user} is a superuser, who can do everything with the ledger's tables."
            return
        for table in TABLES:
            yield from _excesses_of(cursor, user, table)


def _excesses_of(cursor: object, user: str, table: str) -> Iterator[str]:
    forbidden = set(CHANGES) - ({"UPDATE"} if table == "ledger_head" else set())
    forbidden |= {"INSERT"} if table in {"ledger_event", "ledger_pending", *TREE} else set()
    held = [name for name in sorted(forbidden) if _one(cursor, "has_table_privilege(%s, %s)", [table, name])]
    if held:
        yield f"{user} holds {', '.join(held)} on {table}."
    owner = "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = %s::regclass"
    if _one(cursor, f"({owner})", [table]):
        yield f"{user} can act as the owner of {table}, and so switch its triggers off."


def _one(cursor: object, expression: str, values: list[str]) -> bool:
    cursor.execute(f"SELECT {expression}", values)  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]
