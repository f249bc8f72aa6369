"""Use case: a new, anonymised version of a dataset, by a recipe; it is scanned again, and what is left fails it."""

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from privacy.examine import engine, examine
from privacy.models import Anonymization, Recipe
from registry import run
from registry.artifacts import local_path, read_document
from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import Actor, Artifact, DatasetVersion, Project, Run, RunKind
from registry.register.datasets import keep_rows, record_dataset_version
from registry.run import Lease

ANONYMIZE = "privacy.tasks.anonymize"
KEY_BYTES = 32
SLICE_ROWS = 1000
Progress = Callable[[float, str], None]


class StillPersonalError(ValueError):
    """The new version still holds personal data: no version was made."""

    code = "still_personal"


def start_anonymizing(source: DatasetVersion, *, actor: Actor, recipe: Mapping[str, Any] | None = None) -> Run:
    """Queue an anonymised version by the recipe, or by the one that the findings propose.

    What is under way for the same rows and recipe is returned. The result of the run holds the id of the new
    ``dataset_version``, its ``recipe`` and ``grade``. Raises RecipeError or CanonicalError for what is no recipe.
    """
    if recipe is not None:
        from privacy.recipe import check_document

        check_document(recipe)
    return run.start(
        kind=RunKind.ANONYMIZE,
        task=ANONYMIZE,
        project=source.dataset.project,
        subject=f"dataset_version:{source.pk}",
        key=f"{source.pk}:{digest(dict(recipe)) if recipe is not None else 'proposed'}",
        actor=actor,
        arguments={"recipe": dict(recipe) if recipe is not None else None},
    )


def anonymize(run_: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of an ANONYMIZE run; the same recipe on the same version gives the version there is.

    Raises RecipeError for a recipe that does not fit, StillPersonalError when the new scan finds anything.
    """
    source = DatasetVersion.objects.select_related("dataset__project").get(pk=run_.subject.partition(":")[2])
    actor = Actor(principal=run_.requested_by, role="registrar", auth="task")
    recipe = run_.arguments["recipe"] or _proposed(source, actor, _part(lease, 0, 0.3))
    made = Anonymization.objects.filter(source=source, recipe_id=digest(recipe)).first()
    return _told(made or _make(source, recipe, run_, actor, lease))


def _told(made: Anonymization) -> dict[str, Any]:
    return {"dataset_version": str(made.result_id), "recipe": made.recipe_id, "grade": made.grade}


def _part(lease: Lease, low: float, high: float) -> Progress:
    """Return a progress function for a part of the work, whose own share runs from 0 to 1."""
    return lambda share, message: lease.progress(low + (high - low) * share, message)


def _proposed(source: DatasetVersion, actor: Actor, progress: Progress) -> dict[str, Any]:
    from privacy.recipe import propose

    findings = read_document(str(examine(source, actor=actor, progress=progress).report_id))
    return propose(findings, source.schema)


def _make(source: DatasetVersion, recipe: dict[str, Any], run_: Run, actor: Actor, lease: Lease) -> Anonymization:
    import pyarrow.parquet as pq

    rows = pq.read_table(local_path(source.content_id))
    table = _applied(rows, recipe, project_key(source.dataset.project), _part(lease, 0.3, 0.6))
    schema = _schema_after(source.schema, table.column_names)
    _check_clean(table, schema, _part(lease, 0.6, 0.9))
    with tempfile.TemporaryDirectory(prefix="probity-anonymize-") as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(table, file)
        lease.beat(0.9, "keeping the new version")
        content, count = keep_rows(file, schema)
    return _record(source, run_, actor, lease, content=content, rows=count, schema=schema, recipe=recipe)


def _applied(table: Any, recipe: dict[str, Any], key: bytes, progress: Progress) -> Any:
    """Apply the recipe slice by slice (every operator looks at one row), with a sign of life after each."""
    import pyarrow as pa

    from privacy.recipe import apply

    parts = []
    for start in range(0, max(table.num_rows, 1), SLICE_ROWS):
        progress(start / max(table.num_rows, 1), f"row {start} of {table.num_rows}")
        parts.append(apply(table.slice(start, SLICE_ROWS), recipe, key, engine()))
    return pa.concat_tables(parts).unify_dictionaries()


def _schema_after(schema: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """Return the schema without the columns that the recipe dropped."""
    kept = set(columns)
    return {
        **schema,
        "features": [feature for feature in schema["features"] if feature["name"] in kept],
        **{key: [name for name in schema[key] if name in kept] for key in ("identifiers", "text", "ignore")},
        "sensitive": [attribute for attribute in schema["sensitive"] if attribute["column"] in kept],
    }


def _check_clean(table: Any, schema: dict[str, Any], progress: Progress) -> None:
    from privacy.scan.scan import scan

    again = scan(table, schema, engine=engine(), progress=progress)
    left = [column["name"] for column in again["columns"] if column["verdict"] != "CLEAN"]
    if left or not again["complete"]:
        what = ", ".join(left) or "columns that could not be scanned in full"
        raise StillPersonalError(f"after the recipe personal data is left in: {what}; no version was made")


@transaction.atomic
def _record(
    source: DatasetVersion,
    run_: Run,
    actor: Actor,
    lease: Lease,
    *,
    content: Artifact,
    rows: int,
    schema: dict[str, Any],
    recipe: dict[str, Any],
) -> Anonymization:
    """Record version, recipe, lineage and event at once, while the run is still ours."""
    from privacy.recipe import result_class

    lease.lock()
    identity, grade = digest(recipe), result_class(recipe)
    version = record_dataset_version(
        project=source.dataset.project,
        name=source.dataset.name,
        content=content,
        rows=rows,
        schema=schema,
        actor=actor,
        parent=source,
        recipe_digest=identity,
        source={"grade": grade},
    )
    kept = {"document_text": canonical(recipe).decode(), "project": source.dataset.project}
    Recipe.objects.get_or_create(pk=identity, defaults={**kept, "created_by": actor.principal})
    made, new = Anonymization.objects.get_or_create(
        source=source, recipe_id=identity, defaults={"result": version, "grade": grade, "run": run_}
    )
    if new:
        append(
            "dataset.anonymized",
            actor=actor,
            subject=f"dataset_version:{version.pk}",
            evidence=[identity],
            data={"source": source.digest, "result": version.digest, "recipe": identity, "grade": grade},
        )
    return made


def project_key(project: Project) -> bytes:
    """Return the key under which a project's pseudonyms are made: a file with mode 0600, outside of the database."""
    place = Path(settings.PROBITY_HOME) / "keys" / f"pseudonyms-{project.pk}"
    if not place.exists():
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        partial.touch(mode=0o600)
        partial.write_bytes(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            place.hardlink_to(partial)  # whoever is second takes the first one's key
        partial.unlink()
    return place.read_bytes()
