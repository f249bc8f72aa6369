"""The ledger, to be read: entries by number, of one subject or kind. An installation's auditors read all of it."""

from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Model as Table
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import AUDITORS, require_one_of
from governance.api.base import ApiView, FilterError, describe
from governance.api.fields import Output
from governance.models import ApiToken, PolicyAssignment, PromotionRequest
from monitoring.models import Monitor
from registry.ledger.read import entries
from registry.models import DatasetVersion, Deployment, Environment, Model, ModelVersion, Project, Run

MOST = 200
USUAL = 50
SUBJECTS: dict[str, tuple[type[Table], str]] = {
    "project": (Project, "pk"),
    "model": (Model, "project_id"),
    "model_version": (ModelVersion, "model__project_id"),
    "dataset_version": (DatasetVersion, "dataset__project_id"),
    "environment": (Environment, "project_id"),
    "promotion": (PromotionRequest, "project_id"),
    "policy_assignment": (PolicyAssignment, "project_id"),
    "deployment": (Deployment, "environment__project_id"),
    "monitor": (Monitor, "deployment__environment__project_id"),
    "run": (Run, "project_id"),
    "token": (ApiToken, "project_id"),
}


class EntryPrinted(Output):
    """One event: ``body`` is the exact text whose leaf hash is given."""

    number = serializers.IntegerField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    at = serializers.CharField()
    leaf_hash = serializers.CharField()
    body = serializers.CharField()


class EntriesPrinted(Output):
    """A page of entries; ``next`` is the value of ``after`` for the next page, null at the end."""

    next = serializers.IntegerField(allow_null=True)
    results = EntryPrinted(many=True)


class LedgerReading(ApiView):
    """The base of views on entries: who may read one."""

    def permit(self, subject: str | None) -> None:
        """Let through who sees the subject's project; else it takes an auditor's role in the default project."""
        if subject is not None and self._sees(subject):
            return
        project = Project.default()
        if project.pk not in self.visible:
            raise Http404
        require_one_of(self.caller.principal, project, AUDITORS, "read the whole ledger")

    def _sees(self, subject: str) -> bool:
        noun, _, identity = subject.partition(":")
        if noun not in SUBJECTS or not _is_uuid(identity):
            return False
        table, project = SUBJECTS[noun]
        conditions: dict[str, Any] = {f"{project}__in": self.visible}
        return table._default_manager.filter(pk=identity).filter(**conditions).exists()  # noqa: SLF001


class LedgerView(LedgerReading):
    """Entries of the ledger, in the order of their numbers."""

    @describe(EntriesPrinted, query=("subject", "kind", "after", "limit"), operation_id="ledger_list")
    def get(self, request: Request) -> Response:
        """List entries: of one subject that the caller sees, or all of them for the installation's auditors."""
        asked = request.query_params
        subject = asked.get("subject")
        self.permit(subject)
        limit = min(self._number("limit", USUAL), MOST)
        found = list(
            islice(entries(subject=subject, kind=asked.get("kind"), after=self._number("after", 0)), limit + 1)
        )
        page = found[:limit]
        more = page[-1].number if page and len(found) > limit else None
        return Response({"next": more, "results": EntryPrinted(page, many=True).data})

    def _number(self, name: str, usual: int) -> int:
        text = self.request.query_params.get(name, str(usual))
        if not (text.isascii() and text.isdecimal()) or (name == "limit" and not int(text)):
            raise FilterError(f"the parameter {name!r} takes a whole number, not {text[:20]!r}")
        return min(int(text), 2**62)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
