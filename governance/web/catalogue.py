"""The models of one's projects: their versions, datasets and promotions; and where to ask for a release."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from governance.promotion.request import REQUESTERS, request_promotion
from governance.promotion.rollback import RUNNING
from governance.web.actors import Member, members_only
from governance.web.forms import RequestForm, read
from governance.web.inbox import seen_by
from governance.web.refusals import Refusal, refusal_of
from governance.web.trade_offs import trade_offs_of
from governance.web.wording import badge
from registry.models import Deployment, EvaluationSet, Model

MOST = 50


def find(member: Member, pk: UUID) -> Model:
    """Return a model that the member may see."""
    return get_object_or_404(Model.objects.filter(project__in=member.projects).select_related("project"), pk=pk)


@require_safe
@members_only
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """List the models."""
    models = Model.objects.filter(project__in=member.projects).select_related("project").order_by("name")
    return render(request, "governance/models.html", {"models": models.annotate(version_count=Count("versions"))})


def model_page(
    request: HttpRequest, member: Member, model: Model, form: RequestForm, refusal: Refusal | None = None
) -> HttpResponse:
    """Render the page of a model; after a refusal with its sentence and status."""
    versions = model.versions.select_related("registered_by", "retirement").prefetch_related(
        "dataset_roles__dataset_version__dataset"
    )
    running = Deployment.objects.filter(model=model, state__in=RUNNING).select_related(
        "environment", "manifest__champion"
    )
    pins = EvaluationSet.objects.filter(model=model).select_related("environment", "dataset_version__dataset")
    context: dict[str, Any] = {
        "model": model,
        "versions": (shown := list(versions.order_by("-number")[:MOST])),
        "trade_offs": trade_offs_of(shown),
        "promotions": [(one, badge(one.state)) for one in seen_by(member).filter(model=model)[:MOST]],
        "running": [(one, badge(one.state)) for one in running],
        "pins": {one.environment_id: one for one in pins.order_by("created_at")}.values(),
        "may_request": member.holds(model.project_id, REQUESTERS),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "governance/model.html", context, status=refusal.status if refusal else 200)


@require_safe
@members_only
def show(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show a model."""
    model = find(member, pk)
    return model_page(request, member, model, RequestForm(model=model))


@members_only
def ask(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Ask for a version of the model to be released; what is refused is shown on its page."""
    model = find(member, pk)
    if request.method != "POST":
        return redirect("web:model", pk=pk)
    form = RequestForm(request.POST, model=model)
    try:
        promotion = request_promotion(actor=member.actor(model.project, sorted(REQUESTERS)), **read(form))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        return model_page(request, member, model, form, refusal)
    messages.success(request, "The request is open; it is being measured.")
    return redirect("web:promotion", pk=promotion.pk)
