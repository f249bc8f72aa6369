"""Erasure and legal holds: what is behind a commitment goes after its time, unless a hold covers it."""

from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.subjects import project_of
from governance.api.base import CREATED, ApiView, describe
from governance.api.fields import Empty, Input, MomentField, Output, Reason
from governance.api.idempotency import once
from governance.models import LegalHold
from governance.retention.erase import erase_commitment, projects_about
from governance.retention.hold import lift_hold, place_hold, request_lift
from registry.models import Actor, Commitment


class HoldPrinted(Output):
    """A hold on a subject, or on all of a project; it is in force until ``lifted_at``."""

    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    subject = serializers.CharField()
    placed_by = serializers.UUIDField(source="placed_by_id")
    lift_asked_by = serializers.UUIDField(source="lift_asked_by_id", allow_null=True)
    lifted_by = serializers.UUIDField(source="lifted_by_id", allow_null=True)
    lifted_at = MomentField(allow_null=True)
    created_at = MomentField()


class HoldSent(Input):
    """A hold to place."""

    subject = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=4000)


class ErasedPrinted(Output):
    """A commitment whose text and salt are gone."""

    digest = serializers.CharField()
    erased_at = MomentField()


class Retention(ApiView):
    """The base of views that keep and erase."""

    scopes = {"GET": "read", "POST": "administer"}

    def person(self) -> Actor:
        """Return who acts; the use case finds the role that it takes."""
        return Actor(self.caller.principal, "", self.caller.auth)

    def hold(self, hold_id: UUID) -> LegalHold:
        """Return a hold of the caller's projects."""
        return self.one(LegalHold.objects.filter(project_id__in=self.visible), pk=hold_id)


class CommitmentEraseView(Retention):
    """Erase what is behind a commitment."""

    @describe(ErasedPrinted, sent=Reason, operation_id="commitments_erase")
    @once()
    def post(self, request: Request, digest: str) -> Response:  # noqa: ARG002
        """Erase the text and the salt; the digest, and every proof, stays."""
        commitment = self.one(Commitment.objects.all(), pk=digest)
        if not projects_about(commitment) <= self.visible:
            raise Http404
        given = self.read(Reason)
        erased = erase_commitment(commitment, reason=given["reason"], actor=self.person())
        return Response(ErasedPrinted(erased).data)


class HoldsView(Retention):
    """Legal holds of the caller's projects."""

    @describe(HoldPrinted(many=True), query=("subject",))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List holds, also those that were lifted."""
        rows = LegalHold.objects.filter(project_id__in=self.visible)
        return self.page(self.filtered(rows, subject="subject"), HoldPrinted)

    @describe(HoldPrinted, sent=HoldSent, status=201)
    @once()
    def post(self, request: Request) -> Response:  # noqa: ARG002
        """Place a hold: nothing that is said of the subject is erased while it is in force."""
        given = self.read(HoldSent)
        if project_of(given["subject"]) not in {None, *self.visible}:
            raise Http404
        made = place_hold(given["subject"], reason=given["reason"], actor=self.person())
        return Response(HoldPrinted(made).data, status=CREATED)


class HoldRequestLiftView(Retention):
    """Ask for the end of a hold."""

    @describe(HoldPrinted, sent=Reason, operation_id="holds_request_lift")
    @once()
    def post(self, request: Request, hold_id: UUID) -> Response:  # noqa: ARG002
        """Ask for the end of a hold; it stays in force."""
        hold, given = self.hold(hold_id), self.read(Reason)
        return Response(HoldPrinted(request_lift(hold, reason=given["reason"], actor=self.person())).data)


class HoldLiftView(Retention):
    """Lift a hold."""

    @describe(HoldPrinted, sent=Empty, operation_id="holds_lift")
    @once()
    def post(self, request: Request, hold_id: UUID) -> Response:  # noqa: ARG002
        """Lift a hold as the second person."""
        hold = self.hold(hold_id)
        self.read(Empty)
        return Response(HoldPrinted(lift_hold(hold, actor=self.person())).data)
