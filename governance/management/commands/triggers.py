"""Say which triggers of the database are missing or changed; put them back when asked to, which is recorded."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from registry.ledger.guards import declared, problems, reinstall


class Command(BaseCommand):
    help = "Compare each trigger with what the migrations made; exit status 1 when one is missing or changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--install", action="store_true", help="put back what is missing or changed, and record it")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        found = reinstall() if options["install"] else problems()
        for problem in found:
            self.stdout.write(problem.message())
        if not found:
            self.stdout.write(f"All {len(declared())} triggers are there, as the migrations made them.")
        elif options["install"]:
            self.stdout.write("They were put back; the ledger holds the event triggers.reinstalled.")
        else:
            sys.exit(1)
