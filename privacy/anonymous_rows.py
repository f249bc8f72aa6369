"""A Parquet file by a recipe into another, batch by batch; what is left in it is scanned, some rows are compared.

Memory holds one batch, what the scan gathered, and the rows of the sample, however many rows there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privacy.recipe import apply, check_fits
from privacy.scan.engine import Engine
from privacy.scan.keyed import ProjectKey
from privacy.scan.scan import TablePart, document, scan_part

BATCH_ROWS = 4096
SAMPLE_ROWS = 10_000
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """The new schema, the "pii" document of the new rows, and the same rows of a sample before and after."""

    schema: dict[str, Any]
    left: Mapping[str, Any]
    before: Any
    after: Any

    @property
    def still_personal(self) -> list[str]:
        """The columns that are not clean; empty only where every cell was analysed."""
        found = [one["name"] for one in self.left["columns"] if one["verdict"] != "CLEAN"]
        return found or ([] if self.left["complete"] else ["columns that could not be scanned in full"])


def write(
    source: Path,
    target: Path,
    recipe: Mapping[str, Any],
    *,
    schema: Mapping[str, Any],
    key: ProjectKey | None,
    engine: Engine,
    progress: Progress = lambda _share, _message: None,
) -> Made:
    """Write the rows of one Parquet file into another by a recipe; types stay, and each batch is a row group.

    Raises RecipeError, or one of its kinds, before anything is written where the recipe does not fit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        check_fits(recipe, file.schema_arrow)
        rows, done, whole = file.metadata.num_rows, 0, TablePart()
        every = max(-(-rows // SAMPLE_ROWS), 1)
        dropped = {one["name"] for one in recipe["columns"] if one["operator"] == "drop"}
        kept = pa.schema([one for one in file.schema_arrow if one.name not in dropped])
        before, after = [file.schema_arrow.empty_table()], [kept.empty_table()]
        with pq.ParquetWriter(target, kept) as writer:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                progress(done / max(rows, 1), f"row {done} of {rows}")
                table = pa.Table.from_batches([batch])
                made = apply(table, recipe, key, engine)
                writer.write_table(made)
                whole.merge(
                    scan_part(made, engine=engine, progress=_beating(progress, done, rows), dataset=str(target))
                )
                places = pa.array(range(-done % every, table.num_rows, every), pa.int64())
                before.append(table.take(places))
                after.append(made.take(places))
                done += table.num_rows
    new = schema_after(schema, kept.names)
    left = document(whole, kept, new, engine=engine, dataset="")
    return Made(new, left, pa.concat_tables(before), pa.concat_tables(after))


def _beating(progress: Progress, done: int, rows: int) -> Progress:
    return lambda _share, message: progress(done / max(rows, 1), message)


def schema_after(schema: Mapping[str, Any], columns: list[str]) -> dict[str, Any]:
    """Return a dataset's schema without the columns that a recipe dropped."""
    kept = set(columns)
    lists = [key for key in ("identifiers", "text", "ignore", "quasi_identifiers") if key in schema]
    return {
        **schema,
        "features": [feature for feature in schema["features"] if feature["name"] in kept],
        **{key: [name for name in schema[key] if name in kept] for key in lists},
        **{
            key: [attribute for attribute in schema[key] if attribute["column"] in kept]
            for key in ("sensitive", "controls")
            if key in schema
        },
    }
