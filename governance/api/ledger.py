"""The ledger, to be read: entries by number, of one subject or kind. An installation's auditors read all of it."""

from itertools import islice

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import AUDITORS, require_one_of
from governance.access.subjects import project_of
from governance.api.base import ApiView, FilterError, describe
from governance.api.fields import Output
from registry.ledger.read import entries
from registry.models import Project

MOST = 200
USUAL = 50


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
        if subject is not None and project_of(subject) in self.visible:
            return
        project = Project.default()
        if project.pk not in self.visible:
            raise Http404
        require_one_of(self.caller.principal, project, AUDITORS, "read the whole ledger")


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
