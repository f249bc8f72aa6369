"""The report of a scan: the "pii" document of all that was gathered, with distributions and masked texts to show."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from privacy.chunks.cut import Chunk
from privacy.chunks.distributions import distribution
from privacy.chunks.gather import Gathered
from privacy.chunks.highlights import highlights
from privacy.chunks.read import read_chunk
from privacy.models import PartitionScan
from privacy.partitions import File, engine_identity, opened
from privacy.scan.columns import CONTAINS
from privacy.scan.read_error import DatasetReadError
from registry.models import DatasetVersion


def report_of(whole: Gathered, dataset_version: DatasetVersion, files: Sequence[File], engine: Any) -> dict[str, Any]:
    """Return the document; raises DatasetReadError when no file holds a row."""
    if not whole.part.rows:
        raise DatasetReadError("no_rows", f"{files[0].name}: the data holds {len(whole.types)} columns and no rows.")
    document = whole.document(dataset_version.schema, engine=engine, dataset=dataset_version.digest)
    columns = {one["name"]: one for one in document["columns"]}
    wanted = {name: one for name, one in columns.items() if one["verdict"] == CONTAINS}
    for place, table in enumerate(_firsts(files, engine, wanted)):
        for name in table.column_names if place == 0 else ():
            columns[name]["distribution"] = distribution(table[name])
        for name in sorted(set(wanted) & set(table.column_names)):
            shown = highlights(table[name], name, wanted[name]["entities"], engine)
            if shown:
                wanted.pop(name)["highlights"] = shown
    return document


def _firsts(files: Sequence[File], engine: Any, wanted: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the first rows of the first file, and of the next ones for as long as something is wanted."""
    for place, file in enumerate(files[:3]):
        if place and not wanted:
            return
        row = PartitionScan.objects.get(content=file.content, engine=engine_identity(engine.fingerprint))
        first = row.chunks.defer("result").order_by("number").first()
        if first is not None:
            chunk = Chunk(first.start, first.end, first.first_line, first.weight)
            yield from islice(read_chunk(opened(file), chunk, row.head, encoded=True), 1)
