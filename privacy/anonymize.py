"""Use case: a new, anonymised version of a dataset, by a recipe; it is scanned again, and what is left fails it."""

import contextlib
import secrets
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from privacy.examine import engine, examine
from privacy.models import Recipe
from registry.artifacts import local_path, read_document
from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import Actor, DatasetVersion, Project
from registry.register import register_dataset_version

KEY_BYTES = 32


class StillPersonalError(ValueError):
    """The new version still holds personal data: no version was made."""

    code = "still_personal"


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


def anonymize(source: DatasetVersion, *, actor: Actor, recipe: dict[str, Any] | None = None) -> DatasetVersion:
    """Make an anonymised version by the recipe (or the one that the findings propose), with lineage to its source.

    Raises RecipeError for a recipe that does not fit, StillPersonalError when the new scan finds anything.
    """
    import pyarrow.parquet as pq

    from privacy.recipe import apply, propose, result_class

    findings = read_document(str(examine(source, actor=actor).report_id))
    used = recipe or propose(findings, source.schema)
    table = apply(pq.read_table(local_path(source.content_id)), used, project_key(source.dataset.project), engine())
    schema = _schema_after(source.schema, table.column_names)
    _check_clean(table, schema)
    with tempfile.TemporaryDirectory(prefix="probity-anonymize-") as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(table, file)
        return _register(source, file, schema, used, result_class(used), actor)


def _schema_after(schema: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """Return the schema without the columns that the recipe dropped."""
    kept = set(columns)
    return {
        **schema,
        "features": [feature for feature in schema["features"] if feature["name"] in kept],
        **{key: [name for name in schema[key] if name in kept] for key in ("identifiers", "text", "ignore")},
        "sensitive": [attribute for attribute in schema["sensitive"] if attribute["column"] in kept],
    }


def _check_clean(table: Any, schema: dict[str, Any]) -> None:
    from privacy.scan.scan import scan

    again = scan(table, schema, engine=engine())
    left = [column["name"] for column in again["columns"] if column["verdict"] != "CLEAN"]
    if left or not again["complete"]:
        what = ", ".join(left) or "columns that could not be scanned in full"
        raise StillPersonalError(f"after the recipe personal data is left in: {what}; no version was made")


def _register(  # noqa: PLR0917 - what one anonymisation made
    source: DatasetVersion, file: Path, schema: dict[str, Any], recipe: dict[str, Any], grade: str, actor: Actor
) -> DatasetVersion:
    identity = digest(recipe)
    version = register_dataset_version(
        project=source.dataset.project,
        name=source.dataset.name,
        file=file,
        schema=schema,
        actor=actor,
        parent=source,
        recipe_digest=identity,
        source={"grade": grade},
    )
    with transaction.atomic():  # the rows were copied before: nobody waits for that
        Recipe.objects.get_or_create(
            pk=identity,
            defaults={
                "document_text": canonical(recipe).decode(),
                "project": source.dataset.project,
                "created_by": actor.principal,
            },
        )
        append(
            "dataset.anonymized",
            actor=actor,
            subject=f"dataset_version:{version.pk}",
            evidence=[identity],
            data={"source": source.digest, "result": version.digest, "recipe": identity, "grade": grade},
        )
    return version
