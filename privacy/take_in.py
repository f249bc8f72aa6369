"""Use case: register a dataset version from files that lie on this machine: a folder of partitions, or what DVC tracks.

Every file is read to its end first, in chunks, so that what cannot be read is refused with its place; then the bytes
are kept as they are, and what changed meanwhile is refused.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from privacy.chunks.cut import cut
from privacy.chunks.opening import MEDIA_TYPES, Source, check_unchanged, source
from privacy.chunks.read import read_chunk
from privacy.scan.read_error import DatasetReadError
from registry.artifacts import keep_file, keep_files
from registry.models import Actor, Artifact, DatasetVersion, Project, Run, RunKind
from registry.register.datasets import check_schema, record_dataset_version
from registry.run import Lease, start
from registry.sources.dvc import has_md5, tracked_by_dvc
from registry.sources.folders import Located, SourceError, allowed, in_folder

TAKE_IN = "privacy.tasks.take_in"
ENOUGH = 1000
_MEDIA = {format_: media for media, format_ in MEDIA_TYPES.items()}


def start_taking_in(
    *, project: Project, name: str, schema: Mapping[str, Any], place: Mapping[str, str], actor: Actor
) -> Run:
    """Queue the registration; its result holds the id of the ``dataset_version``.

    ``place`` is {"folder": path of a folder or file} or {"repository", "path", "revision"} of what DVC tracks. Raises
    SourceError for what lies outside the folders that may be read.
    """
    allowed(place["folder"] if "folder" in place else place["repository"])
    return start(
        kind=RunKind.REGISTER,
        task=TAKE_IN,
        project=project,
        subject=f"project:{project.pk}",
        actor=actor,
        arguments={"name": name, "schema": dict(schema), "place": dict(place)},
    )


def take_in(run: Run, lease: Lease) -> dict[str, Any]:
    """Do the work of a REGISTER run. Raises SourceError, DatasetReadError, DatasetRegistrationError."""
    schema, located = run.arguments["schema"], locate(run.arguments["place"])
    read = _Reading(str(schema.get("target", "")), lease)
    sources = [read.file(_verified(located, name)) for name in located.files]
    read.check(schema)
    content = _kept(located, sources[0])
    for one in sources:
        check_unchanged(one)
    return {"dataset_version": str(_recorded(run, lease, content, read.rows, located).pk)}


def locate(place: Mapping[str, str]) -> Located:
    """Return the files that are meant; raises SourceError."""
    if "folder" in place:
        return in_folder(place["folder"])
    return tracked_by_dvc(place["repository"], place["path"], place.get("revision") or "HEAD")


def _verified(located: Located, name: str) -> Source:
    one = source(located.files[name], name)
    if located.md5 and not has_md5(one.place, located.md5[name], legacy=bool(located.origin.get("legacy"))):
        raise SourceError(f"{name}: the bytes do not have the MD5 under which DVC keeps them.", "source_damaged")
    return one


class _Reading:
    """What is learnt of files by reading them: rows, the columns that all of them have, labels of the target."""

    def __init__(self, target: str, lease: Lease) -> None:
        self.target, self.lease = target, lease
        self.rows = 0
        self.columns: list[str] = []
        self.labels: dict[str, None] = {}

    def file(self, one: Source) -> Source:
        """Read a file to its end."""
        found = cut(one, lambda: self._beat(one))
        for chunk in found.chunks:
            for table in read_chunk(one, chunk, found.head, encoded=True):
                self._table(one, table)
                self._beat(one)
        check_unchanged(one)
        return one

    def check(self, schema: Mapping[str, Any]) -> None:
        """Raise DatasetRegistrationError where the rows are not what the schema declares."""
        import pyarrow as pa

        labels: list[str | None] = list(self.labels) or [None] * bool(self.rows)
        check_schema(dict(schema), pa.table({self.target: pa.array(labels, pa.string())}), self.columns)

    def _table(self, one: Source, table: Any) -> None:
        self.columns = self.columns or list(table.column_names)
        odd = sorted(set(self.columns) ^ set(table.column_names))
        if odd:
            raise DatasetReadError(
                "columns_differ", f"{one.name}: the column {odd[0]!r} is in some of the files, not in all."
            )
        self.rows += table.num_rows
        if self.target in self.columns and len(self.labels) < ENOUGH:
            values = table.column(self.target).unique().to_pylist()
            self.labels.update(dict.fromkeys(str(value) for value in values if value is not None))

    def _beat(self, one: Source) -> None:
        self.lease.progress(0, f"reading {one.name}: {self.rows:,} rows so far")


def _kept(located: Located, first: Source) -> Artifact:
    if located.tree:
        return keep_files(located.files)
    [place] = located.files.values()
    return keep_file(place, _MEDIA[first.format])


def _recorded(run: Run, lease: Lease, content: Artifact, rows: int, located: Located) -> DatasetVersion:
    with transaction.atomic():
        lease.lock()
        return record_dataset_version(
            project=run.project,
            name=run.arguments["name"],
            content=content,
            rows=rows,
            schema=run.arguments["schema"],
            actor=Actor(principal=run.requested_by, role="task", auth="task"),
            source=dict(located.origin),
        )
