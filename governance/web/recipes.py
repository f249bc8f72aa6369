"""The recipe editor of a dataset version: choices by column, what becomes of the first rows, the start of the run."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from governance.access.permissions import REGISTRARS, require_one_of
from governance.web.actors import Member, members_only
from governance.web.columns import verdict_badge
from governance.web.datasets import MOST, find
from governance.web.recipe_form import KEEP, Choice, base_of, choices_of, errors_of, read_choices, rule_errors_of
from governance.web.recipe_form import (
    MOST as MOST_COLUMNS,
)
from governance.web.refusals import Refusal, refusal_of
from governance.web.wording import badge
from privacy.anonymize import start_anonymizing
from privacy.recipe import ANONYMISED
from privacy.recipe_text import as_yaml
from privacy.scan.columns import CLEAN
from privacy.scan.entities import is_direct
from privacy.scan.recipe_errors import RecipeError
from privacy.verdicts import judged_report, newest_scan
from registry.models import DatasetVersion, Run, RunKind

NOT_SCANNED = Refusal("not_scanned", "There is no scan yet; a recipe is proposed from what a scan has found.", 409)


class StepsRefusedError(RecipeError):
    """Some steps do not fit their columns; the page says which and why."""

    code = "recipe_steps"


def runs_of(version: DatasetVersion) -> Any:
    """Return the runs that anonymise a version, the newest first."""
    found = Run.objects.filter(kind=RunKind.ANONYMIZE, subject=f"dataset_version:{version.pk}")
    return found.order_by("-created_at")


@members_only
def edit(request: HttpRequest, member: Member, pk: UUID) -> HttpResponse:
    """Show the editor; on POST take a draft over, preview, or start; what is refused keeps what was chosen."""
    version = find(member, pk)
    scan = newest_scan(version)
    if scan is None:
        return _page(request, member, version, refusal=NOT_SCANNED)
    report, posted = judged_report(scan), request.POST if request.method == "POST" else QueryDict()
    recipe = None
    try:
        recipe = base_of(report, version.schema, posted.get("yaml", ""))
        if posted.get("deed") in {"preview", "start"}:
            recipe = read_choices(posted, recipe, report)
        if posted.get("deed") == "start":
            return _start(posted, member, version, recipe, report)
        shown = _preview(member, version, recipe) if posted.get("deed") == "preview" else None
        return _page(request, member, version, report=report, recipe=recipe, posted=posted, shown=shown)
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        recipe = recipe or _proposed(report, version)
        return _page(request, member, version, report=report, recipe=recipe, posted=posted, refusal=refusal)


def _proposed(report: Mapping[str, Any], version: DatasetVersion) -> dict[str, Any] | None:
    try:
        return base_of(report, version.schema, "")
    except RecipeError:
        return None


def _start(
    posted: QueryDict, member: Member, version: DatasetVersion, recipe: dict[str, Any], report: Mapping[str, Any]
) -> HttpResponse:
    project = version.dataset.project
    require_one_of(member.principal, project, REGISTRARS, "anonymise a dataset")
    if errors := {**errors_of(recipe, report), **rule_errors_of(recipe)}:
        raise StepsRefusedError(
            f"Of the choices {len(errors)} cannot be applied. {' '.join(list(errors.values())[:3])}"
        )
    actor = member.actor(project, sorted(REGISTRARS))
    run = start_anonymizing(version, actor=actor, recipe=recipe, model=posted.get("model") == "yes")
    return redirect("web:anonymization", pk=run.pk)


def _preview(member: Member, version: DatasetVersion, recipe: Mapping[str, Any]) -> Any:
    from privacy.preview import preview

    require_one_of(member.principal, version.dataset.project, REGISTRARS, "look at what becomes of the rows")
    return preview(version, recipe)


def _page(
    request: HttpRequest,
    member: Member,
    version: DatasetVersion,
    *,
    report: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    posted: QueryDict | None = None,
    shown: Any = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    columns: list[Choice] = []
    entities: list[Choice] = []
    if report is not None and recipe is not None:
        columns, entities = choices_of(report, recipe)
        errors = {**errors_of(recipe, report), **(shown.errors if shown else {})}
        for one in columns:
            one.error = errors.get(one.name, "")
            one.pairs, one.changed = (
                (shown.pairs.get(one.name, ()), shown.changed.get(one.name, 0)) if shown else ((), 0)
            )
        wrong = rule_errors_of(recipe)
        for one in entities:
            one.error = wrong.get(one.name, "")
    context = {
        "version": version,
        "decided": [(one, _verdict(one.column)) for one in columns if not _stays(one)],
        "kept": [(one, _verdict(one.column)) for one in columns if _stays(one)],
        "others": len(report["columns"]) - len(columns) if report else 0,
        "most": MOST_COLUMNS,
        "names": [one["name"] for one in report["columns"]][:500] if report else [],
        "entities": entities,
        "units": ("year", "month"),
        "recipe": recipe,
        "yaml": posted.get("yaml", "") if posted else "",
        "written": as_yaml(recipe) if recipe else "",
        "anonymised": bool(recipe) and recipe["result"] == ANONYMISED,  # type: ignore[index]
        "model": bool(posted) and posted.get("model") == "yes",  # type: ignore[union-attr]
        "shown": shown,
        "refusal": refusal,
        "may": member.holds(version.dataset.project_id, REGISTRARS),
        "runs": [(one, badge(one.status)) for one in runs_of(version)[:MOST]],
    }
    return render(request, "governance/recipe.html", context, status=refusal.status if refusal else 200)


def _stays(one: Choice) -> bool:
    return one.operator == KEEP and one.column["verdict"] == CLEAN and not one.error


def _verdict(column: Mapping[str, Any]) -> Any:
    return verdict_badge(column["verdict"], direct=any(map(is_direct, [*column["entities"], column["label"]])))
