"""Rows by a recipe into a Parquet file, batch by batch; the files of several chunks into one; some rows to compare.

Memory holds one batch, or the rows of the sample, however many rows there are.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from privacy.recipe import apply
from privacy.scan.engine import Engine
from privacy.scan.keyed import ProjectKey

BATCH_ROWS = 4096  # treated at once
GROUP_ROWS = 32_768  # in a row group of what is kept
SAMPLE_ROWS = 10_000


class AnonymizeContentError(ValueError):
    """Rows that have other columns or types in one part of the data than in another."""

    code = "anonymize_content"


@dataclass(frozen=True, slots=True)
class Made:
    """The new schema, the "pii" document of the new rows, and the same rows of a sample before and after.

    ``risk`` is how easily somebody is found again in all new rows; None where nothing is declared to measure it over.
    """

    schema: dict[str, Any]
    left: Mapping[str, Any]
    before: Any
    after: Any
    risk: Mapping[str, Any] | None = None


def still_personal(left: Mapping[str, Any]) -> list[str]:
    """Return the columns of a "pii" document that are not clean; none only where every cell was analysed."""
    found = [one["name"] for one in left["columns"] if one["verdict"] != "CLEAN"]
    return found or ([] if left["complete"] else ["columns that could not be scanned in full"])


def treat(
    tables: Iterable[Any],
    target: Path,
    recipe: Mapping[str, Any],
    *,
    key: ProjectKey | None,
    engine: Engine,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Write the rows of some tables into a Parquet file by a recipe; types stay.

    Raises RecipeError, or one of its kinds, where the recipe does not fit, and whatever ``progress`` raises. Without
    a table no file is written.
    """
    with _Writer(target, target.name) as writer:
        for table in tables:
            for start in range(0, max(table.num_rows, 1), BATCH_ROWS):
                progress()
                writer.write(apply(table.slice(start, BATCH_ROWS), recipe, key, engine, report=progress))


def join(parts: Iterable[Path], target: Path, name: str, *, progress: Callable[[], None] = lambda: None) -> None:
    """Write the rows of several Parquet files, one after the other, into one; ``name`` is what errors call them.

    Raises AnonymizeContentError where they do not have the same columns of the same types.
    """
    with _Writer(target, name) as writer:
        for part in parts:
            for table in tables_of(part):
                progress()
                writer.write(table)


def tables_of(file: Path) -> Iterable[Any]:
    """Yield the rows of a Parquet file of ours in batches; one without rows gives an empty table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        if not opened.metadata.num_rows:
            yield opened.schema_arrow.empty_table()
        for batch in opened.iter_batches(batch_size=GROUP_ROWS, use_threads=False):
            yield pa.Table.from_batches([batch])


def count(files: Iterable[Path]) -> int:
    """Return how many rows Parquet files hold."""
    import pyarrow.parquet as pq

    return sum(int(pq.read_metadata(file).num_rows) for file in files)


def risk_of(files: Iterable[Path], schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the counts of ``privacy.risk`` over all rows, None for a schema without quasi-identifiers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from privacy.risk import confidential_of, measure

    quasi, confidential = list(schema.get("quasi_identifiers", ())), confidential_of(schema)
    if not quasi:
        return None
    rows = pa.concat_tables([pq.read_table(file, columns=[*quasi, *confidential]) for file in files])
    return measure(rows, quasi, confidential).document()


def sample(tables: Iterable[Any], rows: int) -> Any:
    """Return every so-manieth row as a table of at most SAMPLE_ROWS; ``rows`` says how many come in all."""
    import pyarrow as pa

    every, done, found = max(-(-rows // SAMPLE_ROWS), 1), 0, []
    for table in tables:
        found.append(table.take(pa.array(range(-done % every, table.num_rows, every), pa.int64())))
        done += table.num_rows
    return pa.concat_tables(found)


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


class _Writer:
    """Writes tables of one schema, that of the first, into a Parquet file, which is on the disk at the end."""

    def __init__(self, target: Path, name: str) -> None:
        self.target, self.name = target, name
        self.writer: Any = None

    def __enter__(self) -> Self:
        return self

    def write(self, table: Any) -> None:
        import pyarrow.parquet as pq

        if self.writer is None:
            self.writer = pq.ParquetWriter(self.target, table.schema)
        if not table.schema.equals(self.writer.schema):
            raise AnonymizeContentError(
                f"{self.name}: the columns or their types change from one part of the rows to another; give the data "
                "one schema (Parquet) and register it anew."
            )
        self.writer.write_table(table)

    def __exit__(self, *_raised: object) -> None:
        if self.writer is not None:
            self.writer.close()
            with self.target.open("rb") as file:
                os.fsync(file.fileno())
