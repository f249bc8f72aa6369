"""Use case: a new, anonymised version of a dataset, by a recipe; it is scanned again, and what is left fails it."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from privacy.examine import engine, examine
from privacy.key_changes import current_key
from privacy.models import Anonymization, Recipe
from privacy.partitions import files, opened
from registry import run
from registry.artifacts import keep_document, read_document
from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import Actor, Artifact, Dataset, DatasetVersion, Run, RunKind
from registry.register.datasets import keep_rows, record_dataset_version
from registry.run import Lease

ANONYMIZE = "privacy.tasks.anonymize"
Progress = Callable[[float, str], None]


class AnonymizeContentError(ValueError):
    """Rows that are not in one Parquet file."""

    code = "anonymize_content"


class StillPersonalError(ValueError):
    """The new version still holds personal data: no version was made."""

    code = "still_personal"


@dataclass(frozen=True, slots=True)
class _Version:
    """What there is to record: rows that were kept, their schema, the report on them, and the number of the key."""

    content: Artifact
    rows: int
    schema: dict[str, Any]
    report: Artifact
    key: int


def start_anonymizing(
    source: DatasetVersion, *, actor: Actor, recipe: Mapping[str, Any] | None = None, model: bool = False
) -> Run:
    """Queue an anonymised version by the recipe, by a draft that the findings complete, or by what they propose.

    With ``model``, the report tells what a baseline model makes of the rows before and after. What is under way for
    the same rows and recipe is returned. The result of the run holds the id of the new ``dataset_version``, its
    ``recipe``, ``grade`` and ``report``. Raises RecipeError or CanonicalError for what is no recipe.
    """
    if recipe is not None:
        from privacy.recipe_text import checked

        recipe = checked(recipe)
    return run.start(
        kind=RunKind.ANONYMIZE,
        task=ANONYMIZE,
        project=source.dataset.project,
        subject=f"dataset_version:{source.pk}",
        key=f"{source.pk}:{digest(recipe) if recipe is not None else 'proposed'}",
        actor=actor,
        arguments={"recipe": recipe, "model": model},
    )


def anonymize(run_: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of an ANONYMIZE run; the same recipe and key on the same version give the version there is.

    Raises RecipeError for a recipe that does not fit, StillPersonalError when the new scan finds anything.
    """
    from privacy.recipe import uses_key

    source = DatasetVersion.objects.select_related("dataset__project").get(pk=run_.subject.partition(":")[2])
    actor = Actor(principal=run_.requested_by, role="registrar", auth="task")
    recipe = _whole(source, run_.arguments["recipe"], actor, _part(lease, 0, 0.3))
    key = current_key(source.dataset.project, actor=actor) if uses_key(recipe) else None
    made = _made(source, recipe, key.number if key else 0)
    if made is None:
        version = _make(source, recipe, key, run_, lease)
        made = _record(source, recipe, version, run_=run_, actor=actor, lease=lease)
    return _told(made)


def _told(made: Anonymization) -> dict[str, Any]:
    told = {"dataset_version": str(made.result_id), "recipe": made.recipe_id, "grade": made.grade}
    return {**told, "report": made.report_id}


def _made(source: DatasetVersion, recipe: Mapping[str, Any], key_number: int) -> Anonymization | None:
    return Anonymization.objects.filter(source=source, recipe_id=digest(dict(recipe)), key_number=key_number).first()


def _part(lease: Lease, low: float, high: float) -> Progress:
    """Return a progress function for a part of the work, whose own share runs from 0 to 1."""
    return lambda share, message: lease.progress(low + (high - low) * share, message)


def _whole(source: DatasetVersion, given: dict[str, Any] | None, actor: Actor, progress: Progress) -> dict[str, Any]:
    """Return the recipe that was given, or what the findings make of a draft, or of nothing."""
    from privacy.recipe import propose
    from privacy.recipe_text import is_draft

    if given is not None and not is_draft(given):
        return given
    findings = read_document(str(examine(source, actor=actor, progress=progress).report_id))
    return propose(findings, source.schema, given or {})


def _make(source: DatasetVersion, recipe: dict[str, Any], key: Any, run_: Run, lease: Lease) -> _Version:
    from privacy.anonymous_report import report
    from privacy.anonymous_rows import write

    with tempfile.TemporaryDirectory(prefix="probity-anonymize-") as folder:
        file, progress = Path(folder) / "rows.parquet", _part(lease, 0.3, 0.9)
        old = _parquet(source)
        made = write(old, file, recipe, schema=source.schema, key=key, engine=engine(), progress=progress)
        if made.still_personal:
            what = ", ".join(made.still_personal)
            raise StillPersonalError(f"after the recipe personal data is left in: {what}; no version was made")
        lease.beat(0.9, "keeping the new version")
        content, count = keep_rows(file, made.schema)
    model = bool(run_.arguments.get("model"))
    told = keep_document(report(made, recipe, source=source.schema, key=key, model=model))
    return _Version(content, count, made.schema, told, key.number if key else 0)


def _parquet(source: DatasetVersion) -> Path:
    """Return the verified file of the rows; raises AnonymizeContentError for content of another form."""
    found = files(source.content)
    one = opened(found[0]) if len(found) == 1 else None
    if one is None or one.format != "parquet" or one.packed:
        raise AnonymizeContentError(f"{source} is not one Parquet file, which is what a recipe is applied to.")
    return one.place


@transaction.atomic
def _record(
    source: DatasetVersion, recipe: dict[str, Any], new: _Version, *, run_: Run, actor: Actor, lease: Lease
) -> Anonymization:
    """Record version, recipe, lineage and event at once, while the run is still ours; once, if two come at once."""
    from privacy.recipe import result_class

    lease.lock()
    Dataset.objects.select_for_update().get(pk=source.dataset_id)
    if (known := _made(source, recipe, new.key)) is not None:
        return known
    identity, grade = digest(recipe), result_class(recipe)
    version = record_dataset_version(
        project=source.dataset.project,
        name=source.dataset.name,
        content=new.content,
        rows=new.rows,
        schema=new.schema,
        actor=actor,
        parent=source,
        recipe_digest=identity,
        source={"grade": grade},
    )
    kept = {"document_text": canonical(recipe).decode(), "project": source.dataset.project}
    Recipe.objects.get_or_create(pk=identity, defaults={**kept, "created_by": actor.principal})
    made = Anonymization(
        source=source, recipe_id=identity, result=version, grade=grade, run=run_, report=new.report, key_number=new.key
    )
    made.full_clean()
    made.save()
    append(
        "dataset.anonymized",
        actor=actor,
        subject=f"dataset_version:{version.pk}",
        evidence=[identity, new.report.digest],
        data={
            "source": source.digest,
            "result": version.digest,
            "recipe": identity,
            "grade": grade,
            "report": new.report.digest,
            "key": new.key,
        },
    )
    return made
