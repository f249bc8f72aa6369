"""Policies from the command line: check one, publish it, propose where it applies, show what there is."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from governance.access.permissions import POLICY_MAKERS, RoleMissingError, require_one_of
from governance.access.recognise import NoPrincipalError, principal_of_user
from governance.models import Policy, PolicyAssignment
from governance.policies.assign import propose
from governance.policies.publish import PolicyVersionTakenError, publish
from governance.policies.schema import SCHEMA, load_policy_yaml, policy_digest
from governance.rules.reading import PolicyError
from registry.models import Actor, Environment, Project, Tier

SHORTEST_DIGEST = 8
NOT_YET = "It does not apply yet: a second person must confirm it, signed in, in the API or on the page."
MISTAKES = (PolicyError, PolicyVersionTakenError, RoleMissingError, NoPrincipalError, ValidationError, OSError)


class Command(BaseCommand):
    help = "Check, publish, propose and show policies. A command never confirms: that is a signed-in second person's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parts = parser.add_subparsers(dest="what", required=True)
        lint = parts.add_parser("lint", help="say what is wrong with a file, by line; nothing is recorded")
        lint.add_argument("file")
        publishing = parts.add_parser("publish", help="publish a file; from then on it is known by its digest")
        publishing.add_argument("file")
        assign = parts.add_parser("assign", help="propose that a policy applies; the first one applies at once")
        assign.add_argument("policy", help="NAME@VERSION, or a digest")
        assign.add_argument("--environment", required=True)
        assign.add_argument("--tier", required=True, choices=[tier.value for tier in Tier])
        assign.add_argument("--applies-to", default="open", choices=["new", "open", "deployed"])
        assign.add_argument("--grace-days", type=int, default=0, help="how long what is deployed may go on without it")
        show = parts.add_parser("show", help="list the policies, or print one")
        show.add_argument("policy", nargs="?", default="", help="NAME, NAME@VERSION or digest")
        schema = parts.add_parser("schema", help="print the JSON Schema of a policy")
        for one in (publishing, assign):
            one.add_argument("--as", dest="username", required=True, help="user name of the person who does this")
            one.add_argument("--project", default=None, help="slug of the project (default: the default one)")
        for one in (lint, publishing, assign, show, schema):
            one.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        parts: dict[str, Callable[[dict[str, Any]], None]] = {
            "lint": self._lint,
            "publish": self._publish,
            "assign": self._assign,
            "show": self._show,
            "schema": lambda _options: self.stdout.write(json.dumps(SCHEMA, indent=2)),
        }
        try:
            parts[options["what"]](options)
        except MISTAKES as error:
            said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            if options["json"]:
                code = str(getattr(error, "code", None) or type(error).__name__)
                self.stdout.write(json.dumps({"error": {"code": code, "message": said}}, ensure_ascii=False))
            raise CommandError(said) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}") from error

    def _tell(self, document: dict[str, Any], text: str, *, as_json: bool) -> None:
        self.stdout.write(json.dumps(document, ensure_ascii=False) if as_json else text)

    def _lint(self, options: dict[str, Any]) -> None:
        document = load_policy_yaml(_read(options["file"]))
        identity = policy_digest(document)
        limits = sum(len(check["limits"]) for check in document["checks"])
        text = f"{document['name']} {document['version']} is a policy: {limits} limits, digest {identity}"
        self._tell({"valid": True, "digest": identity, "document": document}, text, as_json=options["json"])

    def _publish(self, options: dict[str, Any]) -> None:
        actor = _actor(options["username"], _project(options["project"]), "publish a policy")
        policy = publish(text=_read(options["file"]), actor=actor)
        self._tell(_summary(policy), f"{policy} is published: {policy.digest}", as_json=options["json"])

    def _assign(self, options: dict[str, Any]) -> None:
        project = _project(options["project"])
        actor = _actor(options["username"], project, "assign a policy")
        policy = _one(options["policy"])
        environment = Environment.objects.filter(project=project, name=options["environment"]).first()
        if environment is None:
            known = ", ".join(Environment.objects.filter(project=project).values_list("name", flat=True)) or "none"
            raise CommandError(f"{options['environment']!r} is no environment of {project.slug} (there are: {known}).")
        made = propose(
            environment=environment,
            tier=options["tier"],
            policy=policy,
            actor=actor,
            applies_to=options["applies_to"],
            grace_days=options["grace_days"],
        )
        applies = made.effective_at is not None
        how = "applies from now on: it is the first of its tier there." if applies else f"is proposed. {NOT_YET}"
        text = f"{policy} for the tier {made.tier} in {environment.name} {how}"
        self._tell(_assignment(made), text, as_json=options["json"])

    def _show(self, options: dict[str, Any]) -> None:
        if options["policy"]:
            policy = _one(options["policy"])
            in_force = [_assignment(made) for made in policy.assignments.order_by("created_at")]
            document = {**_summary(policy), "document": policy.document, "assignments": in_force}
            self._tell(document, policy.source, as_json=options["json"])
            return
        listed = [_summary(policy) for policy in Policy.objects.order_by("name", "published_at")]
        lines = [f"{one['name']}@{one['version']}  {one['digest']}" for one in listed]
        text = "\n".join(lines) or "No policy is published."
        self.stdout.write(json.dumps(listed) if options["json"] else text)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{Path(name).name}: byte {error.start} is not UTF-8; write the policy in UTF-8.") from error


def _project(slug: str | None) -> Project:
    found = Project.default() if slug is None else Project.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no project {slug!r}.")
    return found


def _actor(username: str, project: Project, what: str) -> Actor:
    """Return the person, whoever runs the command; raises RoleMissingError or NoPrincipalError."""
    user = get_user_model()._default_manager.filter(username=username).first()  # noqa: SLF001 - Django's name
    if user is None:
        raise CommandError(f"There is no user {username!r}.")
    principal = principal_of_user(user.pk)
    role = require_one_of(principal, project, POLICY_MAKERS, what)
    return Actor(principal=principal, role=role, auth="command")


def _one(text: str) -> Policy:
    """Return a policy by NAME@VERSION, by NAME (the newest published), or by the beginning of its digest."""
    name, mark, version = text.partition("@")
    found = Policy.objects.filter(name=name, version=version) if mark else Policy.objects.filter(name=name)
    policy = found.order_by("-published_at").first()
    if policy is None and not mark and len(text) >= SHORTEST_DIGEST:
        begun = list(Policy.objects.filter(digest__startswith=text)[:2])
        policy = begun[0] if len(begun) == 1 else None
    if policy is None:
        known = ", ".join(f"{one.name}@{one.version}" for one in Policy.objects.order_by("name", "version"))
        raise CommandError(f"{text!r} is no published policy (there are: {known or 'none'}).")
    return policy


def _summary(policy: Policy) -> dict[str, Any]:
    return {"name": policy.name, "version": policy.version, "digest": policy.digest}


def _assignment(made: PolicyAssignment) -> dict[str, Any]:
    return {
        "assignment": str(made.pk),
        "policy": made.policy_id,
        "environment": str(made.environment_id),
        "tier": made.tier,
        "applies_to": made.applies_to,
        "grace_days": made.grace_days,
        "applies": made.effective_at is not None,
    }
