"""Personal data in texts and records: redacted on the way through; nothing of it is kept, logged or repeated."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.permissions import REGISTRARS
from governance.api.base import ApiView, describe
from governance.api.fields import Input, Output
from governance.api.throttles import RedactThrottle
from privacy.redact import redact

MOST_RECORDS = 1000


class RedactSent(Input):
    """A text, or records (JSON objects); what becomes of each entity; the least score of a finding that counts."""

    project = serializers.SlugField()
    text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    records = serializers.ListField(
        child=serializers.DictField(), required=False, min_length=1, max_length=MOST_RECORDS
    )
    entities = serializers.DictField(required=False)
    threshold = serializers.FloatField(required=False, min_value=0.01, max_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one of text and records."""
        if ("text" in attrs) == ("records" in attrs):
            raise serializers.ValidationError("send either 'text' or 'records'", "text_or_records")
        return attrs


class FindingPrinted(Output):
    """What was replaced: in ``text`` by the code points of the answer, in records by the place (a JSON pointer)."""

    entity = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    place = serializers.CharField()


class RedactedPrinted(Output):
    """What was sent, redacted in the same shape; what it may be called, and what that leaves open."""

    text = serializers.CharField(required=False)
    records = serializers.ListField(child=serializers.DictField(), required=False)
    findings = FindingPrinted(many=True)
    grade = serializers.CharField()
    caveats = serializers.ListField(child=serializers.CharField())


class RedactView(ApiView):
    """Redaction, by the engine that anonymises datasets."""

    scopes = {"POST": "register"}

    def get_throttles(self) -> list[Any]:
        """Limit how often a caller may ask: keyed tokens tell whether a guess was right."""
        return [RedactThrottle()]

    @describe(RedactedPrinted, sent=RedactSent, operation_id="privacy_redact")
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Redact a text or records; nothing is stored, so an Idempotency-Key is not needed and not honoured."""
        given = self.read(RedactSent)
        project = self.project(given["project"])
        actor = self.actor(project, REGISTRARS, "redact under the project's key")
        rules: Mapping[str, Any] = given.get("entities", {})
        made = redact(
            given["text"] if "text" in given else given["records"],
            rules=rules,
            threshold=given.get("threshold"),
            project=project,
            actor=actor,
            limit=int(settings.PROBITY_REDACT_CHARACTERS),
        )
        body = "text" if "text" in given else "records"
        return Response({body: made.value, "findings": made.findings, "grade": made.grade, "caveats": made.caveats})
