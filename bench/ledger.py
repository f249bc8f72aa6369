"""The ledger's speed beside what it could be compared with: ``bench/ledger.py [--rows N] [--only NAME] [--json]``.

Where a database takes part, both sides are timed by the clock on the same server in one run (it is another process);
everywhere else it is the CPU time of one process.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from measuring import RUNS, Row, show

ROWS = 1_000_000
DATABASES = ("postgres", "sqlite")
IN_DATABASE = ("append", "sequence")
NAMES = ("append", "sequence", "verify", "verify-full", "prove", "check")


def set_up(url: str, home: Path) -> None:
    """Make Django use a new, migrated database and a home of its own."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="governance.settings",
        PROBITY_HOME=str(home),
        PROBITY_LOG_LEVEL="ERROR",
        DATABASE_URL=url,
    )
    if not url:
        del os.environ["DATABASE_URL"]
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def in_database(database: str, names: list[str], rows: int, runs: int) -> tuple[list[Row], list[str]]:
    """Run what needs a database, on SQLite or on a PostgreSQL that waits for its disk."""
    from tests.postgres import postgres

    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres(durable=True)) if database == "postgres" else None
        set_up(server.url() if server else "", home)
        import ledger_appending
        import ledger_sequencing

        found, notes = [], []
        if "append" in names:
            found, notes = ledger_appending.append(max(rows // 1250, 20), runs, home, server and server.binaries)
        if "sequence" in names:
            found.append(ledger_sequencing.sequence(rows, min(runs, 3), home))
    return found, [f"{database}: {note}" for note in notes]


def apart(database: str, given: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Run one database's part in a process of its own: Django is set up once in each."""
    only = [part for name in given.only or NAMES if name in IN_DATABASE for part in ("--only", name)]
    size = ("--rows", str(given.rows), "--runs", str(given.runs), "--json")
    command = [sys.executable, __file__, "--database", database, *only, *size]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [Row(**one) for one in json.loads(done.stdout)], done.stderr.strip().splitlines()


def main() -> int:
    """Run the rows that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="entries of the log")
    parser.add_argument("--runs", type=int, default=RUNS, help="paired runs of each row")
    parser.add_argument("--only", choices=NAMES, action="append", help="this row; may be given again")
    parser.add_argument("--database", choices=DATABASES, help="append and sequence on this one alone, and nothing else")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    names = given.only or list(NAMES)
    if given.database:
        found, notes = in_database(given.database, names, given.rows, given.runs)
        show(found, as_json=given.json, notes=notes)
        return 0
    found, notes = [], []
    for database in DATABASES if set(IN_DATABASE) & set(names) else ():
        more, told = apart(database, given)
        found, notes = found + more, notes + told
    if {"verify", "verify-full"} & set(names):
        import ledger_verifying

        found += ledger_verifying.verify(names, given.rows, given.runs)
    if {"prove", "check"} & set(names):
        import ledger_proving

        found += ledger_proving.prove(names, given.rows, given.runs)
    show(found, as_json=given.json, notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
