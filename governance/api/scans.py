"""Scans of dataset versions, the verdicts on their columns, and the words of persons on those."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import OPERATORS, REGISTRARS
from governance.api.base import ACCEPTED, CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output
from governance.api.idempotency import once
from governance.api.runs import RunPrinted
from privacy.examine import start_scan
from privacy.models import ColumnVerdict, DatasetScan
from privacy.verdict_rules import LEVELS
from privacy.verdicts import (
    ASKERS,
    GRANTERS,
    REVIEWERS,
    VerdictRefusedError,
    give_word,
    grant_lowering,
    judged_report,
    newest_scan,
    request_lowering,
)
from registry.models import DatasetVersion

VERDICTS = tuple(LEVELS)


class ScanPrinted(Output):
    """One scan by one engine, which its fingerprint names; the report is an artifact."""

    id = serializers.UUIDField()
    dataset_version = serializers.UUIDField(source="dataset_version_id")
    engine = serializers.CharField(source="engine_fingerprint")
    report = serializers.CharField(source="report_id")
    complete = serializers.BooleanField()
    created_at = MomentField()


class VerdictsPrinted(Output):
    """The columns of the newest scan with the verdicts that count now; values are masked."""

    scan = ScanPrinted()
    rows = serializers.IntegerField()
    complete = serializers.BooleanField()
    valid_until = serializers.CharField(allow_null=True)
    columns = serializers.ListField(child=serializers.DictField())
    problems = serializers.ListField(child=serializers.DictField())


class WordPrinted(Output):
    """A person's word on a column; lowering counts once it is granted, until it ends."""

    id = serializers.UUIDField()
    dataset_version = serializers.UUIDField(source="dataset_version_id")
    dataset_digest = serializers.CharField()
    column = serializers.CharField()
    action = serializers.CharField()
    verdict = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    entities = serializers.ListField(child=serializers.CharField())
    given_by = serializers.UUIDField(source="given_by_id")
    granted_by = serializers.UUIDField(source="granted_by_id", allow_null=True)
    granted_at = MomentField(allow_null=True)
    ends_at = MomentField(allow_null=True)
    created_at = MomentField()
    reason = serializers.SerializerMethodField()

    def get_reason(self, word: ColumnVerdict) -> str | None:
        """Return the reason, unless it was erased."""
        return None if word.reason.erased_at else word.reason.text


class WordSent(Input):
    """A verdict to confirm or raise; with ``ends_at``, one to lower until then."""

    column = serializers.CharField(max_length=300, trim_whitespace=False)
    verdict = serializers.ChoiceField(choices=VERDICTS)
    label = serializers.CharField(max_length=80, default="", allow_blank=True)  # type: ignore[assignment]
    reason = serializers.CharField(max_length=4000)
    ends_at = MomentField(required=False)


class Scans(ApiView):
    """What the views of a dataset version share."""

    def version(self, version_id: UUID) -> DatasetVersion:
        """Return a dataset version that the caller sees."""
        rows = DatasetVersion.objects.filter(dataset__project_id__in=self.visible)
        return self.one(rows.select_related("dataset__project"), pk=version_id)

    def scan(self, version: DatasetVersion) -> DatasetScan:
        """Return its newest scan; raises VerdictRefusedError without one."""
        found = newest_scan(version)
        if found is None:
            raise VerdictRefusedError("The dataset version was not scanned yet.", "not_scanned")
        return found


class ScansView(Scans):
    """Scans of a dataset version."""

    scopes = {"GET": "read", "POST": "register"}

    @describe(ScanPrinted(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """List the scans."""
        return self.page(self.version(version_id).scans.all(), ScanPrinted)

    @describe(RunPrinted, sent=Empty, status=202, operation_id="dataset_versions_scan")
    @once()
    def post(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Queue a scan, or return the one under way; its run tells how it goes."""
        version = self.version(version_id)
        self.read(Empty)
        actor = self.actor(version.dataset.project, REGISTRARS | OPERATORS, "scan a dataset")
        return Response(RunPrinted(start_scan(version, actor=actor)).data, status=ACCEPTED)


class VerdictsView(Scans):
    """The verdict on each column."""

    @describe(VerdictsPrinted)
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Print the verdicts that count now."""
        scan = self.scan(self.version(version_id))
        report: dict[str, Any] = judged_report(scan)
        return Response(VerdictsPrinted({"valid_until": None, **report, "scan": scan}).data)


class WordsView(Scans):
    """The words of persons on columns."""

    scopes = {"GET": "read", "POST": "decide"}

    @describe(WordPrinted(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """List the words on a dataset version."""
        return self.page(self.version(version_id).column_verdicts.select_related("reason"), WordPrinted)

    @describe(WordPrinted, sent=WordSent, status=201)
    @once()
    def post(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Confirm or raise a verdict; with ``ends_at``, ask that it be lowered until then."""
        version = self.version(version_id)
        given = self.read(WordSent)
        if "ends_at" in given:
            given.pop("label")
            actor = self.actor(version.dataset.project, ASKERS, "ask that a verdict be lowered")
            word = request_lowering(self.scan(version), actor=actor, **given)
        else:
            actor = self.actor(version.dataset.project, REVIEWERS, "confirm or raise a verdict")
            word = give_word(self.scan(version), actor=actor, **given)
        return Response(WordPrinted(word).data, status=CREATED)


class WordGrantView(Scans):
    """The second person's word on a lowering."""

    scopes = {"POST": "decide"}

    @describe(WordPrinted, sent=Empty, operation_id="column_verdicts_grant")
    @once()
    def post(self, request: Request, word_id: UUID) -> Response:  # noqa: ARG002
        """Grant that a verdict is lowered until its end."""
        rows = ColumnVerdict.objects.filter(dataset_version__dataset__project_id__in=self.visible)
        word = self.one(rows.select_related("scan", "reason", "dataset_version__dataset__project"), pk=word_id)
        self.read(Empty)
        actor = self.actor(word.dataset_version.dataset.project, GRANTERS, "grant that a verdict is lowered")
        return Response(WordPrinted(grant_lowering(word, actor=actor)).data)
