"""Write the offline verifier: one readable Python file for whoever audits this installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from governance.exports.build import build


class Command(BaseCommand):
    help = "Write probity_verify.py, the offline verifier in one file; it needs Python and cryptography alone."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where to write it")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        text = build()
        options["output"].write_text(text, encoding="utf-8")
        self.stdout.write(f"Wrote {options['output']}: {len(text.splitlines())} lines.")
