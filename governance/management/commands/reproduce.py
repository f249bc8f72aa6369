"""Measure a kept check again from its pinned inputs, and say whether the same comes out and what has changed."""

import json
import sys
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.models import CheckRun
from governance.promotion.reproduce import TOLERANCE, NotReproducibleError, Reproduction, Sameness, reproduce

SHOWN = 40
LEAST = 8  # characters of a digest, as pages show them at least


class Command(BaseCommand):
    help = (
        "Measure a kept check again; nothing is recorded. Exit status: 0 identical or within the tolerance, "
        "1 different, 2 it cannot be measured again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("check_run", help="its id, or (the beginning of) the digest of its report")
        parser.add_argument("--tolerance", default=str(TOLERANCE), help="relative, of numbers (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            found = reproduce(check_run_of(options["check_run"]), tolerance=_tolerance(options["tolerance"]))
        except NotReproducibleError as error:
            if options["json"]:
                document = {"error": {"code": error.code, "message": str(error)}}
                self.stdout.write(json.dumps(document, ensure_ascii=False))
            self.stderr.write(str(error))
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps(found.document(), ensure_ascii=False))
        else:
            for line in _told(found):
                self.stdout.write(line)
        sys.exit(1 if found.sameness is Sameness.DIFFERENT else 0)


def check_run_of(word: str) -> CheckRun:
    """Return the measurement of an id or of a report; of equal reports the newest. Raises NotReproducibleError."""
    try:
        rows = CheckRun.objects.filter(pk=uuid.UUID(word))
    except ValueError:
        rows = CheckRun.objects.filter(report_digest__startswith=word.lower())
        rows = rows if len(word) >= LEAST else rows.none()
    if rows.values("report_digest").distinct().count() > 1:
        raise NotReproducibleError(f"Several reports begin with {word!r}; write more of the digest.")
    found = rows.order_by("-measured_at").first()
    if found is None:
        raise NotReproducibleError(f"No measurement has the id, or a report that begins with, {word!r}.")
    return found


def _tolerance(word: str) -> Decimal:
    try:
        number = Decimal(word)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number < 1):
        raise CommandError(f"--tolerance is {word!r}; it must be a number from 0 to below 1, such as 1e-9.")
    return number


def _told(found: Reproduction) -> Iterator[str]:
    yield f"{found.check} {found.check_run}: {found.sameness}"
    yield f"  report       {found.kept} (kept)"
    yield f"               {found.now} (now)"
    yield f"  measurements {found.measurements}, of which {len({(one.metric, one.group) for one in found.moved})} moved"
    for one in found.moved[:SHOWN]:
        place = f"{one.metric} {one.group}".strip()
        yield f"    {place}: {one.field} {one.kept} -> {one.now}{' (within the tolerance)' if one.within else ''}"
    if len(found.moved) > SHOWN:
        yield f"    and {len(found.moved) - SHOWN} more"
    yield f"  changed      {'nothing' if not found.changes and not found.note else found.note}"
    for change in found.changes:
        yield f"    {change.what}: {(change.kept or 'not there')[:20]} -> {(change.now or 'not there')[:20]}"
