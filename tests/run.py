"""Run the tests on SQLite and then on PostgreSQL: ``python -m tests.run [pytest's arguments]``.

PROBITY_TEST_DATABASE=sqlite or postgres runs one of them. A DATABASE_URL in the environment takes the place of the
PostgreSQL that is started otherwise.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from tests.postgres import postgres

DATABASES = ("sqlite", "postgres")
AGAIN = "PROBITY_TEST_AGAIN"
# What never opens a database runs once, with the first of them: these are not even collected again (see conftest).
WITHOUT_DATABASE = (
    "tests/contracts",
    "tests/governance/local_check",
    "tests/governance/management/test_trial_shapes.py",
    "tests/governance/rules",
    "tests/monitoring/checks",
    "tests/monitoring/statistics",
    "tests/privacy/checks",
    "tests/privacy/chunks",
    "tests/privacy/scan",
    "tests/registry/backends",
    "tests/registry/ledger/pure",
    "tests/test_documentation.py",
    "tests/test_packaging.py",
    "tests/test_structure.py",
)


@contextlib.contextmanager
def database_url(database: str) -> Iterator[dict[str, str]]:
    """Give the environment that makes pytest use the database."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database == "sqlite":
        yield environment
    elif given := os.environ.get("DATABASE_URL"):
        yield {**environment, "DATABASE_URL": given}
    else:
        with postgres() as server:
            yield {**environment, "DATABASE_URL": server.url()}


def run(database: str, arguments: list[str], *, skip_pure: bool) -> int:
    """Run pytest on one database and return its exit code."""
    sys.stdout.write(f"\n=== tests on {database} ===\n")
    sys.stdout.flush()
    once = [f"--ignore={place}" for place in WITHOUT_DATABASE] if skip_pure else []
    again = {AGAIN: "1"} if skip_pure else {}
    with database_url(database) as environment:
        command = [sys.executable, "-m", "pytest", *once, *arguments]
        return subprocess.run(command, env={**environment, **again}, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run on each database; return 0 only if all passed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = os.environ.get("PROBITY_TEST_DATABASE")
    if chosen not in {None, "", *DATABASES}:
        sys.stderr.write(f"PROBITY_TEST_DATABASE is {chosen!r}, which is none of {', '.join(DATABASES)}.\n")
        return 2
    databases = [chosen] if chosen else list(DATABASES)
    codes = {one: run(one, arguments, skip_pure=one != databases[0]) for one in databases}
    failed = [f"{database} (pytest ended with {code})" for database, code in codes.items() if code]
    if failed:
        sys.stderr.write(f"Tests failed on {', '.join(failed)}.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
