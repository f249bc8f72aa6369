"""Reveals: sealed values opened for a person, once, for a reason that another person agrees with."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REVEALERS
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output
from governance.api.idempotency import once
from governance.rules.approvals import BY_A_PERSON
from privacy.models import Reveal
from privacy.reveal import MOST_TOKENS, RevealPersonError, grant_reveal, open_reveal, request_reveal
from registry.models import Actor, Project

LONGEST_TOKEN = 10_000


class RevealPrinted(Output):
    """Who asked to open how many values of which kinds, who agreed, and whether it was done."""

    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    tokens = serializers.CharField()
    count = serializers.IntegerField()
    entities = serializers.ListField(child=serializers.CharField())
    requested_by = serializers.UUIDField(source="requested_by_id")
    granted_by = serializers.UUIDField(source="granted_by_id", allow_null=True)
    granted_at = MomentField(allow_null=True)
    opened_at = MomentField(allow_null=True)
    created_at = MomentField()


class RevealedPrinted(RevealPrinted):
    """The values, in the order of the tokens; shown once."""

    values = serializers.ListField(child=serializers.CharField())


class TokensSent(Input):
    """Sealed values."""

    tokens = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_TOKEN), min_length=1, max_length=MOST_TOKENS
    )


class RevealSent(TokensSent):
    """Sealed values to open, and why."""

    project = serializers.SlugField()
    reason = serializers.CharField(max_length=4000)


class Reveals(ApiView):
    """The base of views that open sealed values: persons only, by a session or a token of their own."""

    scopes = {"GET": "read", "POST": "decide"}

    def person(self, project: Project) -> Actor:
        """Return who acts, as somebody who may reveal until the transaction ends."""
        self.caller.principal.keep_roles()
        if self.caller.auth not in BY_A_PERSON:
            raise RevealPersonError("Personal data is revealed to a person who is signed in.")
        return self.actor(project, REVEALERS, "reveal personal data")

    def reveal(self, reveal_id: UUID) -> Reveal:
        """Return a reveal of the caller's projects."""
        rows = Reveal.objects.filter(project_id__in=self.visible).select_related("project")
        return self.one(rows, pk=reveal_id)


class RevealsView(Reveals):
    """Reveals of the caller's projects."""

    @describe(RevealPrinted(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List reveals, also those that were never granted."""
        return self.page(Reveal.objects.filter(project_id__in=self.visible), RevealPrinted)

    @describe(RevealPrinted, sent=RevealSent, status=201)
    @once()
    @transaction.atomic
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Ask to open sealed values; nothing is opened yet."""
        given = self.read(RevealSent)
        project = self.project(given["project"])
        made = request_reveal(
            project,
            given["tokens"],
            reason=given["reason"],
            actor=self.person(project),
            second_person=settings.PROBITY_REVEAL_SECOND_PERSON,
        )
        return Response(RevealPrinted(made).data, status=CREATED)


class RevealGrantView(Reveals):
    """Agree to a reveal."""

    @describe(RevealPrinted, sent=Empty, operation_id="reveals_grant")
    @once()
    @transaction.atomic
    def post(self, request: Request, reveal_id: UUID) -> Response:  # noqa: ARG002
        """Agree, as another person than the one who asked."""
        reveal = self.reveal(reveal_id)
        self.read(Empty)
        return Response(RevealPrinted(grant_reveal(reveal, actor=self.person(reveal.project))).data)


class RevealOpenView(Reveals):
    """Open what was granted."""

    @describe(RevealedPrinted, sent=TokensSent, operation_id="reveals_open")
    @once(hide=("values",))
    @transaction.atomic
    def post(self, request: Request, reveal_id: UUID) -> Response:  # noqa: ARG002
        """Answer with the values, once, to the person who asked; the same tokens are sent again, in their order."""
        reveal, given = self.reveal(reveal_id), self.read(TokensSent)
        values = open_reveal(reveal, given["tokens"], actor=self.person(reveal.project))
        reveal.refresh_from_db()
        return Response({**RevealPrinted(reveal).data, "values": values}, headers={"Cache-Control": "no-store"})
