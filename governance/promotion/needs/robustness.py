"""What a check needs to know of a model under wrong input: its answers to changed copies of evaluation rows."""

import tempfile
from pathlib import Path
from typing import Any

from governance.promotion.subject import Subject
from monitoring.statistics.perturbing import NOISE, Perturbed, perturb
from monitoring.statistics.ranges import RangeError, declared_ranges
from registry.artifacts import keep_table, read_table
from registry.backends.base import BackendError
from registry.checks import Need
from registry.infer import answer_file, infer_version
from registry.models import VersionKind

COLUMNS = ("row", "feature", "score", "base_score", "prediction", "base_prediction")


class SchemaRangeError(BackendError):
    """The schema of the evaluation rows declares ranges that cannot be read."""


def perturbed(subject: Subject, need: Need, progress: Any) -> str | None:
    """Return the answers to rows with one kind of mistake (the need's role, with the noise's scale behind it); a table
    that says why where the model failed. The changed rows themselves are not kept. None for a version without a model.
    """
    version, evaluation = subject.version, subject.evaluation
    if version.kind != VersionKind.TREE:
        return None
    kind, _, scale = need.role.partition(" ")
    source = read_table(str(evaluation.content_id))
    try:
        ranges = declared_ranges(evaluation.schema)
    except RangeError as error:
        raise SchemaRangeError(str(error), code=error.code) from error
    seed = int(str(evaluation.content_id)[:8], 16)
    made = perturb(source, version.features, ranges, kind, scale=float(scale) if kind == NOISE else 0.0, seed=seed)
    if made is None:
        return _kept_reason("The model takes no feature that can be wrong in this way.", applies=False)
    asked = infer_version(version, data_digest=evaluation.content_id, schema=evaluation.schema, progress=progress)
    base = read_table(str(asked.scores_id)).column("score").to_numpy()[made.rows]
    try:
        scores = _answers(subject, made, progress)
    except BackendError as error:
        if error.retriable:
            raise
        return _kept_reason(f"The model has no answer to such input: {str(error).rstrip('.')}.", applies=True)
    return _kept(made, scores, base, subject.threshold)


def _answers(subject: Subject, made: Perturbed, progress: Any) -> Any:
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(prefix="probity-perturbed-") as folder:
        place = Path(folder) / "rows.parquet"
        pq.write_table(made.table, place)
        answer = answer_file(
            subject.version, place, schema=subject.evaluation.schema, want=("predictions",), progress=progress
        )
    return answer.to_numpy()


def _kept(made: Perturbed, scores: Any, base: Any, threshold: float) -> str:
    import pyarrow as pa

    columns = (made.rows, made.features, scores, base, scores >= threshold, base >= threshold)
    return str(keep_table(pa.table(dict(zip(COLUMNS, columns, strict=True)))).pk)


def _kept_reason(reason: str, *, applies: bool) -> str:
    import pyarrow as pa

    table = pa.table({name: pa.array([], pa.float64()) for name in COLUMNS})
    return str(keep_table(table.replace_schema_metadata({"error": reason, "applies": "yes" if applies else "no"})).pk)
