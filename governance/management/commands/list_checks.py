"""Print the documentation of every check that this installation lists: its module docstring and its metrics."""

import inspect
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from registry import catalog
from registry.checks import Check

HEAD = """# Checks

Made by `manage.py list_checks`; do not edit. A check measures; a policy judges.
"""


def page_of(check: Check) -> str:
    """Return the docstring of the module in which a check is written."""
    return inspect.getdoc(sys.modules[type(check).__module__]) or ""


class Command(BaseCommand):
    help = "Print what each check asks, how it measures, what it cannot see, and its metrics."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        checks = catalog.checks().values()
        if options["json"]:
            listed = [
                {"name": one.name, "version": one.version, "page": page_of(one), "metrics": dict(one.metrics)}
                for one in checks
            ]
            self.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2))
            return
        self.stdout.write("\n".join([HEAD, *(_markdown(one) for one in checks)]).rstrip())


def _markdown(check: Check) -> str:
    metrics = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in check.metrics.items())
    return (
        f"## {check.name}\n\nVersion {check.version}, in `{type(check).__module__.replace('.', '/')}.py`.\n\n"
        f"```text\n{page_of(check)}\n```\n\n| metric | meaning |\n|---|---|\n{metrics}\n"
    )
