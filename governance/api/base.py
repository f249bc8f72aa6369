"""What every view shares: who may call, which projects they see, reading input, printing pages and objects."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access.permissions import ANYONE, require_one_of, visible_projects
from governance.api import errors
from governance.api.authentication import AUTHENTICATION, Caller, HasScope
from governance.api.pagination import Newest
from registry.models import Actor, Principal, Project

Row = TypeVar("Row", bound=Model)
Printer = type[serializers.BaseSerializer[Any]]
CREATED = 201
ACCEPTED = 202


class FilterError(ValueError):
    """A value in the query that is not of the shape its filter takes."""

    code = "invalid"


def describe(
    printed: Any,
    *,
    sent: Any = None,
    status: int = 200,
    or_status: Collection[int] = (),
    query: Collection[str] = (),
    summary: str = "",
    **more: Any,
) -> Callable[[Any], Any]:
    """Describe an operation for the OpenAPI document."""
    parameters = [*more.pop("parameters", ()), *(OpenApiParameter(name, OpenApiTypes.STR) for name in query)]
    if sent is not None:
        parameters.append(OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER))
    return extend_schema(
        request=sent,
        responses=dict.fromkeys((status, *or_status), printed),
        parameters=parameters,
        summary=summary or None,
        **more,
    )


class Described(AutoSchema):
    """Describes every error of every operation as a problem."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self._get_response_for_code(  # type: ignore[no-untyped-call]
            errors.ProblemSerializer, "default", [errors.MEDIA_TYPE], direction
        )
        return {**bodies, "default": problem}


class ApiView(APIView):
    """The base of every view: authenticated, scoped, confined to the caller's projects; errors are problems."""

    schema = Described()
    authentication_classes = AUTHENTICATION
    permission_classes = [HasScope]
    parser_classes = [JSONParser]
    pagination_class = Newest
    metadata_class = None
    scopes: Mapping[str, str] = {"GET": "read"}

    def get_exception_handler(self) -> Any:
        """Return the one place that turns exceptions into problems."""
        return errors.handle

    @property
    def caller(self) -> Caller:
        """The authenticated caller."""
        return cast("Caller", self.request.user)

    @cached_property
    def visible(self) -> frozenset[UUID]:
        """The projects that the caller sees."""
        token = self.caller.token
        return visible_projects(self.caller.principal, only=token.project_id if token else None)

    def project(self, slug: str) -> Project:
        """Return a project that the caller sees; anything else is not found."""
        found = Project.objects.filter(slug=slug, pk__in=self.visible).first()
        if found is None:
            raise Http404
        return found

    def one(self, rows: QuerySet[Row], **conditions: Any) -> Row:
        """Return the one row, or answer 404."""
        found = rows.filter(**conditions).first()
        if found is None:
            raise Http404
        return found

    def actor(
        self,
        project: Project,
        allowed: Collection[str] = ANYONE,
        what: str = "do this",
        on_behalf_of: Principal | None = None,
    ) -> Actor:
        """Return who acts, in the first suitable role held; raises RoleMissingError without one."""
        if project.pk not in self.visible:
            raise Http404
        role = require_one_of(self.caller.principal, project, allowed, what)
        return Actor(self.caller.principal, role, self.caller.auth, on_behalf_of.pk if on_behalf_of else None)

    def read(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the validated input; raises ValidationError."""
        sent = shape(data=self.request.data)
        sent.is_valid(raise_exception=True)
        found: dict[str, Any] = sent.validated_data
        return found

    def filtered(self, rows: QuerySet[Row], **filters: str) -> QuerySet[Row]:
        """Return the rows that the query asks for: names of parameters and the lookups they stand for."""
        for name, lookup in filters.items():
            value = self.request.query_params.get(name)
            if value is None:
                continue
            if lookup.endswith("_id"):
                _check_uuid(name, value)
            rows = rows.filter(**{lookup: value})
        return rows

    def page(self, rows: QuerySet[Any], printer: Printer) -> Response:
        """Print a page of rows, newest first."""
        paginator = self.pagination_class()
        found = paginator.paginate_queryset(rows, self.request, view=self)
        return paginator.get_paginated_response(printer(found, many=True).data)


def _check_uuid(name: str, value: str) -> None:
    try:
        UUID(value)
    except ValueError as error:
        raise FilterError(f"the filter {name!r} takes an id (a UUID), not {value[:40]!r}") from error
