"""Runs: work that is done outside of a request; how it goes, and how to cancel it."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import OPERATORS, REGISTRARS
from governance.api.base import ApiView, describe
from governance.api.fields import Empty, MomentField, Output
from governance.api.idempotency import once
from registry.models import Run
from registry.run import cancel


class RunPrinted(Output):
    """A run."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.slug")
    kind = serializers.CharField()
    subject = serializers.CharField()
    state = serializers.CharField(source="status")
    attempt = serializers.IntegerField()
    progress = serializers.FloatField()
    message = serializers.CharField()
    cancel_requested = serializers.BooleanField()
    result = serializers.DictField()
    error_code = serializers.CharField()
    error = serializers.CharField()
    created_at = MomentField()
    started_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class RunsView(ApiView):
    """Runs of the caller's projects."""

    @describe(RunPrinted(many=True), query=("project", "kind", "state", "subject"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List runs."""
        rows = Run.objects.filter(project_id__in=self.visible).select_related("project")
        rows = self.filtered(rows, project="project__slug", kind="kind", state="status", subject="subject")
        return self.page(rows, RunPrinted)


class RunView(ApiView):
    """One run."""

    @describe(RunPrinted)
    def get(self, request: Request, run_id: UUID) -> Response:  # noqa: ARG002
        """Print a run."""
        rows = Run.objects.filter(project_id__in=self.visible).select_related("project")
        return Response(RunPrinted(self.one(rows, pk=run_id)).data)


class RunCancelView(ApiView):
    """Cancel a run."""

    scopes = {"POST": "operate"}

    @describe(RunPrinted, sent=Empty)
    @once()
    def post(self, request: Request, run_id: UUID) -> Response:  # noqa: ARG002
        """Ask a run to stop; what has ended stays as it is."""
        found = self.one(Run.objects.filter(project_id__in=self.visible).select_related("project"), pk=run_id)
        self.read(Empty)
        actor = self.actor(found.project, REGISTRARS | OPERATORS, "cancel a run")
        return Response(RunPrinted(cancel(found, actor=actor)).data)
