"""What checks need to know of a model's answers: predictions and attributions on the evaluation rows, by group."""

from typing import Any

from governance.promotion.needs.tables import attributions_table, handed_in_table, predictions_table
from governance.promotion.subject import Subject, threshold_of
from registry.artifacts import keep_document, keep_table, local_path, read_table
from registry.checks import Need
from registry.infer import infer_version
from registry.models import DatasetVersion, Inference, ModelVersion, VersionKind


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
        return str(keep_table(handed_in_table(read_table(str(version.content_id)), source, schema, threshold)).pk)
    scores = read_table(str(_infer(version, dataset_version, progress).scores_id)).column("score").to_pylist()
    return str(keep_table(predictions_table(source, schema, scores, threshold)).pk)


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
    table = attributions_table(
        read_table(str(found.attributions_id)), _source(subject.evaluation), subject.evaluation.schema
    )
    return str(keep_table(table).pk)


def attributions_meta(subject: Subject, _need: Need, progress: Any) -> str | None:
    """Return how the attributions were made; None without a model."""
    if subject.version.kind == VersionKind.PREDICTIONS:
        return None
    found = _infer(subject.version, subject.evaluation, progress)
    return str(keep_document(found.meta).pk) if found.attributions_id else None
