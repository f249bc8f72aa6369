"""Use case: a new, anonymised version of a dataset, by a recipe; it is scanned again, and what is left fails it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from privacy import anonymous_work as work
from privacy.examine import engine, examine, record_scan
from privacy.key_changes import current_key
from privacy.models import Anonymization, Recipe
from registry import run
from registry.artifacts import keep_document, keep_tree, read_document
from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import Actor, Artifact, ArtifactKind, Dataset, DatasetVersion, Run, RunKind
from registry.register.datasets import check_schema, dataset_digest, keep_rows, record_dataset_version
from registry.run import Lease

ANONYMIZE = "privacy.tasks.anonymize"
Progress = Callable[[float, str], None]


class StillPersonalError(ValueError):
    """The new version still holds personal data: no version was made."""

    code = "still_personal"


class PartLostError(RuntimeError):
    """Rows that a worker wrote are gone: no version is made of the others."""

    code = "part_lost"


@dataclass(frozen=True, slots=True)
class _Version:
    """What there is to record: rows that were kept, their schema, and the reports on the making and on the scan."""

    content: Artifact
    rows: int
    schema: dict[str, Any]
    report: Artifact
    scan: Mapping[str, Any]


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

    Any number of workers help with the chunks. Raises RecipeError or ChunkFailedError for a recipe that does not fit,
    AnonymizeContentError for rows without one schema, StillPersonalError when the new scan finds anything.
    """
    source = DatasetVersion.objects.select_related("dataset__project", "content").get(pk=run_.subject.partition(":")[2])
    actor = Actor(principal=run_.requested_by, role="registrar", auth="task")
    plan = _plan(source, run_, actor, _part(lease, 0, 0.3))
    made = _made(source, plan)
    if made is None:
        made = _record(source, plan, _make(source, plan, lease), actor=actor, lease=lease)
    work.forget(run_)
    return _told(made)


def _plan(source: DatasetVersion, run_: Run, actor: Actor, progress: Progress) -> work.Plan:
    """Return what is to be done, decided once for all attempts of the run."""
    from privacy.recipe import uses_key

    if (plan := work.decided(run_, engine())) is not None:
        return plan
    recipe = _whole(source, run_.arguments["recipe"], actor, progress)
    key = current_key(source.dataset.project, actor=actor) if uses_key(recipe) else None
    work.decide(run_, recipe, key)
    return work.Plan.of(run_, recipe, key, engine())


def _told(made: Anonymization) -> dict[str, Any]:
    told = {"dataset_version": str(made.result_id), "recipe": made.recipe_id, "grade": made.grade}
    return {**told, "report": made.report_id}


def _made(source: DatasetVersion, plan: work.Plan) -> Anonymization | None:
    identity, number = digest(dict(plan.recipe)), plan.key.number if plan.key else 0
    return Anonymization.objects.filter(source=source, recipe_id=identity, key_number=number).first()


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


def _make(source: DatasetVersion, plan: work.Plan, lease: Lease) -> _Version:
    """Have all chunks treated, judge what is left in them, and keep the rows; raises StillPersonalError."""
    import pyarrow.parquet as pq

    from privacy.anonymous_report import report
    from privacy.anonymous_rows import Made, count, risk_of, sample, schema_after, still_personal, tables_of
    from privacy.scan.field_names import named_after_persons

    partitions = work.treat_all(plan, source.content, _part(lease, 0.3, 0.85))
    whole, beat = work.gathered(partitions), _beating(lease, 0.9, "keeping the new version")
    schema = schema_after(source.schema, list(whole.types))
    _raise_if_left(still_personal(whole.document(schema, engine=engine(), dataset="")))
    folder = plan.folder / "joined"
    places = _joined(plan, partitions, folder, beat)
    _raise_if_left([name for place in places for name in named_after_persons(pq.read_schema(place), engine())])
    if (rows := count(places)) != whole.part.rows:
        raise PartLostError(f"{whole.part.rows} rows were written, and {rows} are there; no version was made")
    content = _kept(source, folder, places, schema)
    left = whole.document(schema, engine=engine(), dataset=dataset_digest(content.digest, schema))
    before = sample(work.rows_before(partitions, beat), left["rows"])
    after = sample((table for place in places for table in tables_of(place)), left["rows"])
    lease.beat(0.95, "comparing before and after")
    told = report(
        Made(schema, left, before, after, risk_of(places, schema)),
        plan.recipe,
        source=source.schema,
        key=plan.key,
        model=bool(plan.run.arguments.get("model")),
    )
    return _Version(content, left["rows"], schema, keep_document(told), left)


def _raise_if_left(found: Sequence[str]) -> None:
    if found:
        raise StillPersonalError(f"after the recipe personal data is left in: {', '.join(found)}; no version was made")


def _beating(lease: Lease, share: float, message: str) -> Callable[[], None]:
    return lambda: lease.progress(share, message)


def _joined(plan: work.Plan, partitions: work.Partitions, folder: Path, beat: Callable[[], None]) -> list[Path]:
    """Write a Parquet file for each partition below a folder, under the path that it had."""
    shutil.rmtree(folder, ignore_errors=True)
    places = []
    for number, (row, file) in enumerate(partitions, 1):
        given = Path(file.name) if len(partitions) > 1 else Path("rows")
        place = folder / given.parent / f"{given.name.split('.')[0] or number}.parquet"
        if place.exists():
            place = place.with_stem(f"{place.stem}-{number}")
        place.parent.mkdir(parents=True, exist_ok=True)
        work.joined(plan, row, file.name, place, beat)
        places += [place] if place.exists() else []
    return places


def _kept(source: DatasetVersion, folder: Path, places: list[Path], schema: dict[str, Any]) -> Artifact:
    """Keep the rows in the form that the source has: one file, or a folder of partitions."""
    if source.content.kind == ArtifactKind.BLOB:
        return keep_rows(places[0], schema)[0]
    import pyarrow as pa
    import pyarrow.parquet as pq

    targets = [pq.read_table(place, columns=[schema["target"]]) for place in places]
    check_schema(schema, pa.concat_tables(targets), pq.read_schema(places[0]).names)
    return keep_tree(folder)


@transaction.atomic
def _record(source: DatasetVersion, plan: work.Plan, new: _Version, *, actor: Actor, lease: Lease) -> Anonymization:
    """Record version, scan, recipe, lineage and event at once, while the run is still ours; once, if two come."""
    from privacy.recipe import result_class

    lease.lock()
    Dataset.objects.select_for_update().get(pk=source.dataset_id)
    if (known := _made(source, plan)) is not None:
        return known
    recipe = dict(plan.recipe)
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
    record_scan(version, plan.run, lease, dict(new.scan))
    kept = {"document_text": canonical(recipe).decode(), "project": source.dataset.project}
    Recipe.objects.get_or_create(pk=identity, defaults={**kept, "created_by": actor.principal})
    made = Anonymization(source=source, recipe_id=identity, result=version, grade=grade, run=plan.run)
    made.report, made.key_number = new.report, plan.key.number if plan.key else 0
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
            "key": made.key_number,
        },
    )
    return made
