"""Tokens: made, listed, revoked. The text of one is shown once, when it is made."""

from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import ADMINISTRATORS
from governance.access.tokens import create_token, revoke_token
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output
from governance.api.idempotency import once
from governance.models import ApiToken
from registry.models import Principal


class TokenPrinted(Output):
    """A token without its secret."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    principal = serializers.UUIDField(source="principal_id")
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = MomentField()
    expires_at = MomentField()
    revoked_at = MomentField(allow_null=True)
    last_used_at = MomentField(allow_null=True)


class NewTokenPrinted(TokenPrinted):
    """A new token with its text, which is shown this once (null when the answer is given again)."""

    secret = serializers.CharField(allow_null=True)


class TokenSent(Input):
    """A token to make, for a principal (none: for oneself) in a project."""

    project = serializers.SlugField()
    principal = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=120)
    scopes = serializers.ListField(child=serializers.CharField(max_length=20), min_length=1)
    expires_at = MomentField()


class Tokens(ApiView):
    """The base of views on tokens: one's own, those of one's services, and an administrator's project's."""

    def rows(self) -> QuerySet[ApiToken]:
        """Return the tokens that the caller may see."""
        me = self.caller.principal
        administered = me.assignments.filter(role__in=ADMINISTRATORS, revoked_at__isnull=True)
        mine = Q(principal=me) | Q(principal__owner=me) | Q(project_id__in=administered.values("project_id"))
        return ApiToken.objects.filter(mine, project_id__in=self.visible).select_related("project", "principal__owner")


class TokensView(Tokens):
    """Tokens that the caller may see."""

    scopes = {"GET": "read", "POST": "administer"}

    @describe(TokenPrinted(many=True), query=("project", "principal"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List tokens."""
        return self.page(self.filtered(self.rows(), project="project__slug", principal="principal_id"), TokenPrinted)

    @describe(NewTokenPrinted, sent=TokenSent, status=201)
    @once(hide=("secret",))
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Make a token."""
        given = self.read(TokenSent)
        project = self.project(given.pop("project"))
        me = self.caller.principal
        wanted = given.pop("principal", me.pk)
        rows = Principal.objects.filter(Q(pk=me.pk) | Q(assignments__project=project)).distinct()
        token, text = create_token(
            principal=self.one(rows, pk=wanted),
            project=project,
            **given,
            actor=self.actor(project, what="make a token"),
            parent=self.caller.token,
        )
        return Response({**TokenPrinted(token).data, "secret": text}, status=CREATED)


class TokenRevokeView(Tokens):
    """End a token."""

    scopes = {"POST": "administer"}

    @describe(TokenPrinted, sent=Empty)
    @once()
    def post(self, request: Request, token_id: UUID) -> Response:  # noqa: ARG002
        """Revoke a token at once."""
        token = self.one(self.rows(), pk=token_id)
        self.read(Empty)
        return Response(TokenPrinted(revoke_token(token, actor=self.actor(token.project))).data)
