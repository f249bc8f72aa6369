"""Say what was served at a moment, from the record: what was wanted, what was seen running, on whose word."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.exports.as_of import AsOf, Desired, FutureMomentError, ModelAsOf, Person, as_of
from governance.rules.moments import MomentError
from registry.models import Environment


class Command(BaseCommand):
    help = "Say what was to be served in an environment at a moment, what was seen running, and who had approved it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("at", help="a moment with its offset, such as 2026-03-03T12:00Z")
        parser.add_argument("--environment", required=True)
        parser.add_argument("--project", default="default", help="slug of the project")
        parser.add_argument("--model", default="", help="name of a model (default: all of them)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        rows = Environment.objects.select_related("project")
        environment = rows.filter(project__slug=options["project"], name=options["environment"]).first()
        if environment is None:
            raise CommandError(f"The project {options['project']!r} has no environment {options['environment']!r}.")
        try:
            found = as_of(environment, options["at"], model=options["model"])
        except (MomentError, FutureMomentError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(found.document(), ensure_ascii=False))
            return
        for line in _told(found):
            self.stdout.write(line)


def _told(found: AsOf) -> Iterator[str]:
    yield f"{found.name} ({found.project}) at {found.at}"
    if not found.existed:
        yield "The environment had not been made."
    elif not found.models:
        yield "Nothing had ever been deployed there."
    for one in found.models:
        yield ""
        yield one.name
        if one.desired is None:
            yield "  wanted       nothing"
        else:
            yield from _wanted(one.desired)
        yield f"  seen         {_seen(one)}"


def _wanted(one: Desired) -> Iterator[str]:
    version = f"version {one.number}" if one.number else f"version {one.version[:12]}"
    yield f"  wanted       {version}, {one.state}, since {one.since.at} (entry {one.since.number})"
    yield f"  manifest     {one.manifest}"
    yield f"  requested    {_who(one.requested_by)}"
    for person in one.approvals:
        yield f"  approved     {_who(person)}"
    for waiver in one.waivers:
        yield f"  waived       {waiver.key} until {waiver.ends_at}, by {_who(waiver.by)}"
    yield f"  policy       {one.policy}"
    yield f"  evaluation   {one.evaluation} ({one.verdict}, entry {one.evaluated.number})"
    for report in one.reports:
        yield f"  report       {report.digest} ({report.check} {report.version}, {report.status})"


def _who(person: Person) -> str:
    name = person.name or "name no longer known"
    return f"{name}, {person.principal}, as {person.role} (entry {person.entry.number}, {person.entry.at})"


def _seen(one: ModelAsOf) -> str:
    if one.observed is None:
        return "nobody had looked"
    seen, agrees = one.observed, "as wanted" if one.agrees else "NOT as wanted"
    what = f"healthy, manifest {seen.manifest[:12]}" if seen.healthy else f"not healthy ({seen.message})"
    return f"{what}, {agrees}, since {seen.since.at} (entry {seen.since.number})"
