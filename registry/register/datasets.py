"""Register dataset versions: content and schema under one digest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from registry.artifacts import keep_file
from registry.canonical import canonical, digest
from registry.checks import BINARY, REGRESSION, TASKS
from registry.ledger.append import append
from registry.models import Actor, Artifact, Dataset, DatasetVersion, Project
from registry.register.schema_shape import misshapen

SCHEMA_KEYS = {"target", "positive", "features", "identifiers", "text", "sensitive", "ignore"}
CONTROLS = "controls"  # optional: what may explain a difference between groups and is not judged (a department)
TASK = "task"  # optional: "multiclass" or "regression", of which no label is positive; "binary" where it is not there
QUASI = "quasi_identifiers"  # optional: columns by which, together, somebody may be found again


class DatasetRegistrationError(ValueError):
    """The file and the schema do not fit each other; the message names the column."""

    def __init__(self, message: str, code: str = "dataset_schema") -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


def dataset_digest(content: str, schema: dict[str, Any]) -> str:
    """Return H(content digest, schema)."""
    return digest({"content": content, "schema": schema})


def _columns_of(schema: dict[str, Any]) -> list[tuple[str, str]]:
    named = [("target", schema["target"])]
    named += [("feature", feature["name"]) for feature in schema["features"]]
    named += [("sensitive attribute", attribute["column"]) for attribute in schema["sensitive"]]
    named += [("control feature", control["column"]) for control in schema.get(CONTROLS, ())]
    return named + [(key, name) for key in ("identifiers", "text", "ignore", QUASI) for name in schema.get(key, ())]


def check_schema(schema: dict[str, Any], table: Any, names: Sequence[str] | None = None) -> None:
    """Raise DatasetRegistrationError when the table does not hold what the schema declares.

    Of the columns only the target is looked at; a table without the others comes with the ``names`` of all.
    """
    names = table.column_names if names is None else names
    if set(schema) - {QUASI, CONTROLS, TASK} != SCHEMA_KEYS:
        keys = f"the keys {sorted(SCHEMA_KEYS)} and, if need be, {QUASI!r}, {CONTROLS!r} and {TASK!r}"
        raise DatasetRegistrationError(f"a schema has {keys}, not {sorted(schema)}")
    if wrong := misshapen(schema):
        raise DatasetRegistrationError(wrong)
    if table.num_rows == 0:
        raise DatasetRegistrationError("the file holds a header and no rows", "dataset_empty")
    for what, name in _columns_of(schema):
        if name not in names:
            there = ", ".join(names[:20])
            raise DatasetRegistrationError(f"the {what} {name!r} is not a column of the file (there are: {there})")
    _check_target(schema, table.column(schema["target"]))


def _check_target(schema: dict[str, Any], target: Any) -> None:
    """Raise DatasetRegistrationError when the target is not what the schema says that it is."""
    import pyarrow.types as kinds

    task, name, positive = schema.get(TASK, BINARY), schema["target"], schema["positive"]
    labels = {str(value) for value in target.unique().to_pylist() if value is not None}
    shown = ", ".join(sorted(labels)[:10])
    if task not in TASKS:
        raise DatasetRegistrationError(f"the task is {task!r}; it is one of {', '.join(TASKS)}")
    if task == BINARY and positive not in labels:
        raise DatasetRegistrationError(
            f"the positive label {positive!r} does not occur in {name!r} (there are: {shown})"
        )
    if task != BINARY and positive:
        raise DatasetRegistrationError(f"the target of a {task} has no positive label; it is {positive!r}, not empty")
    if task == REGRESSION and not (kinds.is_integer(target.type) or kinds.is_floating(target.type)):
        raise DatasetRegistrationError(f"the target {name!r} of a regression holds {target.type}, not numbers")
    if len(labels) < 2:  # noqa: PLR2004 - a class and its opposite
        raise DatasetRegistrationError(f"the target {name!r} has one value only; two are needed")


def register_dataset_version(
    *,
    project: Project,
    name: str,
    file: Path,
    schema: dict[str, Any],
    actor: Actor,
    parent: DatasetVersion | None = None,
    recipe_digest: str = "",
    source: dict[str, Any] | None = None,
) -> DatasetVersion:
    """Register a Parquet file with its schema; the same content and schema return the version there is.

    Raises DatasetRegistrationError when they do not fit each other, BlobError when the bytes cannot be kept.
    """
    content, rows = keep_rows(file, schema)
    return record_dataset_version(
        project=project,
        name=name,
        content=content,
        rows=rows,
        schema=schema,
        actor=actor,
        parent=parent,
        recipe_digest=recipe_digest,
        source=source,
    )


def keep_rows(file: Path, schema: dict[str, Any]) -> tuple[Artifact, int]:
    """Keep the bytes of a Parquet file that fits the schema, and count its rows: what needs no transaction."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        names, rows = opened.schema_arrow.names, opened.metadata.num_rows
        check_schema(schema, opened.read(columns=[name for name in names if name == schema.get("target")]), names)
    return keep_file(file, "application/vnd.apache.parquet"), rows


@transaction.atomic
def record_dataset_version(
    *,
    project: Project,
    name: str,
    content: Artifact,
    rows: int,
    schema: dict[str, Any],
    actor: Actor,
    parent: DatasetVersion | None = None,
    recipe_digest: str = "",
    source: dict[str, Any] | None = None,
) -> DatasetVersion:
    """Register rows that ``keep_rows`` kept; the same content and schema return the version there is."""
    dataset, _ = Dataset.objects.get_or_create(project=project, name=name)
    Dataset.objects.select_for_update().get(pk=dataset.pk)
    identity = dataset_digest(content.digest, schema)
    if known := DatasetVersion.objects.filter(dataset=dataset, digest=identity).first():
        return known
    number = (dataset.versions.aggregate(Max("number"))["number__max"] or 0) + 1
    version = DatasetVersion(
        dataset=dataset,
        number=number,
        digest=identity,
        content=content,
        schema_text=canonical(schema).decode(),
        rows=rows,
        parent=parent,
        recipe_digest=recipe_digest,
        source=source or {},
        registered_by=actor.principal,
    )
    version.full_clean()
    version.save()
    append(
        "dataset_version.registered",
        actor=actor,
        subject=f"dataset_version:{version.pk}",
        subject_digest=identity,
        data={
            "dataset": str(dataset.pk),
            "number": number,
            "content": content.digest,
            "rows": rows,
            "parent": parent.digest if parent else None,
            "recipe": recipe_digest or None,
        },
    )
    return version
