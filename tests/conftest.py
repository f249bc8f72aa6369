"""Fixtures for every test: a database of real commits, the environment of a child process, a PostgreSQL."""

import contextlib
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases

from tests.postgres import Postgres, postgres
from tests.run import AGAIN

ROOT = Path(__file__).resolve().parent.parent


LONGEST = ("tests/scenarios/", "tests/governance/test_kill.py", "tests/governance/test_startup.py")
DATABASE = {"db", "transactional_db", "committed_db", "django_db_setup", "child_environment"}


def _depends_on_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    return bool(item.get_closest_marker("django_db")) or not DATABASE.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that the workers end together; on another database run only what opens one."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    if os.environ.get(AGAIN):
        again = [item for item in items if _depends_on_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(again)])
        items[:] = again


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary home of this process."""
    if "probity-test-" in str(settings.PROBITY_HOME):
        shutil.rmtree(settings.PROBITY_HOME, ignore_errors=True)


def _copy_sqlite(source: str, target: str) -> None:
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _without_database(statement: str) -> None:
    """Run CREATE or DROP DATABASE beside the database it speaks of."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@contextlib.contextmanager
def _copied_database(folder: Path) -> Iterator[str]:
    """Point Django at a copy of the migrated test database, and back."""
    chosen, connections_closed = connections.settings["default"], connections.close_all
    original = str(chosen["NAME"])
    copy = str(folder / "copy.sqlite3") if connection.vendor == "sqlite" else f"copy_{uuid.uuid4().hex}"
    connections_closed()
    if connection.vendor == "sqlite":
        _copy_sqlite(original, copy)
    else:
        _without_database(f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
    chosen["NAME"] = connection.settings_dict["NAME"] = copy
    try:
        yield copy
    finally:
        connections_closed()
        chosen["NAME"] = connection.settings_dict["NAME"] = original
        if connection.vendor == "postgresql":
            _without_database(f'DROP DATABASE "{copy}" WITH (FORCE)')


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker) -> Iterator[None]:
    """Make the test database also where only ``committed_db`` is asked for, which pytest-django does not look at."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own, where commits are commits, for threads and processes; triggers stay on.

    It takes the place of ``django_db(transaction=True)``, which empties append-only tables and is refused by them.
    """
    with django_db_blocker.unblock(), _copied_database(tmp_path) as name:
        yield name


@pytest.fixture
def child_environment() -> dict[str, str]:
    """The environment for a child process that shall see the database and the home of this test."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{chosen['NAME']}"
    else:
        from urllib.parse import quote

        user, password = quote(chosen["USER"], safe=""), quote(chosen["PASSWORD"], safe="")
        url = f"postgres://{user}:{password}@{chosen['HOST']}:{chosen['PORT']}/{chosen['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "PROBITY_HOME": str(settings.PROBITY_HOME),
        "DJANGO_SETTINGS_MODULE": "governance.settings",
    }


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL of this run's own, for tests that need one whatever database the others run on."""
    with postgres() as server:
        yield server
