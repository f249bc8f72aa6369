"""Print every kind of event that the ledger keeps: what it says and its fields."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from registry.ledger.events import EventKind, kinds

HEAD = """# Events

Made by `manage.py list_events`; do not edit. Every event also holds who acted (an opaque id, the role, how they proved
who they are), when, its subject, the digest of the policy where one applies, and the hash of the event before it.

| event | says | fields |
|---|---|---|"""


class Command(BaseCommand):
    help = "Print every audited kind of event with its meaning and the types of its fields; ? means may be null."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["json"]:
            listed = [
                {"name": kind.name, "meaning": kind.meaning, "schema": kind.schema, "fields": dict(kind.fields)}
                for kind in kinds()
            ]
            self.stdout.write(json.dumps(listed, ensure_ascii=False, indent=2))
            return
        self.stdout.write("\n".join([HEAD, *(_row(kind) for kind in kinds())]))


def _row(kind: EventKind) -> str:
    fields = ", ".join(f"{name}: {type_name}" for name, type_name in kind.fields.items())
    return f"| `{kind.name}` | {kind.meaning} | {fields} |"
