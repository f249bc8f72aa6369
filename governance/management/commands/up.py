"""Run the whole service: migrate, make the first administrator, then broker, worker, beat and web until stopped."""

import contextlib
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections

from governance.management.children import LOOPBACK, PortTakenError, end_detached, plan
from governance.management.migrate import bring_up_to_date
from governance.management.supervisor import AlreadyRunningError, ChildFailedError, stack
from governance.models import PolicyAssignment

FIRST_STEPS = """What to do next:
  1. Sign in there as the administrator. People, roles, environments and models are set up under /admin/.
  2. Nothing goes out without a policy: manage.py policy publish FILE --as USERNAME, then policy assign.
     Three to start from lie in governance/policies/library/.
  3. Try the gate on data of your own: manage.py try FILE.csv --target T --positive V --sensitive A"""
MIGRATION_LOCK = 0x50524F42
MOST_PORT = 65535


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one machine at a time migrate a shared PostgreSQL; SQLite is held by the lock on its home."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def obey_signals() -> None:
    """Turn the first order to end into KeyboardInterrupt, so that all is stopped in order; ignore the later ones."""
    orders = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def obey(_number: int, _frame: FrameType | None) -> None:
        for order in orders:
            signal.signal(order, lambda _number, _frame: None)
        raise KeyboardInterrupt

    for order in orders:
        signal.signal(order, obey)


def prepare() -> None:
    """Bring the tables up to date and see to it that there is an administrator."""
    with one_at_a_time():
        bring_up_to_date(tell=lambda line: sys.stderr.write(f"{line}\n"), verbosity=1)
        call_command("init_instance")
    connections.close_all()


class Command(BaseCommand):
    help = "Run the whole service: migrate, broker, worker, beat and web. Ctrl-C stops all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default=LOOPBACK, help="address that the web process listens on")
        parser.add_argument("--port", type=int, default=8000, help="its port; 0 takes a free one")
        parser.add_argument("--workers", type=int, default=2, help="processes of the worker")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if not 0 <= options["port"] <= MOST_PORT:
            raise CommandError(f"--port is {options['port']}, which is not between 0 and {MOST_PORT}.")
        if options["workers"] < 1:
            raise CommandError(f"--workers is {options['workers']}, which is less than 1.")
        try:
            self._run(options)
        except (AlreadyRunningError, ChildFailedError, PortTakenError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Probity has stopped.")

    def _run(self, options: dict[str, Any]) -> None:
        obey_signals()
        todo = plan(host=options["bind"], port=options["port"], workers=options["workers"])
        with stack(
            todo.children, home=settings.PROBITY_HOME, files=todo.files, prepare=prepare, clean_up=end_detached
        ) as running:
            self.stdout.write(f"Probity answers at {todo.address}/ (Ctrl-C stops it).")
            if not PolicyAssignment.objects.exists():
                self.stdout.write(FIRST_STEPS)
            connections.close_all()
            self.stdout.flush()
            running.wait()
