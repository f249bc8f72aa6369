"""What is gathered of a chunk, a partition, a whole dataset: merged in any order, kept as bytes, without a value."""

import base64
import json
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from privacy.scan.cells import type_name
from privacy.scan.distinct import Distinct
from privacy.scan.engine import Engine
from privacy.scan.groups import Alike, Cluster, ColumnPart, Group, Mark, Place, Seen
from privacy.scan.scan import TablePart, document, refuse_personal_names, scan_part

FORMAT = "1"  # part of a chunk's identity: raise it when it is kept in another form
SECONDS = 900.0
_HASHES = "Q"
_TWO = 2


@dataclass(slots=True)
class Gathered:
    """The parts of some rows, and the types under which each column was met, in the order of the columns."""

    part: TablePart = field(default_factory=TablePart)
    types: dict[str, list[str]] = field(default_factory=dict)

    def merge(self, other: "Gathered") -> None:
        """Add what was gathered of other rows."""
        self.part.merge(other.part)
        for name, types in other.types.items():
            self.types[name] = sorted({*self.types.get(name, ()), *types})

    @property
    def cells_found(self) -> int:
        """How many cells hold something that was found, before it is judged."""
        return sum(group.cells for column in self.part.columns.values() for group in column.groups.values())

    def document(self, schema: Mapping[str, Any], *, engine: Engine, dataset: str) -> dict[str, Any]:
        """Return the "pii" document of everything that was gathered."""
        return document(self.part, _Types(self.types), schema, engine=engine, dataset=dataset)


def gather(
    tables: Iterable[Any], *, engine: Engine, key: str, progress: Callable[[], None], seconds: float = SECONDS
) -> Gathered:
    """Scan the tables of one chunk; ``key`` keys the hashes that count different values.

    Raises ColumnNamePersonalError when a header is personal data, and whatever ``progress`` raises.
    """
    found = Gathered()
    known: set[str] = set()
    for table in tables:
        if new := [name for name in table.column_names if name not in known]:
            refuse_personal_names(new, engine)
            known.update(new)
        part = scan_part(
            table, engine=engine, dataset=key, seconds=seconds, progress=lambda _share, _message: progress()
        )
        types = {column.name: [type_name(column.type)] for column in table.schema}
        found.merge(Gathered(part, types))
    return found


class _Types:
    """The names and types of columns that may have been met under several."""

    def __init__(self, types: Mapping[str, list[str]]) -> None:
        self.types = types
        self.names = list(types)

    def field(self, name: str) -> Any:
        """Return something with a ``type``, as an Arrow schema does."""
        met = [one for one in self.types[name] if one != "null"] or ["null"]
        return SimpleNamespace(type=" or ".join(met))


def pack(found: Gathered) -> bytes:
    """Return the bytes that ``unpack`` reads."""
    marks: dict[Mark, int] = {}
    written = {
        "rows": found.part.rows,
        "problems": found.part.problems,
        "types": found.types,
        "columns": [_column(column, marks) for column in found.part.columns.values()],
    }
    written["marks"] = [
        [one.start, one.end, one.entity, one.score, one.validated, one.whole]
        for one in marks  # in order of number
    ]
    return zlib.compress(json.dumps(written).encode(), 1)


def unpack(data: bytes) -> Gathered:
    """Return what ``pack`` wrote."""
    written = json.loads(zlib.decompress(data))
    marks = [Mark(*one) for one in written["marks"]]
    columns = {one["name"]: _read_column(one, marks) for one in written["columns"]}
    return Gathered(TablePart(written["rows"], columns, written["problems"]), written["types"])


def _column(column: ColumnPart, marks: dict[Mark, int]) -> dict[str, Any]:
    groups = []
    for alike, group in column.groups.items():
        order: dict[Cluster, int] = {cluster: number for number, cluster in enumerate(alike.clusters)}
        seen = [
            [order.get(cluster, -1), index, _hashes(one.texts), list(one.previews)]
            for (cluster, index), one in group.seen.items()
        ]
        clusters = [[marks.setdefault(mark, len(marks)) for mark in cluster] for cluster in order]
        facts = [alike.code, alike.bare, alike.parted, alike.fitting, alike.length]
        groups.append([clusters, facts, group.cells, _hashes(group.values), seen])
    codes = sorted(column.codes.items())
    different = _smallest(column.different)
    return {"name": column.name, "cells": column.cells, "codes": codes, "different": different, "groups": groups}


def _read_column(written: Mapping[str, Any], marks: list[Mark]) -> ColumnPart:
    groups: dict[Alike, Group] = {}
    for numbers, facts, cells, values, seen in written["groups"]:
        clusters: list[Cluster] = [tuple(marks[number] for number in cluster) for cluster in numbers]
        places: dict[Place, Seen] = {
            (clusters[number] if number >= 0 else (), index): Seen(_distinct(texts), tuple(previews))
            for number, index, texts, previews in seen
        }
        groups[Alike(frozenset(clusters), *facts)] = Group(cells, _distinct(values), places)
    return ColumnPart(
        name=written["name"],
        cells=written["cells"],
        codes=Counter(dict(map(tuple, written["codes"]))),
        different=Distinct(written["different"], _TWO),
        groups=groups,
    )


def _hashes(distinct: Distinct) -> str:
    return base64.b64encode(array(_HASHES, _smallest(distinct)).tobytes()).decode()


def _smallest(distinct: Distinct) -> list[int]:
    """Return hashes that, begun with again, give the same count."""
    return sorted(distinct.hashes)[: distinct.limit + 1]


def _distinct(text: str) -> Distinct:
    found = array(_HASHES)
    found.frombytes(base64.b64decode(text))
    return Distinct(found)
