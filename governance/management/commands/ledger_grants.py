"""Print, or apply, what each PostgreSQL role may do with the ledger's tables."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.exports.documents import tables
from registry.ledger.grants import GrantError, apply, excesses, statements


class Command(BaseCommand):
    help = "Print the SQL that leaves each role the least it needs on the ledger's tables; --apply runs it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--app", default="probity_app", help="role of web, workers and beat")
        parser.add_argument("--sequencer", default="probity_sequencer", help="role of the sequencer")
        parser.add_argument("--owner", default="probity_ledger", help="role that owns the tables and cannot log in")
        parser.add_argument("--apply", action="store_true", help="run it, in one transaction, on DATABASE_URL")
        parser.add_argument("--show", action="store_true", help="print what the connected role can do beyond its need")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["show"]:
            self.stdout.write("\n".join(excesses()) or "The connected role can do no more than it needs.")
            return
        try:
            roles = {name: options[name] for name in ("app", "sequencer", "owner")}
            lines = statements(**roles, documents=tables())
            if options["apply"]:
                apply(lines)
        except GrantError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(lines))
        if options["apply"]:
            self.stdout.write("-- applied; give the two roles that log in their passwords: ALTER ROLE … PASSWORD …")
