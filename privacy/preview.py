"""What a recipe makes of the first rows of a dataset version, masked, to look at before it is applied to all.

Keyed operators take a key that is thrown away: the tokens have the form of the real ones and are nobody's.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from privacy.anonymous_report import examples
from privacy.chunks.cut import Chunk
from privacy.chunks.read import read_chunk
from privacy.examine import engine
from privacy.keys import KEY_BYTES
from privacy.models import PartitionScan
from privacy.partitions import files, opened
from privacy.scan.keyed import ProjectKey
from privacy.scan.recipe_errors import RecipeError
from registry.models import DatasetVersion

ROWS = 200


class PreviewError(ValueError):
    """There are no rows to show."""

    code = "no_preview"


@dataclass(slots=True)
class Preview:
    """By column: pairs of a masked value and what becomes of it, how many cells change, what does not fit.

    ``left`` names the columns in which the scanner finds something after all, in these rows.
    """

    rows: int
    pairs: dict[str, list[list[str | None]]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def preview(version: DatasetVersion, recipe: Mapping[str, Any]) -> Preview:
    """Return what becomes of the first rows; a step that does not fit is told by its column and changes nothing.

    Raises PreviewError where no chunk of the rows is known or there are no rows, BlobError where they are gone.
    """
    import pyarrow as pa

    table = _first_rows(version)
    shown, key = Preview(table.num_rows), ProjectKey(1, secrets.token_bytes(KEY_BYTES))
    made = {name: table[name] for name in table.column_names}
    for step in recipe["columns"]:
        try:
            after = _applied(table, step, recipe, key)
        except RecipeError as error:
            shown.errors[step["name"]] = str(error)
            continue
        if after is None:
            del made[step["name"]]
            continue
        made[step["name"]] = after
        before = table[step["name"]]
        cells = zip(before.to_pylist(), after.to_pylist(), strict=True)
        shown.changed[step["name"]] = sum(old != new for old, new in cells)
        shown.pairs[step["name"]] = examples(step, before, after)
    shown.left = _left(pa.table(made), version) if made else []
    return shown


def _applied(table: Any, step: Mapping[str, Any], recipe: Mapping[str, Any], key: ProjectKey) -> Any:
    """Return the new column, None for one that is dropped; raises RecipeError."""
    from privacy.scan import operator_parameters, operators
    from privacy.scan.recipe_errors import RecipeColumnError

    if step["name"] not in table.column_names:
        raise RecipeColumnError(f"The recipe names column {step['name']!r}, which the table does not have.")
    operator_parameters.check(step, table.schema)
    if step["operator"] == "drop":
        return None
    rules, threshold = recipe.get("entities", {}), float(recipe["threshold"])
    return operators.applied(table, step, rules, key=key, engine=engine(), threshold=threshold)


def _left(table: Any, version: DatasetVersion) -> list[str]:
    from privacy.scan.columns import CLEAN
    from privacy.scan.scan import scan

    found = scan(table, version.schema, engine=engine())
    return [one["name"] for one in found["columns"] if one["verdict"] != CLEAN]


def _first_rows(version: DatasetVersion) -> Any:
    file = files(version.content)[0]
    row = PartitionScan.objects.filter(content=file.content, chunks__isnull=False).order_by("-created_at").first()
    if row is None:
        raise PreviewError("No rows can be shown before a scan by the present engine.")
    first = row.chunks.defer("result").order_by("number")[0]
    chunk = Chunk(first.start, first.end, first.first_line, first.weight)
    for table in read_chunk(opened(file), chunk, row.head):
        if table.num_rows:
            return table.slice(0, ROWS)
    raise PreviewError("The first part of the data holds no rows.")
