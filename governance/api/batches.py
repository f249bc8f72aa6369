"""Batches: rows that a deployment answered, posted with or without outcomes, measured and judged by its policy."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import ACCEPTED, describe
from governance.api.deployments import Deployments
from governance.api.fields import Input, MomentField, Output
from governance.api.idempotency import once
from governance.api.uploads import read, saved
from governance.watch import POSTERS, post_batch
from monitoring.models import Batch


class BatchPrinted(Output):
    """A batch and what was judged of it (empty: not judged yet)."""

    id = serializers.UUIDField()
    content = serializers.CharField(source="content_id")
    rows = serializers.IntegerField()
    has_outcomes = serializers.BooleanField()
    posted_by = serializers.UUIDField(source="posted_by_id")
    run = serializers.UUIDField(source="run_id", allow_null=True)
    measured_at = MomentField(allow_null=True)
    verdict = serializers.CharField()
    created_at = MomentField()


class BatchSent(Input):
    """A CSV or Parquet file with the features, and the target where outcomes are known."""

    file = serializers.FileField()


class BatchesView(Deployments):
    """Batches of a deployment."""

    scopes = {"GET": "read", "POST": "operate"}
    parser_classes = [MultiPartParser]

    @describe(BatchPrinted(many=True))
    def get(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """List batches."""
        return self.page(Batch.objects.filter(monitor__deployment=self.deployment(deployment_id)), BatchPrinted)

    @describe(BatchPrinted, sent=BatchSent, status=202)
    @once(atomic=False)
    def post(self, request: Request, deployment_id: UUID) -> Response:  # noqa: ARG002
        """Post a batch; the same rows give the batch there is."""
        deployment = self.deployment(deployment_id)
        given = self.read(BatchSent)
        actor = self.actor(deployment.environment.project, POSTERS, "post a batch")
        with saved(given["file"]) as place:
            table = read(place)
        return Response(BatchPrinted(post_batch(deployment, table=table, actor=actor)).data, status=ACCEPTED)
