"""What is measured locally: the rows of a file with its answers, the rows that were learned from, a model's folder."""

import hashlib
import io
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from governance.local_check.errors import NothingToMeasureError
from governance.management.trial.answers import check_columns, plain, read_target
from governance.management.trial.prepare import Prepared, prepare
from governance.management.trial.question import Question
from registry.canonical import decimal_string, digest

DEFAULT_THRESHOLD = Decimal("0.5")


@dataclass(frozen=True)
class Rows:
    """A table with its schema; its digest is that of a dataset version of the same rows."""

    table: Any
    schema: dict[str, Any]

    @cached_property
    def parquet(self) -> bytes:
        """The rows as the bytes of a Parquet file."""
        import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(self.table, sink)
        return sink.getvalue()

    @cached_property
    def digest(self) -> str:
        """H(content digest, schema)."""
        return digest({"content": hashlib.sha256(self.parquet).hexdigest(), "schema": self.schema})


@dataclass(frozen=True)
class Subject:
    """One local check; ``answers`` is the table of handed-in predictions, or None where a model answers."""

    evaluation: Rows
    trained_on: Rows | None
    answers: Any
    model: Path | None
    features: tuple[str, ...]
    threshold: Decimal
    prepared: Prepared = field(repr=False)

    def rows(self, role: str) -> Rows | None:
        """Return the rows of a role: the evaluation's, or those that were learned from."""
        return self.evaluation if role in {"", "evaluate"} else self.trained_on

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What a release of this version would be: its digest gives the checks their seeds."""
        return {
            "environment": "local",
            "model": "local",
            "members": [{"version": self.version, "role": "champion", "share": "1"}],
            "rule": {"threshold": decimal_string(float(self.threshold))},
            "serving": {"backend": "", "image": None, "parameters": {}},
            "evaluation_set": self.evaluation.digest,
            "intended_use": "",
            "incumbent": None,
        }

    @cached_property
    def version(self) -> str:
        """The digest of the model's files, or of the predictions."""
        if self.model is not None:
            from registry.backends.trees import tree_entries

            return digest(tree_entries(self.model))
        return hashlib.sha256(arrow_bytes(self.answers)).hexdigest()


def arrow_bytes(table: Any) -> bytes:
    """Return a table as the bytes of an Arrow file."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_subject(question: Question, *, train: Path | None, model: Path | None, threshold: Decimal | None) -> Subject:
    """Read and check the files; raises LocalCheckError, TrialError or DatasetReadError."""
    if bool(model) is question.handed_in:
        raise NothingToMeasureError("Name one source of answers: --predictions, --score, or --model with a folder.")
    if model is not None and not model.is_dir():
        raise NothingToMeasureError(f"--model is {str(model)!r}, which is no folder.")
    prepared = prepare(question)
    schema = prepared.schema
    return Subject(
        evaluation=Rows(prepared.table, schema),
        trained_on=None if train is None else Rows(_trained(train, question), schema),
        answers=prepared.answers,
        model=model,
        features=tuple(name for name, _ in prepared.columns.features),
        threshold=threshold or DEFAULT_THRESHOLD,
        prepared=prepared,
    )


def _trained(file: Path, question: Question) -> Any:
    """Return the rows that were learned from, with the target as labels."""
    from dataclasses import replace

    import pyarrow as pa

    from privacy.scan.read import read_table

    plainer = replace(question, predictions="", score="", threshold=None, ignore=(), control=())
    table = plain(read_table(file, typed=True, lenient=True))
    check_columns(table, plainer)
    place = table.column_names.index(question.target)
    return table.set_column(place, question.target, pa.array(read_target(table, plainer), pa.string()))
