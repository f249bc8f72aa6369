"""Make the first administrator of a new installation; on one that has an administrator, change nothing."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from registry.models import Actor, Project, Role, RoleAssignment
from registry.register import grant_role, register_person

NEEDED = (
    "A new installation needs an administrator: set PROBITY_ADMIN_USERNAME and PROBITY_ADMIN_PASSWORD in the "
    "environment, or run this at a terminal to be asked."
)


def has_administrator() -> bool:
    """Say whether somebody administers the default project."""
    held = RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, revoked_at__isnull=True)
    return held.filter(project=Project.default()).exists()


@transaction.atomic
def make_administrator(username: str, password: str) -> None:
    """Register the person and give the role, each with its event; raises CommandError when either word is refused."""
    users = get_user_model()
    if users._default_manager.filter(username=username).exists():  # noqa: SLF001 - Django's documented name
        raise CommandError(f"There is a user {username!r} already, who is no administrator; choose another name.")
    try:
        validate_password(password, users(username=username))
    except ValidationError as error:
        raise CommandError(f"The administrator's password is refused: {' '.join(error.messages)}") from error
    actor = Actor.system("command")
    principal = register_person(username=username, password=password, staff=True, actor=actor)
    grant_role(principal, project=Project.default(), role=Role.ADMINISTRATOR, actor=actor)


def ask() -> tuple[str, str]:
    """Return name and password: from the environment, else from the terminal, else raise CommandError."""
    username, password = (os.environ.get(f"PROBITY_ADMIN_{name}", "") for name in ("USERNAME", "PASSWORD"))
    if username and password:
        return username, password
    if not sys.stdin.isatty():
        raise CommandError(NEEDED)
    username = username or input("Administrator's user name: ").strip()
    password = password or getpass.getpass("Password: ")
    if not username or password != getpass.getpass("Password, again: "):
        raise CommandError("The name is empty, or the two passwords differ; nothing was changed.")
    return username, password


class Command(BaseCommand):
    help = "Make the first administrator (PROBITY_ADMIN_USERNAME, PROBITY_ADMIN_PASSWORD, or asked at a terminal)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether there is an administrator")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if has_administrator():
            self.stdout.write("This installation has an administrator; nothing was changed.")
            return
        if options["check"]:
            raise CommandError("This installation has no administrator.")
        username, password = ask()
        make_administrator(username, password)
        self.stdout.write(f"The administrator {username!r} was made.")
