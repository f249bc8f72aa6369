"""Recipes and what they made: the recipe that findings propose, those that were applied, and the reports on them."""

from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.base import ApiView, describe
from governance.api.fields import MomentField, Output
from privacy.models import Anonymization, DatasetScan, Recipe
from registry.artifacts import read_document
from registry.models import DatasetVersion


class RecipePrinted(Output):
    """A recipe under its digest; one that is only proposed has none yet."""

    digest = serializers.CharField()
    document = serializers.JSONField()


class AnonymizationPrinted(Output):
    """That a recipe made one dataset version of another, and under which key."""

    id = serializers.UUIDField()
    source = serializers.UUIDField(source="source_id")  # type: ignore[assignment]
    result = serializers.UUIDField(source="result_id")
    recipe = serializers.CharField(source="recipe_id")
    grade = serializers.CharField()
    key_number = serializers.IntegerField()
    report = serializers.CharField(source="report_id", allow_null=True)
    created_at = MomentField()


class AnonymizationReportPrinted(AnonymizationPrinted):
    """With what it did to each column, what the grade does not say, and what the rows are still good for."""

    document = serializers.JSONField()


class RecipeProposalView(ApiView):
    """The recipe for a dataset version."""

    @describe(RecipePrinted, operation_id="dataset_versions_recipe")
    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Print the recipe that the newest scan proposes; there is none before a scan."""
        from privacy.recipe import propose, recipe_digest

        rows = DatasetVersion.objects.filter(dataset__project_id__in=self.visible)
        version = self.one(rows, pk=version_id)
        scan = DatasetScan.objects.filter(dataset_version=version).order_by("-created_at").first()
        if scan is None:
            raise Http404
        recipe = propose(read_document(scan.report_id), version.schema)
        return Response({"digest": recipe_digest(recipe), "document": recipe})


class RecipeView(ApiView):
    """One recipe that was applied."""

    @describe(RecipePrinted)
    def get(self, request: Request, digest: str) -> Response:  # noqa: ARG002
        """Print a recipe."""
        return Response(RecipePrinted(self.one(Recipe.objects.filter(project_id__in=self.visible), pk=digest)).data)


class AnonymizationsView(ApiView):
    """Anonymised versions of the caller's projects."""

    @describe(AnonymizationPrinted(many=True), query=("source", "result"))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List what was made of what."""
        rows = Anonymization.objects.filter(source__dataset__project_id__in=self.visible)
        return self.page(self.filtered(rows, source="source_id", result="result_id"), AnonymizationPrinted)


class AnonymizationView(ApiView):
    """One anonymised version with its report."""

    @describe(AnonymizationReportPrinted)
    def get(self, request: Request, anonymization_id: UUID) -> Response:  # noqa: ARG002
        """Print what was made, and its report."""
        rows = Anonymization.objects.filter(source__dataset__project_id__in=self.visible)
        made = self.one(rows, pk=anonymization_id)
        document = read_document(made.report_id) if made.report_id else {}
        return Response({**AnonymizationPrinted(made).data, "document": document})
