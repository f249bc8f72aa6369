"""Show, change and shred the keys of a project's pseudonyms and sealed values."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from privacy import keys
from privacy.key_changes import rotate_key, shred_key
from privacy.keys import PrivacyKeyExposedError, PrivacyKeyFixedError, PrivacyKeyFormatError, PrivacyKeyMissingError
from registry.models import Actor, Project

MISTAKES = (PrivacyKeyMissingError, PrivacyKeyExposedError, PrivacyKeyFormatError, PrivacyKeyFixedError, OSError)


class Command(BaseCommand):
    help = "show | rotate | shred: the keys under which a project's data is pseudonymised and sealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        show = commands.add_parser("show", help="print number and fingerprint of each key")
        rotate = commands.add_parser("rotate", help="make another key: what is new joins with nothing older")
        gone = commands.add_parser("shred", help="take a key away for good: what it sealed is never opened again")
        gone.add_argument("number", type=int)
        gone.add_argument("--reason", required=True, help="why; the record keeps a commitment to it")
        for one in (show, rotate, gone):
            one.add_argument("--project", default=Project.DEFAULT, help="the project's short name")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        try:
            self.stdout.write("\n".join(getattr(self, f"_{options['command']}")(project, options)))
        except MISTAKES as error:
            raise CommandError(str(error)) from error

    def _show(self, project: Project, _options: dict[str, Any]) -> list[str]:
        ring = keys.load(Path(settings.PROBITY_HOME), project.pk)
        lines = [f"{number} {key.fingerprint if key else keys.SHREDDED}" for number, key in sorted(ring.keys.items())]
        return lines or ["The project has no key yet; the first one is made when something is pseudonymised."]

    def _rotate(self, project: Project, _options: dict[str, Any]) -> list[str]:
        made = rotate_key(project, actor=Actor.system("command"))
        return [f"Key {made.number} makes what is new: {made.fingerprint}"]

    def _shred(self, project: Project, options: dict[str, Any]) -> list[str]:
        gone = shred_key(project, options["number"], reason=options["reason"], actor=Actor.system("command"))
        return [f"Key {gone.number} is gone: {gone.fingerprint}. Delete the copies that backups hold as well."]
