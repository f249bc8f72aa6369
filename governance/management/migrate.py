"""Bring the tables up to date, and put back the triggers that a migration dropped on its way."""

from collections.abc import Callable

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from registry.ledger.guards import problems, reinstall


def bring_up_to_date(*, tell: Callable[[str], object], verbosity: int = 0) -> None:
    """Migrate; ``tell`` gets a sentence for each trigger that is not as it should be.

    SQLite drops a table's triggers when a migration rebuilds the table: after migrations they are put back, and that is
    recorded, with what was wrong before they ran. Where there was nothing to migrate, nothing is put back.
    """
    executor = MigrationExecutor(connection)
    pending = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    before = problems(only_applied=True)
    for problem in before:
        tell(problem.message())
    call_command("migrate", interactive=False, verbosity=verbosity)
    if pending:
        for problem in reinstall(wrong_before=before):
            tell(f"put back: the trigger {problem.trigger.name} on {problem.trigger.table}")
