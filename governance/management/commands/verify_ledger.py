"""Verify the ledger and replay governance; exit status 1 names the first bad entry."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from governance.exports.verify import verify

SHOWN = 20


class Command(BaseCommand):
    help = "Recompute each leaf, follow each subject, replay states and verdicts, and name the first bad entry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        found = verify()
        if options["json"]:
            faults = [{"entry": one.number, "code": one.code, "message": one.message} for one in found.faults]
            document = {"valid": not faults, "entries": found.entries, "faults": faults, "cannot_see": found.unseen}
            self.stdout.write(json.dumps(document))
        else:
            self._tell(found)
        if found.faults:
            sys.exit(1)

    def _tell(self, found: Any) -> None:
        for fault in found.faults[:SHOWN]:
            self.stdout.write(f"BAD  {fault.code}: {fault.message}")
        if found.faults:
            first = next((fault.number for fault in found.faults if fault.number), 0)
            where = f"entry {first}" if first else "rows outside of the entries"
            self.stdout.write(f"The ledger is NOT valid: {len(found.faults)} faults, the first at {where}.")
        else:
            self.stdout.write(f"The ledger is valid: {found.entries} entries, every verdict recomputed.")
        self.stdout.write("This cannot see:")
        for line in found.unseen:
            self.stdout.write(f"  - {line}")
