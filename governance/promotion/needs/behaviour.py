"""What checks need to know of a model's answers: predictions and attributions on the evaluation rows, by group."""

from collections.abc import Sequence
from typing import Any

from governance.promotion.subject import Subject, threshold_of
from monitoring.statistics.membership import group_values
from registry.artifacts import keep_document, keep_table, local_path, read_table
from registry.backends.base import BackendError
from registry.checks import Need
from registry.infer import infer_version
from registry.models import DatasetVersion, Inference, ModelVersion, VersionKind


class PredictionsError(BackendError):
    """Predictions that were handed in do not fit the evaluation rows."""


def labels_and_groups(source: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return ``row``, ``label`` (1 = the positive label), one ``group:<name>`` column per sensitive attribute and one
    ``control:<name>`` column per control feature.
    """
    import pyarrow as pa

    target = source.column(schema["target"]).to_pylist()
    columns: dict[str, Any] = {
        "row": pa.array(range(len(target)), pa.int64()),
        "label": pa.array(
            [None if value is None else int(str(value) == schema["positive"]) for value in target], pa.int8()
        ),
    }
    for prefix, declared in (("group", schema["sensitive"]), ("control", schema.get("controls", ()))):
        for attribute in declared:
            values = source.column(attribute["column"]).to_pylist()
            columns[f"{prefix}:{attribute['name']}"] = pa.array(group_values(values, attribute), pa.string())
    return columns


def predictions_table(source: Any, schema: dict[str, Any], scores: Sequence[float | None], threshold: float) -> Any:
    """Return the predictions table: labels, groups, scores, and ``prediction`` = score ≥ threshold."""
    import pyarrow as pa

    columns = labels_and_groups(source, schema)
    columns["score"] = pa.array(scores, pa.float64())
    columns["prediction"] = pa.array(
        [None if score is None else int(score >= threshold) for score in scores], pa.int8()
    )
    return pa.table(columns)


def _source(dataset_version: DatasetVersion) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(local_path(dataset_version.content_id))


def _infer(version: ModelVersion, dataset_version: DatasetVersion, progress: Any) -> Inference:
    return infer_version(
        version, data_digest=dataset_version.content_id, schema=dataset_version.schema, progress=progress
    )


def _predict(version: ModelVersion, threshold: float, dataset_version: DatasetVersion, progress: Any) -> str:
    source, schema = _source(dataset_version), dataset_version.schema
    if version.kind == VersionKind.PREDICTIONS:
        return str(keep_table(_handed_in(version, source, schema, threshold)).pk)
    scores = read_table(str(_infer(version, dataset_version, progress).scores_id)).column("score").to_pylist()
    return str(keep_table(predictions_table(source, schema, scores, threshold)).pk)


def _handed_in(version: ModelVersion, source: Any, schema: dict[str, Any], threshold: float) -> Any:
    import pyarrow as pa

    given = read_table(str(version.content_id))
    if given.num_rows != source.num_rows:
        raise PredictionsError(
            f"{given.num_rows} predictions were handed in for {source.num_rows} evaluation rows",
            code="predictions_rows",
        )
    scores = given.column("score") if "score" in given.column_names else pa.nulls(given.num_rows, pa.float64())
    if "prediction" not in given.column_names:
        return predictions_table(source, schema, scores.to_pylist(), threshold)
    columns = labels_and_groups(source, schema)
    columns["score"] = scores.cast(pa.float64())
    columns["prediction"] = given.column("prediction").cast(pa.int8())
    return pa.table(columns)


def predictions(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return the champion's predictions on the evaluation rows."""
    return _predict(subject.version, subject.threshold, subject.evaluation, progress)


def incumbent_predictions(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return the predictions of what is served now, on the same rows; None when nothing is."""
    if subject.incumbent is None or subject.incumbent.champion is None:
        return None
    threshold = threshold_of(subject.incumbent.document)
    return _predict(subject.incumbent.champion, threshold, subject.evaluation, progress)


def attributions(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return the champion's attributions with the groups of the rows they explain; None without a model."""
    if subject.version.kind == VersionKind.PREDICTIONS:
        return None
    found = _infer(subject.version, subject.evaluation, progress)
    if found.attributions_id is None:
        return None
    table = read_table(str(found.attributions_id))
    groups = labels_and_groups(_source(subject.evaluation), subject.evaluation.schema)
    rows = table.column("row").to_pylist()
    for name, values in groups.items():
        if name.startswith("group:"):
            table = table.append_column(name, values.take(rows))
    return str(keep_table(table).pk)


def attributions_meta(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return how the attributions were made; None without a model."""
    if subject.version.kind == VersionKind.PREDICTIONS:
        return None
    found = _infer(subject.version, subject.evaluation, progress)
    return str(keep_document(found.meta).pk) if found.attributions_id else None
