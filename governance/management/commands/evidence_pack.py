"""Write the evidence pack of a promotion to a file."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.exports.documents import DamagedDocumentError
from governance.exports.pack.archive import ArchiveTooLargeError
from governance.exports.pack.build import file_name, write_pack
from governance.exports.pack.ready import PackNotReadyError, await_ready
from governance.models import PromotionRequest
from registry.ledger.policy import PolicyFormatError


class Command(BaseCommand):
    help = "Write all evidence of a promotion, with what verifies it, to one zip: complete up to the newest checkpoint."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("promotion", type=UUID, help="its id")
        parser.add_argument("--output", type=Path, help="the file; if not given, one in this folder")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            promotion = PromotionRequest.objects.get(pk=options["promotion"])
            found = await_ready(promotion, settings.PROBITY_RECEIPT_SECONDS)
            place: Path = options["output"] or Path(file_name(found))
            _write(found, place)
        except PromotionRequest.DoesNotExist as error:
            raise CommandError(f"There is no promotion {options['promotion']}.") from error
        except (PackNotReadyError, ArchiveTooLargeError, DamagedDocumentError, PolicyFormatError, OSError) as error:
            raise CommandError(str(error)) from error
        logs = [{"origin": one.log.origin, "size": one.head.size} for one in found.logs]
        if options["json"]:
            self.stdout.write(json.dumps({"file": str(place), "bytes": place.stat().st_size, "logs": logs}))
            return
        upto = ", ".join(f"{one['size']} entries of {one['origin']}" for one in logs)
        self.stdout.write(f"{place} is complete up to {upto}. README.txt in it says how to verify it.")


def _write(found: Any, place: Path) -> None:
    """Write the file whole or not at all."""
    temporary = place.with_name(f".{place.name}.new")
    try:
        with temporary.open("wb") as file:
            write_pack(found, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
