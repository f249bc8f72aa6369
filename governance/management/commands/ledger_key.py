"""Make, show and change the keys that sign the ledger's checkpoints, and end or succeed a log."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry.ledger import keyring, succession
from registry.ledger.checkpoint import Checkpoint, CheckpointFormatError
from registry.ledger.keyring import KeyExposedError, KeyMissingError, KeyThereError
from registry.ledger.keys import KeyFormatError
from registry.ledger.note import NoteFormatError, parse
from registry.ledger.succession import SuccessionError
from registry.models import Actor

MISTAKES = (
    *(KeyMissingError, KeyExposedError, KeyThereError, KeyFormatError, SuccessionError),
    *(CheckpointFormatError, NoteFormatError, OSError),
)


class Command(BaseCommand):
    help = "new | show | add | drop | freeze | succeed: the keys of the ledger's log. Restart the sequencer afterwards."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        new = commands.add_parser("new", help="make the first key, in a file of mode 0600")
        new.add_argument("--origin", help="the log's name, as in a URL without scheme; made up if not given")
        show = commands.add_parser("show", help="print the public halves, which auditors are given")
        show.add_argument("--fingerprint", action="store_true", help="print the SHA-256 of each instead, to compare")
        commands.add_parser("add", help="make another key; both sign from the sequencer's next start on")
        drop = commands.add_parser("drop", help="lay a key down")
        drop.add_argument("key_id", help="its id: 8 hexadecimal digits, the middle part of what `show` prints")
        freeze = commands.add_parser("freeze", help="end the log with a final checkpoint")
        succeed = commands.add_parser(
            "succeed", help="begin a new log with a new key, citing the last checkpoint known"
        )
        succeed.add_argument("--origin", required=True, help="the new log's name")
        succeed.add_argument("--checkpoint", type=Path, help="the newest checkpoint that was seen outside, as a file")
        for one in (freeze, succeed):
            one.add_argument("--reason", required=True, help="why; it becomes part of the record, so name nobody")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            lines = getattr(self, f"_{options['command']}")(Path(settings.PROBITY_HOME), options)
        except MISTAKES as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(lines))

    def _new(self, home: Path, options: dict[str, Any]) -> list[str]:
        origin = options["origin"] or succession.default_origin(settings.PROBITY_PUBLIC_URL)
        ring = keyring.create(home, origin)
        return [f"The key is in {keyring.place(home)}. Its public half:", *map(str, ring.verifiers)]

    def _show(self, home: Path, options: dict[str, Any]) -> list[str]:
        return [key.fingerprint if options["fingerprint"] else str(key) for key in keyring.load(home).verifiers]

    def _add(self, home: Path, _options: dict[str, Any]) -> list[str]:
        key = succession.add_key(home, actor=Actor.system("command"))
        return ["Restart the sequencer, and give auditors the new key beside the old:", str(key)]

    def _drop(self, home: Path, options: dict[str, Any]) -> list[str]:
        key = succession.drop_key(home, options["key_id"], actor=Actor.system("command"))
        return ["Restart the sequencer. This key signs nothing more:", str(key)]

    def _freeze(self, _home: Path, options: dict[str, Any]) -> list[str]:
        log = succession.freeze(reason=options["reason"], actor=Actor.system("command"))
        return [f"{log.origin} ends with the checkpoint that the sequencer signs next."]

    def _succeed(self, home: Path, options: dict[str, Any]) -> list[str]:
        file, origin = options["checkpoint"], options["origin"]
        last = Checkpoint.parse(parse(file.read_bytes()).text) if file else None
        succession.succeed(origin, last, reason=options["reason"], actor=Actor.system("command"))
        ring = succession.replace_keys(home, origin)
        return ["Restart the sequencer. The key of the new log:", *map(str, ring.verifiers)]
